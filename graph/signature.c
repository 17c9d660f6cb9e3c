/* Types count by name, not by identity: ctypes makes a class `_FuncPtr` for each library. Positions
 * in lists do not count, nor do keys that are not strings: the hundredth entry of a table is as
 * much a leak as the first. */
#include "signature.h"

#include <string.h>
#include <xxhash.h>

static uint64_t text_hash(const char *text, uint64_t seed)
{
	return XXH3_64bits_withSeed(text, strlen(text), seed);
}

static uint64_t edge_hash(const struct snapshot *s, uint32_t edge, uint64_t seed)
{
	enum hgs_edge kind = HGS_EDGE_KIND(edge);
	uint32_t payload = HGS_EDGE_PAYLOAD(edge);

	switch (kind) {
	case HGS_EDGE_ATTR:
	case HGS_EDGE_KEY:
	case HGS_EDGE_LOCAL:
	case HGS_EDGE_CELL:
		return s->type[payload] != HGS_NONE &&
				       strcmp(snapshot_type_name(s, payload), "str") == 0
			       ? text_hash(snapshot_text(s, payload), seed + kind)
			       : seed + kind;
	case HGS_EDGE_MEMBER:
		return text_hash(snapshot_string(s, payload), seed + kind);
	default:
		return seed * 31 + kind;
	}
}

static uint64_t type_hash(const struct snapshot *s, uint32_t object)
{
	return text_hash(snapshot_type_name(s, object), 0);
}

uint64_t ring_signature(const struct snapshot *s, const struct chain *ring)
{
	uint64_t sum = ring->steps;

	for (uint32_t i = 1; i < ring->steps; i++)
		sum += edge_hash(s, ring->edge[i], type_hash(s, ring->object[i])) *
		       (type_hash(s, ring->object[i - 1]) | 1);
	return sum;
}

uint64_t loop_signature(const struct making *making, const struct loop *loop)
{
	const struct answer *answer = making->answer;
	const struct snapshot *s = answer->s;
	uint64_t sum = loop->size * 4ull + loop->state;

	for (uint32_t k = loop->first; k < loop->first + loop->size; k++) {
		uint32_t object = making->loops.members[k];
		uint64_t type = type_hash(s, object);

		for (uint64_t e = s->start[object]; e < s->start[object + 1]; e++)
			if (answer->component[s->target[e]] == loop->component)
				sum += edge_hash(s, s->name[e], type_hash(s, s->target[e])) *
				       (type | 1);
	}
	if (loop->owner != HGS_NONE)
		sum += answer->holders[loop->owner].library * 0x9e3779b97f4a7c15ull + 1;
	return sum;
}
