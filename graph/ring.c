/* Breadth-first inside a component. */
#include "ring.h"

#include <string.h>

struct ring_search {
	const struct snapshot *s;
	const uint32_t *component;
	uint32_t *parent; /* referrer + 1; 0: not visited */
	uint32_t *edge;	  /* reference used (m < 2^32) */
	uint32_t *queue;
	uint32_t queued;
};

struct hg_error *ring_search_create(const struct snapshot *s, const uint32_t *component,
				    struct ring_search **ret)
{
	struct ring_search *search = calloc(1, sizeof(*search));
	size_t n = (size_t)s->n + 1;

	if (!search)
		return &hg_error_no_memory;
	search->s = s;
	search->component = component;
	search->parent = calloc(n, sizeof(*search->parent));
	search->edge = malloc(n * sizeof(*search->edge));
	search->queue = malloc(n * sizeof(*search->queue));
	if (!search->parent || !search->edge || !search->queue) {
		ring_search_destroy(search);
		return &hg_error_no_memory;
	}
	*ret = search;
	return NULL;
}

void ring_search_destroy(struct ring_search *search)
{
	if (!search)
		return;
	free(search->parent);
	free(search->edge);
	free(search->queue);
	free(search);
}

static void discover(struct ring_search *search, uint32_t object, uint32_t from, uint64_t edge)
{
	search->parent[object] = from + 1;
	search->edge[object] = (uint32_t)edge;
	search->queue[search->queued++] = object;
}

/* Fills parent[] until `to` has one. `from` itself counts as visited only when it is reached. */
static bool spread(struct ring_search *search, uint32_t from, uint32_t to)
{
	const struct snapshot *s = search->s;
	uint32_t object = from, next = 0;

	for (;;) {
		for (uint64_t e = s->start[object]; e < s->start[object + 1]; e++) {
			uint32_t target = s->target[e];

			if (search->component[target] != search->component[from] ||
			    search->parent[target])
				continue;
			discover(search, target, object, e);
			if (target == to)
				return true;
		}
		if (next == search->queued)
			return false;
		object = search->queue[next++];
	}
}

static struct hg_error *collect(const struct ring_search *search, uint32_t from, uint32_t to,
				struct chain *ret)
{
	uint32_t object = to;

	ret->steps = 1;
	do {
		object = search->parent[object] - 1;
		ret->steps++;
	} while (object != from);
	ret->object = malloc(ret->steps * sizeof(*ret->object));
	ret->edge = calloc(ret->steps, sizeof(*ret->edge));
	if (!ret->object || !ret->edge) {
		chain_deinit(ret);
		return &hg_error_no_memory;
	}
	object = to;
	for (uint32_t step = ret->steps - 1; step; step--) {
		ret->object[step] = object;
		ret->edge[step] = search->s->name[search->edge[object]];
		object = search->parent[object] - 1;
	}
	ret->object[0] = from;
	return NULL;
}

struct hg_error *ring_search_way(struct ring_search *search, uint32_t from, uint32_t to,
				 struct chain *ret)
{
	struct hg_error *error = NULL;

	memset(ret, 0, sizeof(*ret));
	ret->root = HGS_NONE;
	search->queued = 0;
	if (search->component[from] == search->component[to] && spread(search, from, to))
		error = collect(search, from, to, ret);
	for (uint32_t i = 0; i < search->queued; i++)
		search->parent[search->queue[i]] = 0;
	return error;
}

struct hg_error *ring_of(const struct snapshot *s, const uint32_t *component, uint32_t object,
			 struct chain *ret)
{
	struct ring_search *search;
	struct hg_error *error = ring_search_create(s, component, &search);

	if (error)
		return error;
	error = ring_search_way(search, object, object, ret);
	ring_search_destroy(search);
	return error;
}
