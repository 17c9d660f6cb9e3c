/* What keeps a garbage object from being freed by its reference count: a cycle, and the way from
 * the cycle to the object. */
#pragma once

#include "answer.h"

struct keeper {
	struct chain ring; /* steps 0: none is found (the object dies with its last reference) */
	struct chain tail; /* from an object of the ring to the object; steps 0 where it is on it */
};

/* The nearest cycle that nothing else keeps, backwards breadth-first through objects of the same
 * state; types are not gone through, since that a class refers to what its instances use explains
 * nothing. For an object that a root reaches: the cycle through the object itself. O(all that
 * leads to it), 9 bytes an object of the heap while it runs. */
_must_check_ struct hg_error *keeper_of(const struct answer *answer, uint32_t object,
					struct keeper *ret);
void keeper_deinit(struct keeper *keeper);
#define _cleanup_keeper_ _cleanup_(keeper_deinit)
