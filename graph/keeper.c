/* ctypes makes a small cycle of every library whose function was called; the application's cycle,
 * which holds that library object, is the one to know. So of all cycles that lead to the object
 * the nearest one counts that no other garbage keeps. */
#include "keeper.h"

#include <string.h>

#include "list.h"

/* The way back: next[i] is one more than the object that follows i on the way to the object (0: not
 * seen), by[i] the name of the reference to it. */
struct way {
	uint32_t *next, *by, *queue;
	uint64_t head, tail;
};

static void way_deinit(struct way *way)
{
	free(way->next);
	free(way->by);
	free(way->queue);
}

static bool push(struct way *way, uint32_t object)
{
	uint32_t *last = list_add(&way->queue, &way->tail);

	if (last)
		*last = object;
	return last;
}

static bool add_referrers(const struct answer *answer, uint32_t to, uint8_t state, struct way *way)
{
	const struct graph *graph = answer->graph;
	bool ok = true;

	for (uint64_t i = graph->in_start[to]; i < graph->in_start[to + 1ul] && ok; i++) {
		uint32_t from = graph->in_source[i];

		if (way->next[from] || answer->reach->state[from] != state ||
		    answer->s->flags[from] & HGS_OBJ_TYPE_OBJECT)
			continue;
		way->next[from] = to + 1;
		way->by[from] = answer->s->name[graph->in_edge[i]];
		ok = push(way, from);
	}
	return ok;
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

/* Marks the components that an object outside them keeps, in `fed` (a byte per component). */
static void mark_fed(const struct answer *answer, const struct way *way, uint8_t *fed)
{
	const struct graph *graph = answer->graph;
	const uint32_t *component = answer->component;

	for (uint64_t q = 0; q < way->tail; q++) {
		uint32_t to = way->queue[q];

		for (uint64_t i = graph->in_start[to]; i < graph->in_start[to + 1ul]; i++) {
			uint32_t from = graph->in_source[i];

			if (way->next[from] && component[from] != component[to])
				fed[component[to]] = 1;
		}
	}
}

/* The nearest object of the way that is on a cycle; with `fed`, on one that nothing else keeps. */
static struct hg_error *nearest(const struct answer *answer, const struct way *way,
				const uint8_t *fed, struct chain *ring, uint32_t *ret)
{
	for (uint64_t q = 0; q < way->tail && !ring->steps; q++) {
		uint32_t at = way->queue[q];
		struct hg_error *error;

		if (fed && fed[answer->component[at]])
			continue;
		error = ring_of(answer->s, answer->component, at, ring);
		if (error)
			return error;
		*ret = at;
	}
	return NULL;
}

static struct hg_error *search(const struct answer *answer, uint32_t object, struct way *way,
			       struct keeper *ret)
{
	_cleanup_free_ uint8_t *fed = calloc(answer->num_components + 1ul, 1);
	uint8_t state = answer->reach->state[object];
	bool ok = fed && push(way, object);
	struct hg_error *error;
	uint32_t at = object;

	way->next[object] = object + 1;
	while (ok && way->head < way->tail)
		ok = add_referrers(answer, way->queue[way->head++], state, way);
	if (!ok)
		return &hg_error_no_memory;
	mark_fed(answer, way, fed);
	error = nearest(answer, way, fed, &ret->ring, &at);
	if (!error && !ret->ring.steps)
		error = nearest(answer, way, NULL, &ret->ring, &at);
	if (error || !ret->ring.steps || at == object)
		return error;
	return read_off(way, at, object, &ret->tail);
}

struct hg_error *keeper_of(const struct answer *answer, uint32_t object, struct keeper *ret)
{
	_cleanup_(way_deinit) struct way way = {0};
	uint8_t state = answer->reach->state[object];
	struct hg_error *error;

	*ret = (struct keeper){.ring.root = HGS_NONE, .tail.root = HGS_NONE};
	if (state != REACH_GARBAGE && state != REACH_FROZEN)
		return ring_of(answer->s, answer->component, object, &ret->ring);
	way.next = calloc(answer->s->n, sizeof(*way.next));
	way.by = calloc(answer->s->n, sizeof(*way.by));
	if (!way.next || !way.by)
		return &hg_error_no_memory;
	error = search(answer, object, &way, ret);
	if (error)
		keeper_deinit(ret);
	return error;
}

void keeper_deinit(struct keeper *keeper)
{
	chain_deinit(&keeper->ring);
	chain_deinit(&keeper->tail);
}
