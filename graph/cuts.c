/* Which edge of a ring to cut. Any one would do; the one to name is the one that a line of the
 * user's code made, and that weakref or a closure's argument can replace. Only what the ring itself
 * shows is said. */
#include <string.h>

#include "answer_parts.h"
#include "edge_text.h"

/* Position before i in the ring, whose first object is its last as well. */
static uint32_t before(const struct chain *ring, uint32_t i)
{
	return i > 1 ? i - 1 : ring->steps - 1;
}

char *ring_attribute(const struct snapshot *s, const struct chain *ring, uint32_t i)
{
	uint32_t owner = ring->object[i - 1], payload = HGS_EDGE_PAYLOAD(ring->edge[i]);
	const char *name;
	char *text;

	switch (HGS_EDGE_KIND(ring->edge[i])) {
	case HGS_EDGE_ATTR:
		name = snapshot_text(s, payload);
		break;
	case HGS_EDGE_MEMBER:
		name = snapshot_string(s, payload);
		break;
	case HGS_EDGE_KEY:
		if (HGS_EDGE_KIND(ring->edge[before(ring, i)]) != HGS_EDGE_ATTR_DICT)
			return NULL;
		owner = ring->object[before(ring, i) - 1];
		name = snapshot_text(s, payload);
		break;
	default:
		return NULL;
	}
	return asprintf(&text, "%s.%s", snapshot_type_name(s, owner), name) < 0 ? NULL : text;
}

/* An attribute that code assigned, and not a field of an interpreter's own structure: of an
 * instance of a class written in Python. */
static bool is_assigned(const struct snapshot *s, const struct chain *ring, uint32_t i)
{
	uint32_t owner = ring->object[i - 1];

	if (HGS_EDGE_KIND(ring->edge[i]) == HGS_EDGE_KEY &&
	    HGS_EDGE_KIND(ring->edge[before(ring, i)]) == HGS_EDGE_ATTR_DICT)
		owner = ring->object[before(ring, i) - 1];
	else if (HGS_EDGE_KIND(ring->edge[i]) != HGS_EDGE_ATTR &&
		 HGS_EDGE_KIND(ring->edge[i]) != HGS_EDGE_MEMBER)
		return false;
	return s->flags[owner] & HGS_OBJ_USER;
}

/* The nearest assigned attribute at or before step i, going round once; 0: none. */
static uint32_t assigned_before(const struct snapshot *s, const struct chain *ring, uint32_t i)
{
	for (uint32_t n = 1; n < ring->steps; n++, i = before(ring, i))
		if (is_assigned(s, ring, i))
			return i;
	return 0;
}

static uint32_t step_to(const struct snapshot *s, const struct chain *ring, const char *type)
{
	for (uint32_t i = 1; i < ring->steps; i++)
		if (type_is(s, ring->object[i], type))
			return i;
	return 0;
}

static uint32_t step_by(const struct chain *ring, enum hgs_edge kind)
{
	for (uint32_t i = 1; i < ring->steps; i++)
		if (HGS_EDGE_KIND(ring->edge[i]) == kind)
			return i;
	return 0;
}

/* The last assigned attribute that leads to an instance of a user's class: the way back. */
static uint32_t step_back(const struct snapshot *s, const struct chain *ring)
{
	uint32_t found = 0;

	for (uint32_t i = 1; i < ring->steps; i++) {
		if (!is_assigned(s, ring, i))
			continue;
		if (!found || (s->flags[ring->object[i]] & HGS_OBJ_USER))
			found = i;
	}
	return found;
}

bool ring_is_function_cache(const struct making *making, const struct chain *ring)
{
	const struct snapshot *s = making->answer->s;
	bool function = false;

	for (uint32_t i = 0; i < ring->steps; i++) {
		uint32_t object = ring->object[i];

		if (holder_at(making, object, HGS_HOLDER_FUNCTION))
			function = true;
		else if (!holder_at(making, object, HGS_HOLDER_HANDLE) &&
			 !(s->flags[object] & HGS_OBJ_DICT))
			return false;
	}
	return function;
}

/* "BEFORE `NAME` AFTER"; frees the name. */
static struct hg_error *say(char **advice, const char *before_name, char *name, const char *after)
{
	int length = name ? asprintf(advice, "%s `%s`%s", before_name, name, after) : -1;

	free(name);
	if (length < 0)
		*advice = NULL;
	return length < 0 ? &hg_error_no_memory : NULL;
}

struct hg_error *cut_choose(const struct making *making, const struct chain *ring, uint32_t *cut,
			    char **advice)
{
	const struct snapshot *s = making->answer->s;
	uint32_t step;

	*cut = 0;
	*advice = NULL;
	if (ring->steps < 2 || ring_is_function_cache(making, ring))
		return NULL;
	step = step_to(s, ring, "method");
	*cut = step ? assigned_before(s, ring, step) : 0;
	if (*cut)
		return say(advice, "drop", ring_attribute(s, ring, *cut),
			   " when done, or store the bound method as weakref.WeakMethod");
	step = step_to(s, ring, "traceback");
	if (step) {
		*cut = step;
		return say(advice, "clear the exception's", strdup("__traceback__"),
			   " (or `del` the stored exception) once it is handled");
	}
	step = step_by(ring, HGS_EDGE_CELL);
	if (step) {
		*cut = step;
		return say(advice, "the closure captures",
			   strdup(snapshot_text(s, HGS_EDGE_PAYLOAD(ring->edge[step]))),
			   ": pass it as an argument, or capture a weakref.ref of it");
	}
	*cut = step_back(s, ring);
	if (!*cut)
		return NULL;
	return say(advice, "drop", ring_attribute(s, ring, *cut),
		   " when done, or make it a weakref.ref");
}
