#include "retained.h"

#include "answer_parts.h"
#include "list.h"
#include "modules.h"

#define PART 100 /* a row's share of what the top retains, at least one in so many */

static bool stays(const struct answer *answer, uint32_t i)
{
	const struct reach *reach = answer->reach;
	uint32_t flags = answer->s->flags[i];

	if (unreached(answer, i))
		return false;
	/* gc's rule may hold an object by a reference from one that gc does not track and that
	 * nothing reaches: the search of reach.c began there. */
	return reach->parent[i] == HGS_NONE || reach->surplus[i] ||
	       (flags & (HGS_OBJ_IMMORTAL | HGS_OBJ_PSEUDO)) == HGS_OBJ_IMMORTAL;
}

static enum dominators_part part_of(const struct answer *answer, uint32_t i)
{
	const struct snapshot *s = answer->s;
	uint32_t parent = answer->reach->parent[i];

	if (s->flags[i] & HGS_OBJ_OBSERVER)
		return DOMINATORS_OUT;
	if (stays(answer, i))
		return DOMINATORS_ROOT;
	if (parent == HGS_NONE || !(s->flags[parent] & HGS_OBJ_OBSERVER))
		return DOMINATORS_OBJECT;
	return snapshot_observes(s, parent, s->name[answer->reach->parent_edge[i]]) ? DOMINATORS_LATE
										    : DOMINATORS_ROOT;
}

struct hg_error *retained_roots(const struct answer *answer, uint8_t **ret)
{
	const struct snapshot *s = answer->s;
	uint8_t *is_root = calloc(s->n + 1ul, 1);

	if (!is_root)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < s->n; i++)
		is_root[i] = (uint8_t)part_of(answer, i);
	for (uint32_t i = 0; i < s->num_roots; i++)
		if (is_root[s->roots[i].object] != DOMINATORS_OUT)
			is_root[s->roots[i].object] = DOMINATORS_ROOT;
	*ret = is_root;
	return NULL;
}

struct hg_error *retained_dominators(const struct answer *answer, struct dominators **ret)
{
	_cleanup_free_ uint8_t *is_root = NULL;
	struct hg_error *error = retained_roots(answer, &is_root);

	return error ? error : dominators_create(answer->graph, is_root, ret);
}

struct retained_heap retained_heap(const struct snapshot *s, const struct dominators *d)
{
	struct retained_heap heap = {.live = d->reached, .live_bytes = d->retained[d->n]};

	for (uint32_t i = 0; i < s->n; i++) {
		bool garbage = d->parent[i] == HGS_NONE && !(s->flags[i] & HGS_OBJ_OBSERVER);
		bool shared = d->parent[i] == d->n;

		heap.shared += shared;
		heap.shared_bytes += shared ? s->size[i] : 0;
		heap.garbage += garbage;
		heap.garbage_bytes += garbage ? s->size[i] : 0;
	}
	return heap;
}

/* The children of one dominator: those with a row, and the sums of the others. */
struct level {
	uint32_t *child;
	size_t count, next;
	struct retained_row rest;
};

struct tree {
	const struct snapshot *s;
	const struct dominators *d;
	uint64_t least; /* bytes */
	uint32_t limit;
	struct level *level;
	uint32_t depth, open;
	struct retained_row *row;
	size_t rows;
};

static void tree_deinit(struct tree *tree)
{
	while (tree->open)
		free(tree->level[--tree->open].child);
	free(tree->level);
	free(tree->row);
}

static bool put_row(struct tree *tree, struct retained_row row)
{
	struct retained_row *added = list_add(&tree->row, &tree->rows);

	if (added)
		*added = row;
	return added;
}

static void add_rest(struct tree *tree, struct retained_row *rest, uint32_t object)
{
	uint32_t type = tree->s->type[object];

	rest->type = rest->count && rest->type != type ? HGS_NONE : type;
	rest->count++;
	rest->objects += tree->d->objects[object];
	rest->bytes += tree->d->retained[object];
}

/* Takes the children of `parent`, and instead of `folded` among them, its children. */
static bool take_children(struct tree *tree, struct level *level, uint32_t parent, uint32_t folded)
{
	const struct dominators *d = tree->d;
	uint32_t child = d->first_child[parent];

	for (; child != HGS_NONE; child = d->next_sibling[child]) {
		uint32_t *added;

		if (child == folded) {
			if (!take_children(tree, level, folded, HGS_NONE))
				return false;
		} else if (tree->limit && d->retained[child] < tree->least) {
			add_rest(tree, &level->rest, child);
		} else {
			added = list_add(&level->child, &level->count);
			if (!added)
				return false;
			*added = child;
		}
	}
	return true;
}

static int by_retained(const void *a, const void *b, void *context)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const uint64_t *retained = context;

	if (retained[x] != retained[y])
		return retained[x] < retained[y] ? 1 : -1;
	return (x > y) - (x < y);
}

static bool open_level(struct tree *tree, uint32_t object)
{
	struct level *level = &tree->level[tree->open];
	uint32_t folded = object < tree->s->n ? attribute_dict(tree->s, object) : HGS_NONE;

	*level = (struct level){
		.rest = {.object = HGS_NONE, .depth = tree->open, .type = HGS_NONE}};
	tree->open++;
	if (!take_children(tree, level, object, folded))
		return false;
	if (level->count)
		qsort_r(level->child, level->count, sizeof(*level->child), by_retained,
			tree->d->retained);
	while (tree->limit && level->count > tree->limit)
		add_rest(tree, &level->rest, level->child[--level->count]);
	return true;
}

/* The next row of the innermost level, and the level below it. */
static bool advance(struct tree *tree)
{
	struct level *level = &tree->level[tree->open - 1];
	uint32_t object;

	if (level->next == level->count) {
		tree->open--;
		free(level->child);
		return !level->rest.count || put_row(tree, level->rest);
	}
	object = level->child[level->next++];
	if (!put_row(tree, (struct retained_row){.object = object,
						 .depth = tree->open - 1,
						 .count = 1,
						 .objects = tree->d->objects[object],
						 .bytes = tree->d->retained[object],
						 .type = tree->s->type[object]}))
		return false;
	return tree->open == tree->depth || open_level(tree, object);
}

struct hg_error *retained_rows(const struct snapshot *s, const struct dominators *d,
			       uint32_t top, uint32_t depth, uint32_t limit,
			       struct retained_row **ret, size_t *count)
{
	_cleanup_(tree_deinit) struct tree tree = {
		.s = s,
		.d = d,
		.least = d->retained[top] / PART + 1,
		.limit = limit,
		.depth = depth ? depth : 1,
		.level = calloc(depth ? depth : 1, sizeof(struct level)),
	};

	if (!tree.level || !open_level(&tree, top))
		return &hg_error_no_memory;
	while (tree.open)
		if (!advance(&tree))
			return &hg_error_no_memory;
	*ret = take_ptr(tree.row);
	*count = tree.rows;
	return NULL;
}

char *retained_path(const struct answer *answer, uint32_t object)
{
	struct chain chain = {0};
	struct hg_error *error = chain_of(answer->s, answer->reach, object, &chain);
	char *path = error ? NULL : path_text(answer->s, &chain);

	hg_error_free(error);
	chain_deinit(&chain);
	return path;
}
