#include "routes.h"

#include <string.h>

#include "kinds.h"

struct route {
	uint32_t referrer;
	uint32_t edge; /* its name */
	uint32_t rank; /* 0: the object's own chain, the nearest; then by the length of the chain */
	uint64_t kind, alike;
};

/* Steps from the root to `from`, those to what was displayed counted as several; or 0 where the forest
 * reaches it only through `object` (then it is a consequence of the object being alive and no cause), as
 * something observed, or not at all. */
static uint32_t depth_without(const struct answer *answer, uint32_t from, uint32_t object)
{
	const struct reach *reach = answer->reach;
	uint32_t depth = 1;

	if (reach->state[from] != REACH_ROOT && reach->state[from] != REACH_NATIVE)
		return 0;
	if (reach_observed(answer->s, reach, from))
		return 0;
	for (; from != object; depth++) {
		uint64_t edge = reach->parent_edge[from];

		if (edge == UINT64_MAX)
			return depth;
		from = reach->parent[from];
		depth += snapshot_displayed(answer->s, from, answer->s->name[edge]);
	}
	return 0;
}

static int by_rank(const void *a, const void *b)
{
	const struct route *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->referrer > y->referrer) - (x->referrer < y->referrer);
}

/* The chain to the referrer, and one step on. */
static struct hg_error *extend(const struct answer *answer, const struct route *route,
			       uint32_t object, struct chain *ret)
{
	struct hg_error *error = chain_of(answer->s, answer->reach, route->referrer, ret);
	uint32_t *objects, *edges;

	if (error)
		return error;
	objects = realloc(ret->object, (ret->steps + 1ul) * sizeof(*objects));
	if (objects)
		ret->object = objects;
	edges = realloc(ret->edge, (ret->steps + 1ul) * sizeof(*edges));
	if (edges)
		ret->edge = edges;
	if (!objects || !edges) {
		chain_deinit(ret);
		return &hg_error_no_memory;
	}
	objects[ret->steps] = object;
	edges[ret->steps++] = route->edge;
	return NULL;
}

static int by_kind(const void *a, const void *b)
{
	const struct route *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return by_rank(a, b);
}

/* Whether the reference is a name that people gave: then each counts, also of one referrer. */
static bool is_name(const struct answer *answer, uint64_t in)
{
	const struct graph *graph = answer->graph;

	return HGS_EDGE_KIND(answer->s->name[graph->in_edge[in]]) == HGS_EDGE_KEY &&
	       has_names(answer, graph->in_source[in]);
}

/* Every referrer once, but for names: the edge by which it is known is its first. */
static uint64_t collect(const struct answer *answer, uint32_t object, struct route *routes)
{
	const struct graph *graph = answer->graph;
	const struct reach *reach = answer->reach;
	bool at_root = reach->parent_edge[object] == UINT64_MAX;
	uint64_t count = 0;

	for (uint64_t i = graph->in_start[object]; i < graph->in_start[object + 1ul]; i++) {
		uint32_t from = graph->in_source[i], edge = answer->s->name[graph->in_edge[i]], depth;
		bool again = i > graph->in_start[object] && from == graph->in_source[i - 1];

		if (!at_root && graph->in_edge[i] == reach->parent_edge[object]) {
			routes[count++] = (struct route){from, edge, 0, 0, 1};
			continue;
		}
		if ((again || (!at_root && from == reach->parent[object])) && !is_name(answer, i))
			continue;
		if (snapshot_observes(answer->s, from, edge))
			continue;
		depth = depth_without(answer, from, object);
		if (depth)
			routes[count++] = (struct route){
				from, edge, depth + snapshot_displayed(answer->s, from, edge), 0, 1};
	}
	return count;
}

#define DISPLAYED 2u /* no hash: these are odd */

/* Routes that say the same become one, the nearest of them. Returns how many are left; in order. */
static struct hg_error *merge(const struct answer *answer, uint32_t object, struct route *route,
			      uint64_t *count)
{
	_cleanup_kinds_ struct kinds *kinds = NULL;
	struct hg_error *error = kinds_create(answer, &kinds);
	uint64_t kept = 0;

	for (uint64_t i = 0; i < *count && !error; i++) {
		route[i].kind = snapshot_displayed(answer->s, route[i].referrer, route[i].edge)
					? DISPLAYED
					: kind_of_way(kinds, route[i].referrer, route[i].edge, object);
		error = route[i].kind ? NULL : &hg_error_no_memory;
	}
	if (error)
		return error;
	qsort(route, *count, sizeof(*route), by_kind);
	for (uint64_t i = 0; i < *count; i++) {
		if (kept && route[kept - 1].kind == route[i].kind)
			route[kept - 1].alike++;
		else
			route[kept++] = route[i];
	}
	qsort(route, kept, sizeof(*route), by_rank);
	*count = kept;
	return NULL;
}

/* A root's own chain is the root; the others come through referrers. */
static struct hg_error *build(const struct answer *answer, uint32_t object,
			      const struct route *route, uint64_t count, uint32_t max,
			      struct routes *routes)
{
	bool at_root = answer->reach->parent_edge[object] == UINT64_MAX;
	struct hg_error *error = NULL;
	uint64_t shown;

	routes->kinds = count + at_root;
	shown = routes->kinds < max ? routes->kinds : max;
	routes->chain = calloc(shown + 1, sizeof(*routes->chain));
	routes->alike = calloc(shown + 1, sizeof(*routes->alike));
	if (!routes->chain || !routes->alike)
		return &hg_error_no_memory;
	if (at_root && shown) {
		routes->alike[0] = 1;
		error = chain_of(answer->s, answer->reach, object, &routes->chain[routes->count++]);
	}
	for (uint64_t i = 0; routes->count < shown && !error; i++) {
		routes->alike[routes->count] = route[i].alike;
		error = extend(answer, &route[i], object, &routes->chain[routes->count++]);
	}
	return error;
}

struct hg_error *routes_create(const struct answer *answer, uint32_t object, uint32_t max,
			       struct routes *ret)
{
	uint64_t count = answer->graph->in_start[object + 1ul] - answer->graph->in_start[object];
	_cleanup_free_ struct route *route = calloc(count + 1, sizeof(*route));
	_cleanup_routes_ struct routes routes = {0};
	uint8_t state = answer->reach->state[object];
	struct hg_error *error;

	*ret = routes;
	if (state != REACH_ROOT && state != REACH_NATIVE)
		return NULL;
	if (!route)
		return &hg_error_no_memory;
	count = collect(answer, object, route);
	routes.total = count + (answer->reach->parent_edge[object] == UINT64_MAX);
	error = merge(answer, object, route, &count);
	if (!error)
		error = build(answer, object, route, count, max, &routes);
	if (error)
		return error;
	*ret = routes;
	routes = (struct routes){0};
	return NULL;
}

void routes_deinit(struct routes *routes)
{
	for (uint32_t i = 0; i < routes->count; i++)
		chain_deinit(&routes->chain[i]);
	free(routes->chain);
	free(routes->alike);
	*routes = (struct routes){0};
}
