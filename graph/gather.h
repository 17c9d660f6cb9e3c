/* Where many objects hang from. */
#pragma once

#include "answer.h"
#include "dominators.h"

struct gathering {
	uint32_t object; /* HGS_NONE: no single object keeps most of them */
	uint64_t count;	 /* how many of them go with it */
};

/* The deepest object that keeps nine of ten of the objects and is none of them, an attribute
 * dictionary told as its owner; modules and classes are no such point, they keep everything of
 * theirs. O(n). */
_must_check_ struct hg_error *gather(const struct answer *answer, const struct dominators *d,
				     const uint32_t *objects, uint64_t count,
				     struct gathering *ret);

/* What would be freed if all the objects went: those that a root reaches only by them, themselves
 * included. `freed` gets a byte per object. O(n + m). */
struct together {
	uint64_t objects, bytes;
	uint8_t *freed; /* caller frees */
};
_must_check_ struct hg_error *retained_together(const struct answer *answer,
						const uint32_t *objects, uint64_t count,
						struct together *ret);
