/* Semi-NCA: number the objects in the order of a depth-first search, find each one's semidominator
 * (as Lengauer and Tarjan do, with path compression over the search tree), then its immediate
 * dominator as the nearest dominator of its search parent that is no younger than the
 * semidominator.
 *
 * Everything up to dominator_tree() is in terms of visit numbers: 0 is the virtual root, ancestors
 * are smaller than descendants, and "is in the forest already" is one comparison. Arrays serve
 * twice: `semi` holds the cursors of the search first, `number` becomes the result's `parent`.
 * What takes the time is waiting for memory, 100 million references in no order, so each loop asks
 * for what it needs some steps ahead. */
#include "dominators.h"

#include <string.h>

#include "columns.h"

#define AHEAD 8u	  /* references, in the search */
#define AHEAD_START 24u  /* objects, for their place in in_start */
#define AHEAD_SOURCE 16u /* for their first referrers */
#define AHEAD_NUMBER 8u  /* for the numbers of those */
#define AHEAD_FANIN 16u  /* referrers of one object at most */

/* Of a visit number; of no use for 0. Side by side, since they are read together. */
struct link {
	uint32_t ancestor; /* in the forest, as far up as compressed */
	uint32_t label;	   /* the smallest semidominator on the way there */
};

struct search {
	const struct graph *graph;
	const uint8_t *is_root;
	uint32_t *number; /* by object; 0: not reached */
	uint32_t *vertex; /* object of a number */
	uint32_t *parent; /* by number: in the search tree, later the immediate dominator */
	uint32_t *semi;
	struct link *link;
	uint32_t reached;
	uint32_t early; /* of these, by roots that are not late: the first numbers */
};

static void enter(struct search *search, uint32_t object, uint32_t parent)
{
	const struct snapshot *s = search->graph->s;
	uint32_t number = ++search->reached;
	uint64_t end = s->start[object + 1];

	search->number[object] = number;
	search->vertex[number] = object;
	search->parent[number] = parent;
	search->semi[number] = 0;
	if (end > s->start[object] + AHEAD)
		end = s->start[object] + AHEAD;
	for (uint64_t e = s->start[object]; e < end; e++)
		__builtin_prefetch(&search->number[s->target[e]]);
}

/* Numbers what the object reaches. The way back is search->parent, the place in an object's
 * references search->semi: no stack. */
static void visit(struct search *search, uint32_t object)
{
	const struct snapshot *s = search->graph->s;
	uint32_t at;

	enter(search, object, 0);
	at = search->reached;
	while (at) {
		uint32_t from = search->vertex[at];
		uint64_t e = s->start[from] + search->semi[at], end = s->start[from + 1];

		for (; e < end && search->number[s->target[e]]; e++)
			if (e + AHEAD < end)
				__builtin_prefetch(&search->number[s->target[e + AHEAD]]);
		search->semi[at] = (uint32_t)(e + 1 - s->start[from]);
		if (e < end) {
			enter(search, s->target[e], at);
			at = search->reached;
		} else {
			at = search->parent[at];
		}
	}
}

/* The smallest semidominator from `v` up to, but without, the root of its tree in the forest, in
 * which all numbers above `last` are linked to their parents. Compresses the way there in two
 * passes; the first turns the links round, so that the second needs no stack. */
static uint32_t evaluate(struct link *link, uint32_t v, uint32_t last)
{
	uint32_t child = 0, at = v;

	while (link[at].ancestor > last) {
		uint32_t next = link[at].ancestor;

		link[at].ancestor = child;
		child = at;
		at = next;
	}
	while (child) {
		uint32_t below = link[child].ancestor;

		if (link[at].label < link[child].label)
			link[child].label = link[at].label;
		link[child].ancestor = link[at].ancestor;
		at = child;
		child = below;
	}
	return link[v].label;
}

/* Fetches what number w will need in some steps. */
static void look_ahead(const struct search *search, uint32_t w)
{
	const struct graph *graph = search->graph;

	if (w > AHEAD_START)
		__builtin_prefetch(&graph->in_start[search->vertex[w - AHEAD_START]]);
	if (w > AHEAD_SOURCE)
		__builtin_prefetch(
			&graph->in_source[graph->in_start[search->vertex[w - AHEAD_SOURCE]]]);
	if (w > AHEAD_NUMBER) {
		uint32_t object = search->vertex[w - AHEAD_NUMBER];
		uint64_t first = graph->in_start[object], end = graph->in_start[object + 1];

		if (end > first + AHEAD_FANIN)
			end = first + AHEAD_FANIN;
		for (uint64_t i = first; i < end; i++)
			__builtin_prefetch(&search->number[graph->in_source[i]]);
	}
}

