/* What pins an unreached handle: the cycle at the very top.
 *
 * A CDLL is often in a little cycle of its own (ctypes caches functions in it), and that one needs
 * gc as well; but what a reader can change is the cycle of their own objects that refers to it.
 * Among the unreached, follow referrers upwards as far as they go: the component without any
 * further referrer is a cycle, for whatever has no referrer at all is freed by its count. One
 * search from all those sources downwards finds the shortest way to every holder; sources with an
 * instance of the user's classes go first, so an object that several reach is explained by one of
 * them. O(unreached objects and references). */
#include <string.h>

#include "answer_parts.h"
#include "steps.h"

struct queue {
	uint32_t *objects;
	size_t used, capacity;
};

static bool enqueue(struct queue *queue, uint32_t object)
{
	if (queue->used == queue->capacity) {
		size_t capacity = queue->capacity ? queue->capacity * 2 : 1024;
		uint32_t *grown = realloc(queue->objects, capacity * sizeof(*grown));

		if (!grown)
			return false;
		queue->objects = grown;
		queue->capacity = capacity;
	}
	queue->objects[queue->used++] = object;
	return true;
}

/* parent[] of a source's members is the member itself + 1: visited, and the end of the way up. */
static bool start_sources(struct loops *loops, struct queue *queue, bool user)
{
	for (uint32_t i = 0; i < loops->count; i++) {
		const struct loop *loop = &loops->loop[i];

		if (!loop->source || loop->user != user)
			continue;
		for (uint32_t k = loop->first; k < loop->first + loop->size; k++) {
			uint32_t object = loops->members[k];

			loops->parent[object] = object + 1;
			if (!enqueue(queue, object))
				return false;
		}
	}
	return true;
}

static bool spread(const struct answer *answer, struct loops *loops, struct queue *queue)
{
	const struct snapshot *s = answer->s;

	for (size_t next = 0; next < queue->used; next++) {
		uint32_t object = queue->objects[next];

		for (uint64_t e = s->start[object]; e < s->start[object + 1]; e++) {
			uint32_t target = s->target[e];

			if (loops->parent[target] || !unreached(answer, target))
				continue;
			loops->parent[target] = object + 1;
			loops->edge[target] = (uint32_t)e;
			if (!enqueue(queue, target))
				return false;
		}
	}
	queue->used = 0;
	return true;
}

static struct hg_error *search(const struct answer *answer, struct loops *loops)
{
	size_t n = (size_t)answer->s->n + 1;
	struct queue queue = {0};
	bool ok;

	loops->parent = calloc(n, sizeof(*loops->parent));
	loops->edge = calloc(n, sizeof(*loops->edge));
	ok = loops->parent && loops->edge;
	ok = ok && start_sources(loops, &queue, true) && spread(answer, loops, &queue);
	ok = ok && start_sources(loops, &queue, false) && spread(answer, loops, &queue);
	free(queue.objects);
	return ok ? NULL : &hg_error_no_memory;
}

/* Whose attribute dictionary the first object of a way is, or HGS_NONE: the way is told from there,
 * as `obj.name`. All are members of one source. */
static uint32_t dict_owner(const struct answer *answer, uint32_t dict, uint32_t next_edge)
{
	const struct snapshot *s = answer->s;
	const struct graph *graph = answer->graph;

	for (uint64_t i = graph->in_start[dict]; i < graph->in_start[dict + 1]; i++)
		if (answer->component[graph->in_source[i]] == answer->component[dict] &&
		    folded_attribute(s, s->name[graph->in_edge[i]], next_edge))
			return graph->in_source[i];
	return HGS_NONE;
}

static void start_at_owner(const struct answer *answer, struct chain *chain)
{
	uint32_t owner = chain->steps < 2 ? HGS_NONE
					  : dict_owner(answer, chain->object[0], chain->edge[1]);

	if (owner == HGS_NONE)
		return;
	memmove(chain->object + 1, chain->object, chain->steps * sizeof(*chain->object));
	memmove(chain->edge + 1, chain->edge, chain->steps * sizeof(*chain->edge));
	chain->object[0] = owner;
	chain->edge[1] = HGS_EDGE_ATTR_DICT;
	chain->steps++;
}

/* The way from the source's member to the object, as a chain. */
static struct hg_error *tail_of(const struct answer *answer, const struct loops *loops,
				uint32_t object, struct chain *ret)
{
	uint32_t i = object;

	ret->steps = 1;
	for (; loops->parent[i] - 1 != i; i = loops->parent[i] - 1)
		ret->steps++;
	/* One more than needed: for the owner of an attribute dictionary. */
	ret->object = malloc((ret->steps + 1ul) * sizeof(*ret->object));
	ret->edge = calloc(ret->steps + 1ul, sizeof(*ret->edge));
	if (!ret->object || !ret->edge)
		return &hg_error_no_memory;
	i = object;
	for (uint32_t step = ret->steps - 1; step; step--) {
		ret->object[step] = i;
		ret->edge[step] = answer->s->name[loops->edge[i]];
		i = loops->parent[i] - 1;
	}
	ret->object[0] = i;
	start_at_owner(answer, ret);
	return NULL;
}

static struct hg_error *pin(struct making *making, uint32_t index)
{
	struct answer *answer = making->answer;
	struct holder *holder = &answer->holders[index];
	struct hg_error *error;
	struct loop *loop;

	if (!making->loops.parent[holder->fact->object])
		return NULL;
	error = tail_of(answer, &making->loops, holder->fact->object, &holder->tail);
	if (error)
		return error;
	loop = loop_of(&making->loops, answer->component[holder->tail.object[0]]);
	if (loop && (loop->owner == HGS_NONE ||
		     answer->holders[loop->owner].fact->kind != HGS_HOLDER_HANDLE)) {
		loop->exit = holder->tail.object[0];
		loop->owner = index;
	}
	return NULL;
}

/* Live loops have no source; one that a handle's owner is part of pins that. */
static void pin_live(struct making *making, uint32_t index)
{
	const struct answer *answer = making->answer;
	const struct holder *holder = &answer->holders[index];
	struct loop *loop = loop_of(&making->loops, answer->component[holder->fact->object]);

	if (!loop || loop->owner != HGS_NONE || holder->fact->kind != HGS_HOLDER_HANDLE)
		return;
	loop->exit = holder->fact->object;
	loop->owner = index;
}

struct hg_error *pins_make(struct making *making)
{
	struct answer *answer = making->answer;
	struct hg_error *error = search(answer, &making->loops);

	for (uint32_t i = 0; !error && i < answer->num_holders; i++) {
		if (unreached(answer, answer->holders[i].fact->object))
			error = pin(making, i);
		else
			pin_live(making, i);
	}
	return error;
}
