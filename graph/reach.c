/* What is alive and why.
 *
 * Three searches, one after another, each taking only what the ones before left:
 *  1. from the known roots, then from what only looks at objects (HGS_OBJ_OBSERVER).
 *     Distances are small integers that rate how well an edge explains
 *     itself to a reader (a global of __main__ is near, the mro of a class far), in a bucket queue:
 *     linear time, and the nearest chain is the one to show.
 *  2. from objects that something unknown refers to. For tracked objects gc's own rule decides
 *     (Modules/gcmodule.c, update_refs, subtract_refs, move_unreachable; Python/gc.c from 3.13 on):
 *     the reference count less the references from tracked objects is more than 0. For the others
 *     the surplus: the count less all references found.
 *  3. from objects of the permanent generation, which gc never frees (gc.freeze()).
 * What is left is garbage. A frozen object is subject to rule 2 like any other, so that garbage
 * frozen by mistake is told from what is in use. */
#include <string.h>

#include "columns.h"
#include "graph.h"
#include "modules.h"
#include "surplus.h"
#include "roots.h"

#define BUCKETS 16u /* more than the largest step and the largest start distance */

struct bucket {
	uint32_t *objects;
	size_t used, capacity;
};

struct search {
	const struct snapshot *s;
	struct reach *reach;
	uint32_t *distance;
	struct bucket buckets[BUCKETS];
	const char *stdlib;
	bool observing; /* what is reached now is for observers only */
	bool no_memory;
};

/* How far an edge of each kind leads away from a good explanation. Attribute dictionaries, cells
 * and frames are folded into the names beside them, so they cost nothing. */
static const uint8_t kind_cost[16] = {
	[HGS_EDGE_UNNAMED] = 4,	  [HGS_EDGE_ATTR] = 1,	    [HGS_EDGE_KEY] = 1,
	[HGS_EDGE_INDEX] = 1,	  [HGS_EDGE_LOCAL] = 1,	    [HGS_EDGE_CELL] = 1,
	[HGS_EDGE_MEMBER] = 1,	  [HGS_EDGE_ATTR_DICT] = 0, [HGS_EDGE_DICT_KEY] = 3,
	[HGS_EDGE_TYPE] = 6,	  [HGS_EDGE_CELL_CONTENTS] = 0, [HGS_EDGE_SET_ITEM] = 1,
	[HGS_EDGE_STACK] = 2,	  [HGS_EDGE_FRAME] = 0,	    [14] = 4,
	[15] = 4,
};

static const uint8_t module_cost[] = {[MODULE_MAIN] = 0, [MODULE_USER] = 1, [MODULE_STDLIB] = 6};

static uint32_t edge_cost(const struct snapshot *s, uint32_t from, uint64_t edge)
{
	enum hgs_edge kind = HGS_EDGE_KIND(s->name[edge]);
	uint32_t displayed;

	/* A class refers to its bases, subclasses and method resolution order: true, and no help. */
	if (s->flags[from] & HGS_OBJ_TYPE_OBJECT)
		return kind == HGS_EDGE_ATTR_DICT ? 1 : 6;
	displayed = snapshot_displayed(s, from, s->name[edge]);
	if (displayed)
		return displayed;
	return snapshot_links_frames(s, s->name[edge]) ? 0 : kind_cost[kind];
}

static void push(struct search *search, uint32_t object, uint32_t distance)
{
	struct bucket *bucket = &search->buckets[distance % BUCKETS];

	if (bucket->used == bucket->capacity) {
		size_t capacity = bucket->capacity ? bucket->capacity * 2 : 256;
		uint32_t *grown = realloc(bucket->objects, capacity * sizeof(*grown));

		if (!grown) {
			search->no_memory = true;
			return;
		}
		bucket->objects = grown;
		bucket->capacity = capacity;
	}
	bucket->objects[bucket->used++] = object;
}

static void start_at(struct search *search, uint32_t object, uint32_t root, uint32_t distance)
{
	if (search->reach->state[object] || search->distance[object] <= distance)
		return;
	search->distance[object] = distance;
	search->reach->parent[object] = HGS_NONE;
	search->reach->parent_edge[object] = UINT64_MAX;
	search->reach->root[object] = root;
	push(search, object, distance);
}

/* What it costs to leave the object. A module and its dict are at distance 0 by way of sys.modules,
 * so that no other way to them (an import elsewhere, a function's globals) is shorter and each
 * module goes by its own name; whose module it is counts for what it holds. */
static uint32_t start_cost(const struct search *search, uint32_t object)
{
	const struct snapshot *s = search->s;
	uint32_t parent = search->reach->parent[object];

	if (parent == HGS_NONE || !(s->flags[object] & HGS_OBJ_DICT) ||
	    !(s->flags[parent] & HGS_OBJ_MODULE))
		return 0;
	/* A submodule after its package, which often offers the same things. */
	return module_cost[modules_origin(s, parent, search->stdlib)] +
	       (strchr(snapshot_text(s, parent), '.') != NULL);
}

/* Offers each referent a way through the object. `observed`: only those that it observes; else those
 * that it does not. */
static void offer(struct search *search, uint32_t object, uint32_t base, bool observed)
{
	const struct snapshot *s = search->s;
	struct reach *reach = search->reach;
	bool table = (s->flags[object] & HGS_OBJ_DICT) && modules_is_table(s, object);

	for (uint64_t e = s->start[object]; e < s->start[object + 1]; e++) {
		uint32_t target = s->target[e], distance;

		if (reach->state[target] || snapshot_observes(s, object, s->name[e]) != observed)
			continue;
		distance = base + (table ? 0 : edge_cost(s, object, e));
		if (distance >= search->distance[target])
			continue;
		search->distance[target] = distance;
		reach->parent[target] = object;
		reach->parent_edge[target] = e;
		reach->root[target] = reach->root[object];
		push(search, target, distance);
	}
}

