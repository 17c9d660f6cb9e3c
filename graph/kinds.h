/* When two chains say the same: equal types and edges, wherever in a list or under what key. */
#pragma once

#include "answer.h"

struct kinds;

/* 8 bytes an object. The answer must outlive it. */
_must_check_ struct hg_error *kinds_create(const struct answer *answer, struct kinds **ret);
void kinds_destroy(struct kinds *kinds);
static inline void kinds_destroyp(struct kinds **kinds) { kinds_destroy(*kinds); }
#define _cleanup_kinds_ _cleanup_(kinds_destroyp)

/* Of the chain by which answer->reach comes to the object: equal for chains that say the same. A run
 * of equal steps counts as one, so that all links of a list are of one kind. Of objects that
 * nothing reaches by a chain: their state and type. 0 without memory. O(1) on average. */
uint64_t kind_of_chain(struct kinds *kinds, uint32_t object);
/* Whether the keys of a dict are names: an instance's, a module's or a class's, or sys.modules. */
bool has_names(const struct answer *answer, uint32_t dict);
/* Of the chain that comes to `referrer` and from there by an edge of that name to `object`. */
uint64_t kind_of_way(struct kinds *kinds, uint32_t referrer, uint32_t edge, uint32_t object);

/* Objects whose chains are of one kind. */
struct crowd {
	uint32_t object; /* the first of them */
	uint64_t count;
};
/* The largest crowd first. Caller frees. O(count log count). */
_must_check_ struct hg_error *crowds_create(const struct answer *answer, const uint32_t *objects,
					    uint64_t count, struct crowd **ret, uint32_t *crowds);
