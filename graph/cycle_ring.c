/* The ring by which a cycle is told: the shortest one, through the object that keeps the handle and one
 * that the reader knows, so that it begins with a name of theirs. */
#include <string.h>

#include "answer_parts.h"
#include "edge_text.h"

/* Way there and way back as one ring; steps 0 where they meet in between, which is no ring. */
static struct hg_error *join(struct chain *there, const struct chain *back)
{
	uint32_t steps = there->steps + back->steps - 1;
	uint32_t *objects, *edges;

	for (uint32_t i = 1; i + 1 < there->steps; i++)
		for (uint32_t k = 1; k + 1 < back->steps; k++)
			if (there->object[i] == back->object[k]) {
				chain_deinit(there);
				return NULL;
			}
	objects = realloc(there->object, steps * sizeof(*objects));
	if (!objects)
		return &hg_error_no_memory;
	there->object = objects;
	edges = realloc(there->edge, steps * sizeof(*edges));
	if (!edges)
		return &hg_error_no_memory;
	there->edge = edges;
	memcpy(objects + there->steps, back->object + 1, (back->steps - 1) * sizeof(*objects));
	memcpy(edges + there->steps, back->edge + 1, (back->steps - 1) * sizeof(*edges));
	there->steps = steps;
	return NULL;
}

/* A ring through both, if there is one by shortest ways. */
static struct hg_error *ring_through(struct making *making, uint32_t object, uint32_t other,
				     struct chain *ret)
{
	struct chain back = {0};
	struct hg_error *error = ring_search_way(making->search, object, other, ret);

	if (!error && ret->steps)
		error = ring_search_way(making->search, other, object, &back);
	if (!error && ret->steps)
		error = join(ret, &back);
	chain_deinit(&back);
	return error;
}

/* The member that a reader knows: an instance of a class written in Python. Where there is none, one
 * whose type's name comes first: in which order gc lists objects depends on the version of CPython. */
static uint32_t known_member(const struct making *making, const struct loop *loop)
{
	const struct snapshot *s = making->answer->s;
	const uint32_t *members = making->loops.members + loop->first;
	uint32_t first = members[0];

	for (uint32_t k = 0; loop->user && k < loop->size; k++)
		if ((s->flags[members[k]] & HGS_OBJ_USER) &&
		    !is_ctypes_function(s, members[k]) && /* of a class that ctypes makes */
		    !holder_at(making, members[k], HGS_HOLDER_HANDLE))
			return members[k];
	for (uint32_t k = 1; k < loop->size; k++)
		if (strcmp(snapshot_type_name(s, members[k]), snapshot_type_name(s, first)) < 0)
			first = members[k];
	return first;
}

/* A ring that starts at an attribute dictionary is told from its owner, one step earlier. */
static void start_at_owner(struct chain *ring)
{
	uint32_t last = ring->steps - 1;

	if (ring->steps < 3 || HGS_EDGE_KIND(ring->edge[last]) != HGS_EDGE_ATTR_DICT)
		return;
	for (uint32_t i = last; i > 1; i--) {
		ring->object[i] = ring->object[i - 1];
		ring->edge[i] = ring->edge[i - 1];
	}
	ring->edge[1] = HGS_EDGE_ATTR_DICT;
	ring->object[1] = ring->object[0];
	ring->object[0] = ring->object[last];
}

struct hg_error *loop_ring(struct making *making, const struct loop *loop, struct chain *ret)
{
	uint32_t object = loop->exit, known = known_member(making, loop);
	struct hg_error *error = NULL;

	memset(ret, 0, sizeof(*ret));
	if (object == HGS_NONE)
		object = known;
	else if (loop->user && object != known && holder_at(making, object, HGS_HOLDER_HANDLE))
		error = ring_through(making, object, known, ret);
	else if (loop->user && object != known && holder_at(making, object, HGS_HOLDER_CALLBACK))
		error = ring_through(making, known, object, ret);
	if (!error && !ret->steps && loop->user && holder_at(making, object, HGS_HOLDER_HANDLE))
		object = known;
	if (!error && !ret->steps)
		error = ring_search_way(making->search, object, object, ret);
	if (!error)
		start_at_owner(ret);
	return error;
}
