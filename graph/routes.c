#include "routes.h"

#include <string.h>

struct route {
	uint32_t referrer;
	uint32_t edge; /* its name */
	uint32_t depth;
};

/* Steps from the root to `from`, or 0 where the forest reaches it only through `object` (then it
 * is a consequence of the object being alive and no cause) or not at all. */
static uint32_t depth_without(const struct answer *answer, uint32_t from, uint32_t object)
{
	const struct reach *reach = answer->reach;
	uint32_t depth = 1;

	if (reach->state[from] != REACH_ROOT && reach->state[from] != REACH_NATIVE)
		return 0;
	for (; from != object; depth++) {
		if (reach->parent_edge[from] == UINT64_MAX)
			return depth;
		from = reach->parent[from];
	}
	return 0;
}

static int by_depth(const void *a, const void *b)
{
	const struct route *x = a, *y = b;

	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
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

/* Every referrer once: the edge by which it is known is its first. */
static uint32_t collect(const struct answer *answer, uint32_t object, struct route *routes)
{
	const struct graph *graph = answer->graph;
	const struct reach *reach = answer->reach;
	bool at_root = reach->parent_edge[object] == UINT64_MAX;
	uint32_t count = 0;

	for (uint64_t i = graph->in_start[object]; i < graph->in_start[object + 1ul]; i++) {
		uint32_t from = graph->in_source[i], depth;

		if (i > graph->in_start[object] && from == graph->in_source[i - 1])
			continue;
		if (!at_root && from == reach->parent[object])
			continue; /* the shortest chain, which is there already */
		depth = depth_without(answer, from, object);
		if (depth)
			routes[count++] = (struct route){
				from, answer->s->name[graph->in_edge[i]], depth};
	}
	return count;
}

struct hg_error *routes_create(const struct answer *answer, uint32_t object, uint32_t max,
			       struct routes *ret)
{
	uint64_t referrers = answer->graph->in_start[object + 1ul] -
			     answer->graph->in_start[object];
	_cleanup_free_ struct route *route = calloc(referrers + 1, sizeof(*route));
	_cleanup_routes_ struct routes routes = {0};
	uint8_t state = answer->reach->state[object];
	struct hg_error *error;
	uint32_t others;

	*ret = routes;
	if (state != REACH_ROOT && state != REACH_NATIVE)
		return NULL;
	if (!route)
		return &hg_error_no_memory;
	others = collect(answer, object, route);
	qsort(route, others, sizeof(*route), by_depth);
	routes.total = others + 1ull;
	if (routes.total > max)
		others = max ? max - 1 : 0;
	routes.chain = calloc(others + 1ul, sizeof(*routes.chain));
	if (!routes.chain)
		return &hg_error_no_memory;
	error = chain_of(answer->s, answer->reach, object, &routes.chain[routes.count++]);
	for (uint32_t i = 0; i < others && !error; i++)
		error = extend(answer, &route[i], object, &routes.chain[routes.count++]);
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
	*routes = (struct routes){0};
}
