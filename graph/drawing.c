#include "drawing.h"

#include <string.h>

#include "list.h"
#include "utf8.h"
#include "words.h"

#define LONG_CHAIN 14 /* steps of a longer one are folded */
#define KEPT_STEPS 6  /* at each end */

void drawing_deinit(struct drawing *drawing)
{
	for (uint32_t i = 0; i < drawing->nodes; i++) {
		free(drawing->node[i].title);
		free(drawing->node[i].detail);
	}
	for (uint32_t i = 0; i < drawing->edges; i++)
		free(drawing->edge[i].label);
	for (uint32_t i = 0; i < drawing->panels; i++)
		free(drawing->panel[i]);
	free(drawing->node);
	free(drawing->edge);
	free(drawing->panel);
	free(drawing->caption);
	memset(drawing, 0, sizeof(*drawing));
}

uint32_t drawing_panel(struct drawing *drawing, char *title)
{
	char **panel = title ? list_add(&drawing->panel, &drawing->panels) : NULL;

	if (!panel) {
		drawing->no_memory = true;
		free(title);
		return 0;
	}
	*panel = title;
	return drawing->panels - 1;
}

uint32_t drawing_node(struct drawing *drawing, uint32_t panel, enum node_role role, char *title,
		      char *detail)
{
	struct drawn_node *node =
		title && detail ? list_add(&drawing->node, &drawing->nodes) : NULL;

	if (!node) {
		drawing->no_memory = true;
		free(title);
		free(detail);
		return 0;
	}
	*node = (struct drawn_node){role, panel, HGS_NONE, title, detail};
	return drawing->nodes - 1;
}

void drawing_edge(struct drawing *drawing, uint32_t from, uint32_t to, enum edge_role role,
		  char *label)
{
	struct drawn_edge *edge;

	for (uint32_t i = 0; i < drawing->edges && label; i++) {
		edge = &drawing->edge[i];
		if (edge->from == from && edge->to == to && !strcmp(edge->label, label)) {
			if (role > edge->role)
				edge->role = role;
			free(label);
			return;
		}
	}
	edge = label ? list_add(&drawing->edge, &drawing->edges) : NULL;
	if (!edge) {
		drawing->no_memory = true;
		free(label);
		return;
	}
	*edge = (struct drawn_edge){from, to, role, label};
}

uint32_t drawing_find(const struct drawing *drawing, uint32_t panel, uint32_t object)
{
	for (uint32_t i = 0; i < drawing->nodes; i++)
		if (drawing->node[i].object == object && drawing->node[i].panel == panel)
			return i;
	return DRAWING_NONE;
}

static bool is_owner(const struct answer *answer, uint32_t object)
{
	for (uint32_t i = 0; i < answer->num_holders; i++)
		if (answer->holders[i].fact->object == object &&
		    answer->holders[i].fact->kind == HGS_HOLDER_HANDLE)
			return true;
	return false;
}

enum node_role drawing_role_of(const struct answer *answer, uint32_t object)
{
	if (is_owner(answer, object))
		return NODE_OWNER;
	if (answer->s->flags[object] & (HGS_OBJ_MODULE | HGS_OBJ_PSEUDO) ||
	    (answer->reach->state[object] == REACH_ROOT &&
	     answer->reach->parent_edge[object] == UINT64_MAX))
		return NODE_ROOT;
	return NODE_PLAIN;
}

void drawing_add_detail(struct drawing *drawing, uint32_t node, const char *text)
{
	struct drawn_node *drawn = &drawing->node[node];
	char *detail;

	if (drawing->no_memory)
		return;
	if (asprintf(&detail, "%s%s%s", drawn->detail, *drawn->detail ? "\n" : "", text) < 0) {
		drawing->no_memory = true;
		return;
	}
	free(drawn->detail);
	drawn->detail = detail;
}

static char *address_text(const struct snapshot *s, uint32_t object)
{
	char *ret;

	if (s->flags[object] & HGS_OBJ_PSEUDO)
		return strdup("");
	return asprintf(&ret, "0x%llx", (unsigned long long)s->addr[object]) < 0 ? NULL : ret;
}

uint32_t drawing_object(struct drawing *drawing, const struct answer *answer, uint32_t panel,
			uint32_t object, enum node_role role)
{
	bool address = role == NODE_OWNER || role == NODE_SUBJECT;
	uint32_t node = drawing_find(drawing, panel, object);
	struct drawn_node *found;

	if (node == DRAWING_NONE) {
		node = drawing_node(drawing, panel, role,
				    root_or_object_words(answer->s, answer->reach->root[object],
							 object),
				    address ? address_text(answer->s, object) : strdup(""));
		if (drawing->no_memory)
			return node;
		drawing->node[node].object = object;
		drawing->objects++;
		return node;
	}
	found = &drawing->node[node];
	if (role > found->role) {
		found->role = role;
		if (address && !*found->detail) {
			free(found->detail);
			found->detail = address_text(answer->s, object);
			drawing->no_memory |= !found->detail;
		}
	}
	return node;
}