static void semidominators(struct search *search)
{
	const struct graph *graph = search->graph;
	struct link *link = search->link;

	for (uint32_t w = 0; w <= search->reached; w++)
		link[w] = (struct link){.ancestor = search->parent[w], .label = w};
	for (uint32_t w = search->reached; w; w--) {
		uint32_t object = search->vertex[w], semi = search->parent[w];
		uint32_t last = w > search->early ? search->reached : search->early;

		look_ahead(search, w);
		if (search->is_root[object] & DOMINATORS_ROOT)
			semi = 0;
		for (uint64_t i = graph->in_start[object]; semi && i < graph->in_start[object + 1];
		     i++) {
			uint32_t v = search->number[graph->in_source[i]], least;

			if (!v || v > last)
				continue;
			least = v > w ? evaluate(link, v, w) : v;
			if (least < semi)
				semi = least;
		}
		search->semi[w] = semi;
		link[w].label = semi;
	}
}

static void immediate_dominators(struct search *search)
{
	for (uint32_t w = 1; w <= search->reached; w++) {
		uint32_t dominator = search->parent[w];

		while (dominator > search->semi[w])
			dominator = search->parent[dominator];
		search->parent[w] = dominator;
	}
}

static struct hg_error *search_all(struct search *search)
{
	uint32_t n = search->graph->s->n;

	search->vertex[0] = n;
	search->parent[0] = 0;
	for (uint32_t i = 0; i < n; i++) /* as if entered already */
		search->number[i] = search->is_root[i] == DOMINATORS_OUT;
	for (uint32_t i = 0; i < n; i++)
		if (search->is_root[i] == DOMINATORS_ROOT && !search->number[i])
			visit(search, i);
	search->early = search->reached;
	for (uint32_t i = 0; i < n; i++)
		if (search->is_root[i] == DOMINATORS_LATE && !search->number[i])
			visit(search, i);
	for (uint32_t i = 0; i < n; i++)
		if (search->is_root[i] == DOMINATORS_OUT)
			search->number[i] = 0;
	search->link = column_alloc(search->reached + 1ul, sizeof(*search->link));
	if (!search->link)
		return &hg_error_no_memory;
	semidominators(search);
	free(take_ptr(search->link));
	immediate_dominators(search);
	free(take_ptr(search->semi));
	return NULL;
}

/* From numbers to objects. Downwards, so that each object's sums are complete when they are added
 * to its dominator's, and child lists come out ascending. */
static struct hg_error *dominator_tree(struct search *search, struct dominators *d)
{
	const struct snapshot *s = search->graph->s;
	size_t n = s->n + 1ul;

	d->first_child = column_alloc(n, sizeof(*d->first_child));
	d->next_sibling = column_alloc(n, sizeof(*d->next_sibling));
	d->retained = column_zalloc(n, sizeof(*d->retained));
	d->objects = column_zalloc(n, sizeof(*d->objects));
	if (!d->first_child || !d->next_sibling || !d->retained || !d->objects)
		return &hg_error_no_memory;
	memset(d->first_child, 0xff, n * sizeof(*d->first_child));
	memset(d->next_sibling, 0xff, n * sizeof(*d->next_sibling));
	for (uint32_t w = search->reached; w; w--) {
		uint32_t object = search->vertex[w], parent = search->vertex[search->parent[w]];

		d->retained[object] += s->size[object];
		d->retained[parent] += d->retained[object];
		d->objects[object]++;
		d->objects[parent] += d->objects[object];
		d->next_sibling[object] = d->first_child[parent];
		d->first_child[parent] = object;
		search->number[object] = parent;
	}
	for (uint32_t i = 0; i < s->n; i++)
		if (!d->objects[i])
			search->number[i] = HGS_NONE;
	d->parent = take_ptr(search->number);
	d->n = s->n;
	d->reached = search->reached;
	return NULL;
}

struct hg_error *dominators_create(const struct graph *graph, const uint8_t *is_root,
				   struct dominators **ret)
{
	size_t n = graph->s->n + 1ul;
	struct dominators *d = calloc(1, sizeof(*d));
	struct search search = {
		.graph = graph,
		.is_root = is_root,
		.number = column_zalloc(n, sizeof(uint32_t)),
		.vertex = column_alloc(n, sizeof(uint32_t)),
		.parent = column_alloc(n, sizeof(uint32_t)),
		.semi = column_alloc(n, sizeof(uint32_t)),
	};
	struct hg_error *error = &hg_error_no_memory;

	if (d && search.number && search.vertex && search.parent && search.semi)
		error = search_all(&search);
	if (!error)
		error = dominator_tree(&search, d);
	free(search.number);
	free(search.vertex);
	free(search.parent);
	free(search.semi);
	if (error)
		dominators_destroy(d);
	else
		*ret = d;
	return error;
}

void dominators_destroy(struct dominators *dominators)
{
	if (!dominators)
		return;
	free(dominators->parent);
	free(dominators->first_child);
	free(dominators->next_sibling);
	free(dominators->retained);
	free(dominators->objects);
	free(dominators);
}

uint32_t dominators_next(const struct dominators *dominators, uint32_t top, uint32_t object)
{
	if (dominators->first_child[object] != HGS_NONE)
		return dominators->first_child[object];
	return dominators_skip(dominators, top, object);
}

uint32_t dominators_skip(const struct dominators *dominators, uint32_t top, uint32_t object)
{
	for (; object != top; object = dominators->parent[object])
		if (dominators->next_sibling[object] != HGS_NONE)
			return dominators->next_sibling[object];
	return HGS_NONE;
}
