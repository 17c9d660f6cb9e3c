/* The picture of `handles`: each library that the application opened with those who hold it, and
 * what keeps each of these; holders of libraries that are gone first. Owners that look alike (one
 * type, one state, kept from one place) are one node with their count. */
#include <string.h>

#include "drawing.h"
#include "utf8.h"
#include "words.h"

struct group {
	const struct holder *holder; /* the example: the first */
	uint32_t keeper;	     /* head of its chain, or HGS_NONE */
	uint64_t count;
};

struct groups {
	const struct answer *answer;
	struct group *group; /* [holders] */
	uint32_t count;
};

/* The module or root where the holder's chain begins. */
static struct hg_error *keeper_head(const struct snapshot *s, const struct holder *holder,
				    uint32_t *ret)
{
	_cleanup_steps_ struct steps steps = {0};
	struct hg_error *error = steps_create(s, &holder->chain, 0, false, &steps);

	if (!error)
		*ret = steps.count ? steps.step[steps_first(s, &holder->chain, &steps)].object
				   : HGS_NONE;
	return error;
}

static bool alike(const struct snapshot *s, const struct holder *a, const struct holder *b)
{
	return a->library == b->library && a->state == b->state && a->fact->kind == b->fact->kind &&
	       s->type[a->fact->object] == s->type[b->fact->object] &&
	       !strcmp(snapshot_string(s, a->fact->names), snapshot_string(s, b->fact->names));
}

static struct hg_error *take(struct groups *groups, const struct holder *holder)
{
	const struct snapshot *s = groups->answer->s;
	uint32_t keeper;
	struct hg_error *error = keeper_head(s, holder, &keeper);

	if (error)
		return error;
	for (uint32_t i = 0; i < groups->count; i++)
		if (groups->group[i].keeper == keeper &&
		    alike(s, groups->group[i].holder, holder)) {
			groups->group[i].count++;
			return NULL;
		}
	groups->group[groups->count++] = (struct group){holder, keeper, 1};
	return NULL;
}

/* The library that the object names is no longer loaded. */
static bool is_gone(const struct holder *holder)
{
	return holder->state == HOLDER_DANGLING || holder->state == HOLDER_ALIASED ||
	       (holder->library == HGS_NONE && holder->fact->kind == HGS_HOLDER_HANDLE);
}

/* Functions of a library that has an owner hang on the owner, and say nothing more. */
static bool is_shown(const struct answer *answer, const struct holder *holder)
{
	const struct library *library;

	if (is_gone(holder) || holder->library == HGS_NONE)
		return is_gone(holder);
	library = &answer->libraries[holder->library];
	return strcmp(library->loaded_by, "dlopen") == 0 &&
	       (holder->fact->kind != HGS_HOLDER_FUNCTION || !library->owners);
}

static struct hg_error *take_all(struct groups *groups)
{
	const struct answer *answer = groups->answer;
	struct hg_error *error = NULL;

	for (int gone = 1; gone >= 0; gone--)
		for (uint32_t i = 0; i < answer->num_holders && !error; i++) {
			const struct holder *holder = &answer->holders[i];

			if (is_gone(holder) == gone && is_shown(answer, holder))
				error = take(groups, holder);
		}
	return error;
}

/* "5 × ctypes.CDLL" */
static void set_count(struct drawing *drawing, uint32_t node, uint64_t count)
{
	struct drawn_node *drawn = &drawing->node[node];
	char figure[WORD_SIZE], *title;

	if (count < 2 || drawing->no_memory)
		return;
	if (asprintf(&title, "%s \xc3\x97 %s", count_words(count, figure), drawn->title) < 0) {
		drawing->no_memory = true;
		return;
	}
	free(drawn->title);
	drawn->title = title;
	drawn->detail[0] = '\0'; /* the address of one of them */
}

/* What keeps the group, at the left: the head of the chain, its path as the edge's words. */
static void add_keeper(struct drawing *drawing, const struct answer *answer, uint32_t panel,
		       uint32_t owner, const struct group *group)
{
	const struct holder *holder = group->holder;
	_cleanup_free_ char *path = holder->path ? text_escape(holder->path, true) : NULL;
	uint32_t from;
	char *label;

	if (group->keeper == HGS_NONE) {
		from = drawing_node(drawing, panel, NODE_REMARK,
				    strdup(holder->state == HOLDER_GARBAGE ? "garbage: no root reaches it"
								 : "no root reaches it"),
				    strdup(""));
		drawing_edge(drawing, from, owner, EDGE_MORE, strdup("nothing"));
		return;
	}
	from = drawing_object(drawing, answer, panel, group->keeper, NODE_ROOT);
	if (asprintf(&label, "%s%s", group->count > 1 ? "like " : "", path ? path : "keeps") < 0)
		label = NULL;
	if (from == owner)
		free(label);
	else
		drawing_edge(drawing, from, owner, EDGE_PLAIN, label);
}

static void add_group(struct drawing *drawing, const struct answer *answer, uint32_t panel,
		      const struct group *group)
{
	const struct holder *holder = group->holder;
	const char *names = snapshot_string(answer->s, holder->fact->names);
	uint32_t owner, library;

	owner = drawing_object(drawing, answer, panel, holder->fact->object, NODE_OWNER);
	set_count(drawing, owner, group->count);
	add_keeper(drawing, answer, panel, owner, group);
	library = drawing_library(drawing, answer, panel, holder->library,
				  *names ? names : "unknown library");
	drawing_edge(drawing, owner, library, EDGE_HANDLE,
		     strdup(holder_kind_name(holder->fact->kind)));
}

/* Libraries that somebody opened and nobody holds. */
static void add_unheld(struct drawing *drawing, const struct answer *answer, uint32_t panel)
{
	for (uint32_t i = 0; i < answer->num_libraries; i++)
		if (!strcmp(answer->libraries[i].loaded_by, "dlopen") &&
		    !answer->libraries[i].num_holders && drawing->nodes < drawing->max_nodes)
			drawing_library(drawing, answer, panel, i, NULL);
}

struct hg_error *select_handles(struct drawing *drawing, const struct answer *answer)
{
	_cleanup_free_ struct group *group = calloc(answer->num_holders + 1ul, sizeof(*group));
	struct groups groups = {.answer = answer, .group = group};
	struct hg_error *error;
	uint32_t panel = drawing_panel(drawing, strdup("")), i;

	if (!group)
		return &hg_error_no_memory;
	error = take_all(&groups);
	if (error)
		return error;
	drawing->sideways = true;
	for (i = 0; i < groups.count && drawing->nodes + 3 <= drawing->max_nodes; i++)
		add_group(drawing, answer, panel, &groups.group[i]);
	add_unheld(drawing, answer, panel);
	if (!drawing->nodes)
		drawing_node(drawing, panel, NODE_REMARK,
			     strdup("no library was opened by dlopen"), strdup(""));
	if (asprintf(&drawing->caption, "Who holds the libraries that the application opened; kinds "
					"of holders drawn: %u of %u", i, groups.count) < 0) {
		drawing->caption = NULL;
		drawing->no_memory = true;
	}
	return drawing->no_memory ? &hg_error_no_memory : NULL;
}