/* "cut here" and what to write there, below the edge's own name. */
static char *cut_label(const char *edge, const char *advice)
{
	_cleanup_free_ char *name = text_escape(edge, true);
	_cleanup_free_ char *safe = text_escape(advice ? advice : "", true);
	char *ret;

	if (!name || !safe)
		return NULL;
	return asprintf(&ret, "%s\nCUT HERE%s%s", name, *safe ? "\n" : "", safe) < 0 ? NULL : ret;
}

struct line {
	const struct steps *steps;
	uint32_t first;
	uint32_t panel;
	bool ring;
	const char *advice;
};

static void connect_step(struct drawing *drawing, const struct line *line, uint32_t before,
			 uint32_t node, const struct step *step)
{
	if (step->cut)
		drawing_edge(drawing, before, node, EDGE_CUT, cut_label(step->edge, line->advice));
	else
		drawing_edge(drawing, before, node, line->ring ? EDGE_RING : EDGE_PLAIN,
			     text_escape(step->edge, true));
}

static uint32_t fold_node(struct drawing *drawing, uint32_t panel, uint32_t steps)
{
	char *title;

	if (asprintf(&title, "%u more steps", steps) < 0)
		title = NULL;
	return drawing_node(drawing, panel, NODE_MORE, title, strdup(""));
}

static void draw_line(struct drawing *drawing, const struct answer *answer,
		      const struct line *line, bool rooted)
{
	uint32_t count = line->steps->count, before = DRAWING_NONE;
	uint32_t fold = line->first + KEPT_STEPS, after = count - KEPT_STEPS;
	bool folds = count - line->first > LONG_CHAIN;

	for (uint32_t i = line->first; i < count && !drawing->no_memory; i++) {
		const struct step *step = &line->steps->step[i];
		enum node_role role = line->ring ? NODE_RING : NODE_PLAIN;
		uint32_t node;

		if (folds && i >= fold && i < after && !step->cut) {
			uint32_t end = i;

			while (end < after && !line->steps->step[end].cut)
				end++;
			node = fold_node(drawing, line->panel, end - i);
			drawing_edge(drawing, before, node, EDGE_MORE, text_escape(step->edge, true));
			before = node;
			i = end - 1;
			continue;
		}
		if (i == line->first && rooted)
			role = NODE_ROOT;
		node = drawing_object(drawing, answer, line->panel, step->object, role);
		if (before != DRAWING_NONE)
			connect_step(drawing, line, before, node, step);
		before = node;
	}
}

struct hg_error *drawing_chain(struct drawing *drawing, const struct answer *answer,
			       uint32_t panel, const struct chain *chain)
{
	_cleanup_steps_ struct steps steps = {0};
	struct line line = {.steps = &steps, .panel = panel};
	struct hg_error *error = steps_create(answer->s, chain, 0, false, &steps);
	/* A tail of a ring has no root of its own: it starts at a node that is there. */
	bool rooted = chain->steps && answer->reach->parent_edge[chain->object[0]] == UINT64_MAX;

	if (error)
		return error;
	line.first = steps_first(answer->s, chain, &steps);
	draw_line(drawing, answer, &line, rooted && answer->reach->state[chain->object[0]] &&
						  answer->reach->state[chain->object[0]] !=
							  REACH_FROZEN);
	return drawing->no_memory ? &hg_error_no_memory : NULL;
}

struct hg_error *drawing_ring(struct drawing *drawing, const struct answer *answer,
			      uint32_t panel, const struct chain *ring, uint32_t cut,
			      const char *advice)
{
	_cleanup_steps_ struct steps steps = {0};
	struct line line = {.steps = &steps, .panel = panel, .ring = true, .advice = advice};
	struct hg_error *error = steps_create(answer->s, ring, cut, true, &steps);

	if (error)
		return error;
	draw_line(drawing, answer, &line, false);
	return drawing->no_memory ? &hg_error_no_memory : NULL;
}

uint32_t drawing_library(struct drawing *drawing, const struct answer *answer, uint32_t panel,
			 uint32_t index, const char *gone)
{
	const struct library *library = index == HGS_NONE ? NULL : &answer->libraries[index];
	enum node_role role = library ? NODE_LIBRARY : NODE_GONE;
	_cleanup_free_ char *name = text_escape(library ? library->name : base_name(gone), true);
	char opens[32] = "opens unknown", *detail;

	drawing->no_memory |= !name;
	if (!name)
		return 0;
	for (uint32_t i = 0; i < drawing->nodes; i++)
		if (drawing->node[i].panel == panel && drawing->node[i].role == role &&
		    !strcmp(drawing->node[i].title, name))
			return i;
	if (!library)
		return drawing_node(drawing, panel, role, take_ptr(name), strdup("no longer loaded"));
	if (library->opens >= 0)
		snprintf(opens, sizeof(opens), "%lld open%s", (long long)library->opens,
			 plural((uint64_t)library->opens));
	if (asprintf(&detail, "%s, %u owner%s", opens, library->owners,
		     plural(library->owners)) < 0)
		detail = NULL;
	return drawing_node(drawing, panel, role, take_ptr(name), detail);
}
