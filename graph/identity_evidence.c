/* CPython does not number its objects, so there is no proof of birth; this is what a snapshot has
 * instead. A value that cannot change and has changed, or a generation that only grows and has
 * fallen, is proof of two objects. The rest are signs: a name that still leads to the address, and
 * attributes that still have their values. */
#include "identity_evidence.h"

#include <string.h>

#define COMPARED 64 /* references; more of them would not say more */

static uint32_t generation(uint32_t flags)
{
	return flags >> HGS_OBJ_GENERATION_SHIFT & 3;
}

/* gc takes dicts, tuples and frames out of its lists and puts them into the youngest again
 * (MAINTAIN_TRACKING() in Objects/dictobject.c, _PyTuple_MaybeUntrack(), take_ownership() in
 * Python/frame.c). All others go from younger to older only. */
static bool stays_tracked(const struct snapshot *s, uint32_t i)
{
	const char *type = snapshot_type_name(s, i);

	return !(s->flags[i] & HGS_OBJ_DICT) && strcmp(type, "tuple") && strcmp(type, "frame");
}

static bool grew_younger(const struct snapshot *old, uint32_t i, const struct snapshot *new,
			 uint32_t j)
{
	const uint32_t both = old->flags[i] & new->flags[j];

	return both & HGS_OBJ_TRACKED && !(new->flags[j] & HGS_OBJ_FROZEN) &&
	       generation(old->flags[i]) > 0 && generation(new->flags[j]) == 0 &&
	       stays_tracked(new, j);
}

static bool same_type(const struct snapshot *old, uint32_t i, const struct snapshot *new, uint32_t j)
{
	uint32_t a = old->type[i], b = new->type[j];

	if (a == HGS_NONE || b == HGS_NONE)
		return a == b;
	return old->addr[a] == new->addr[b] &&
	       !strcmp(snapshot_text(old, a), snapshot_text(new, b));
}

bool contradicts(const struct snapshot *old, uint32_t i, const struct snapshot *new, uint32_t j)
{
	const uint32_t lasting = HGS_OBJ_PSEUDO | HGS_OBJ_TYPE_OBJECT | HGS_OBJ_MODULE;
	const char *before = snapshot_text(old, i), *now = snapshot_text(new, j);

	if ((old->flags[i] ^ new->flags[j]) & lasting || !same_type(old, i, new, j))
		return true;
	if (old->flags[i] & HGS_OBJ_FINALIZED && !(new->flags[j] & HGS_OBJ_FINALIZED))
		return true;
	/* A snapshot that was redacted has no text for a value. */
	if (*before && *now && strcmp(before, now))
		return true;
	return grew_younger(old, i, new, j);
}

static bool same_name_object(const struct snapshot *old, uint32_t a, const struct snapshot *new,
			     uint32_t b)
{
	return old->addr[a] == new->addr[b] && !contradicts(old, a, new, b);
}

static bool same_name(const struct snapshot *old, uint32_t a, const struct snapshot *new, uint32_t b)
{
	uint32_t x = HGS_EDGE_PAYLOAD(a), y = HGS_EDGE_PAYLOAD(b);

	switch (HGS_EDGE_KIND(b)) {
	case HGS_EDGE_ATTR:
	case HGS_EDGE_KEY:
	case HGS_EDGE_LOCAL:
	case HGS_EDGE_CELL:
		return same_name_object(old, x, new, y) ||
		       (*snapshot_text(new, y) && same_type(old, x, new, y) &&
			!strcmp(snapshot_text(old, x), snapshot_text(new, y)));
	case HGS_EDGE_MEMBER:
		return !strcmp(snapshot_string(old, x), snapshot_string(new, y));
	default:
		return x == y;
	}
}

enum place same_place(const struct snapshot *old, uint32_t a, const struct snapshot *new, uint32_t b)
{
	if (HGS_EDGE_KIND(a) != HGS_EDGE_KIND(b))
		return PLACE_NONE;
	switch (HGS_EDGE_KIND(b)) {
	case HGS_EDGE_INDEX:
	case HGS_EDGE_SET_ITEM:
	case HGS_EDGE_STACK:
	case HGS_EDGE_UNNAMED:
		return PLACE_WEAK;
	case HGS_EDGE_TYPE:
		return PLACE_NONE;
	default:
		return same_name(old, a, new, b) ? PLACE_STRONG : PLACE_NONE;
	}
}

struct tally {
	unsigned equal, different;
};

/* Texts of values that do not change: what a name, a class or a function is called says nothing of
 * the object that refers to it. */
static bool is_value(const struct snapshot *s, uint32_t object)
{
	const uint32_t named = HGS_OBJ_TYPE_OBJECT | HGS_OBJ_MODULE | HGS_OBJ_GC;

	return !(s->flags[object] & named) && *snapshot_text(s, object);
}

static void compare_references(const struct snapshot *old, uint32_t i, const struct snapshot *new,
			       uint32_t j, struct tally *tally)
{
	uint64_t a = old->start[i], b = new->start[j];

	for (unsigned k = 0; k < COMPARED && a < old->start[i + 1ul] && b < new->start[j + 1ul];
	     k++, a++, b++) {
		enum hgs_edge kind = HGS_EDGE_KIND(new->name[b]);
		uint32_t x = old->target[a], y = new->target[b];

		if (kind == HGS_EDGE_TYPE || kind == HGS_EDGE_DICT_KEY || !is_value(new, y) ||
		    !is_value(old, x))
			continue;
		if (HGS_EDGE_KIND(old->name[a]) == kind &&
		    same_name(old, old->name[a], new, new->name[b]) && same_type(old, x, new, y) &&
		    !strcmp(snapshot_text(old, x), snapshot_text(new, y)))
			tally->equal++;
		else
			tally->different++;
	}
}

static uint32_t own_dict(const struct snapshot *s, uint32_t object)
{
	uint64_t end = s->start[object + 1ul], start = s->start[object];

	for (uint64_t e = start; e < end && e < start + COMPARED; e++)
		if (HGS_EDGE_KIND(s->name[e]) == HGS_EDGE_ATTR_DICT)
			return s->target[e];
	return HGS_NONE;
}

enum values compare_values(const struct snapshot *old, uint32_t i, const struct snapshot *new,
			   uint32_t j)
{
	uint32_t before = own_dict(old, i), now = own_dict(new, j);
	struct tally tally = {0};

	compare_references(old, i, new, j, &tally);
	if (before != HGS_NONE && now != HGS_NONE)
		compare_references(old, before, new, now, &tally);
	if (tally.different > tally.equal)
		return VALUES_DIFFER;
	return tally.equal ? VALUES_EQUAL : VALUES_UNKNOWN;
}
