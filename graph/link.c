/* From a ring to what it holds. */
#include <string.h>

#include "neighbors.h"

/* The way back: next[i] is one more than the object that follows i on the way to the target (0: not
 * seen), by[i] the name of the reference to it. */
struct way {
	uint32_t *next, *by, *queue;
	uint64_t head, tail, size;
};

static void way_deinit(struct way *way)
{
	free(way->next);
	free(way->by);
	free(way->queue);
}

static bool on_ring(const struct chain *ring, uint32_t object)
{
	for (uint32_t i = 0; i < ring->steps; i++)
		if (ring->object[i] == object)
			return true;
	return false;
}

static bool push(struct way *way, uint32_t object)
{
	if (way->tail == way->size) {
		uint64_t size = way->size ? way->size * 2 : 64;
		uint32_t *queue = realloc(way->queue, size * sizeof(*queue));

		if (!queue)
			return false;
		way->queue = queue;
		way->size = size;
	}
	way->queue[way->tail++] = object;
	return true;
}

/* Returns the object of the ring that is nearest, or HGS_NONE; *ok false without memory. Types are
 * not gone through: that a class refers to what its instances use explains nothing. */
static uint32_t search(const struct answer *answer, const struct chain *ring, uint32_t object,
		       struct way *way, bool *ok)
{
	const struct graph *graph = answer->graph;
	const uint8_t *state = answer->reach->state;

	way->next[object] = object + 1;
	*ok = push(way, object);
	while (*ok && way->head < way->tail) {
		uint32_t to = way->queue[way->head++];

		for (uint64_t i = graph->in_start[to]; i < graph->in_start[to + 1ul] && *ok; i++) {
			uint32_t from = graph->in_source[i];

			if (way->next[from] || state[from] != state[object] ||
			    answer->s->flags[from] & HGS_OBJ_TYPE_OBJECT)
				continue;
			way->next[from] = to + 1;
			way->by[from] = answer->s->name[graph->in_edge[i]];
			if (on_ring(ring, from))
				return from;
			*ok = push(way, from);
		}
	}
	return HGS_NONE;
}

static struct hg_error *read_off(const struct way *way, uint32_t first, uint32_t object,
				 struct chain *ret)
{
	uint32_t steps = 1, at = first;

	for (; at != object; at = way->next[at] - 1)
		steps++;
	*ret = (struct chain){HGS_NONE, steps, calloc(steps, sizeof(*ret->object)),
			      calloc(steps, sizeof(*ret->edge))};
	if (!ret->object || !ret->edge) {
		chain_deinit(ret);
		return &hg_error_no_memory;
	}
	ret->object[0] = at = first;
	for (uint32_t i = 1; i < steps; i++) {
		ret->edge[i] = way->by[at];
		ret->object[i] = at = way->next[at] - 1;
	}
	return NULL;
}

struct hg_error *link_of(const struct answer *answer, const struct chain *ring, uint32_t object,
			 struct chain *ret)
{
	_cleanup_(way_deinit) struct way way = {0};
	uint32_t first;
	bool ok;

	*ret = (struct chain){.root = HGS_NONE};
	if (!ring->steps || on_ring(ring, object))
		return NULL;
	way.next = calloc(answer->s->n, sizeof(*way.next));
	way.by = calloc(answer->s->n, sizeof(*way.by));
	if (!way.next || !way.by)
		return &hg_error_no_memory;
	first = search(answer, ring, object, &way, &ok);
	if (!ok)
		return &hg_error_no_memory;
	return first == HGS_NONE ? NULL : read_off(&way, first, object, ret);
}