static void relax(struct search *search, uint32_t object)
{
	offer(search, object, search->distance[object] + start_cost(search, object), false);
	if (search->observing)
		offer(search, object, search->distance[object], true);
}

/* Settles all that was started, in order of distance. An object may wait in several buckets; the
 * first in which it is met at its final distance counts. */
static void run(struct search *search, enum reach_state state)
{
	uint32_t empty = 0;

	for (uint32_t distance = 0; empty < BUCKETS; distance++) {
		struct bucket *bucket = &search->buckets[distance % BUCKETS];

		empty = bucket->used ? 0 : empty + 1;
		for (size_t i = 0; i < bucket->used; i++) {
			uint32_t object = bucket->objects[i];

			if (search->reach->state[object] || search->distance[object] != distance)
				continue;
			search->reach->state[object] = (uint8_t)state;
			relax(search, object);
		}
		bucket->used = 0;
	}
}

/* Rule 2: is the object held by something that was not found? Leaves its surplus in `found`. */
static bool held_natively(const struct snapshot *s, uint32_t i, uint32_t *found, uint32_t tracked)
{
	uint32_t flags = s->flags[i];

	found[i] = surplus_of(s, i, found[i]);
	if (flags & HGS_OBJ_PSEUDO || surplus_immortal(s, i))
		return !(flags & HGS_OBJ_PSEUDO);
	return flags & HGS_OBJ_TRACKED ? s->refs[i] > tracked : found[i] > 0;
}

static void search_known(struct search *search)
{
	const struct snapshot *s = search->s;

	for (uint32_t i = 0; i < s->num_roots; i++)
		start_at(search, s->roots[i].object, i, root_distance(s->roots[i].kind));
	run(search, REACH_ROOT);
}

/* What only observers refer to: alive, with no better reason. Callers stand behind those they
 * called, and the outermost is the one that the user wrote. */
static void search_observed(struct search *search)
{
	const struct snapshot *s = search->s;

	search->observing = true;
	for (uint32_t i = s->n; i-- > 0;)
		if (s->flags[i] & (HGS_OBJ_OBSERVER | SNAPSHOT_LOOKS) && search->reach->state[i]) {
			offer(search, i, 0, true);
			run(search, REACH_ROOT);
		}
	search->observing = false;
}

static void search_native(struct search *search, const uint32_t *tracked)
{
	const struct snapshot *s = search->s;

	for (uint32_t i = 0; i < s->n; i++)
		if (held_natively(s, i, search->reach->surplus, tracked[i]))
			start_at(search, i, HGS_NONE, 0);
	run(search, REACH_NATIVE);
}

static void search_frozen(struct search *search)
{
	const struct snapshot *s = search->s;

	for (uint32_t i = 0; i < s->n; i++)
		if (s->flags[i] & HGS_OBJ_FROZEN)
			start_at(search, i, HGS_NONE, 0);
	run(search, REACH_FROZEN);
}

static struct hg_error *search_all(struct search *search)
{
	struct reach *reach = search->reach;
	uint32_t n = search->s->n;
	_cleanup_free_ uint32_t *tracked = column_zalloc((size_t)n + 1, sizeof(*tracked));

	if (!tracked)
		return &hg_error_no_memory;
	memset(search->distance, 0xff, n * sizeof(*search->distance));
	memset(reach->parent, 0xff, n * sizeof(*reach->parent));
	memset(reach->parent_edge, 0xff, n * sizeof(*reach->parent_edge));
	memset(reach->root, 0xff, n * sizeof(*reach->root));
	surplus_find(search->s, reach->surplus, tracked);
	search_known(search);
	search_observed(search);
	search_native(search, tracked);
	search_frozen(search);
	for (uint32_t i = 0; i < n; i++)
		reach->garbage += reach->state[i] == REACH_GARBAGE;
	return search->no_memory ? &hg_error_no_memory : NULL;
}

uint32_t reach_observer(const struct snapshot *s, const struct reach *reach, uint32_t object)
{
	for (; reach->parent_edge[object] != UINT64_MAX; object = reach->parent[object])
		if (snapshot_observes(s, reach->parent[object], s->name[reach->parent_edge[object]]))
			return reach->parent[object];
	return HGS_NONE;
}

struct hg_error *reach_create(const struct snapshot *s, struct reach **ret)
{
	size_t n = (size_t)s->n + 1;
	_cleanup_free_ char *stdlib = modules_stdlib(s);
	struct reach *reach = calloc(1, sizeof(*reach));
	struct search search = {.s = s, .reach = reach, .stdlib = stdlib};
	struct hg_error *error = &hg_error_no_memory;

	if (!reach)
		return error;
	reach->parent = column_alloc(n, sizeof(*reach->parent));
	reach->parent_edge = column_alloc(n, sizeof(*reach->parent_edge));
	reach->root = column_alloc(n, sizeof(*reach->root));
	reach->state = column_zalloc(n, sizeof(*reach->state));
	reach->surplus = column_zalloc(n, sizeof(*reach->surplus));
	search.distance = column_alloc(n, sizeof(*search.distance));
	if (reach->parent && reach->parent_edge && reach->root && reach->state &&
	    reach->surplus && search.distance)
		error = search_all(&search);
	for (uint32_t i = 0; i < BUCKETS; i++)
		free(search.buckets[i].objects);
	free(search.distance);
	if (error)
		reach_destroy(reach);
	else
		*ret = reach;
	return error;
}

void reach_destroy(struct reach *reach)
{
	if (!reach)
		return;
	free(reach->parent);
	free(reach->parent_edge);
	free(reach->root);
	free(reach->state);
	free(reach->surplus);
	free(reach);
}
