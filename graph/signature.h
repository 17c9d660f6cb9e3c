/* When two cycles are the same mistake: equal types and equal edges, wherever they start. */
#pragma once

#include "answer_parts.h"

/* Of all members of a loop and the references among them, with what it pins. Sums of hashes, so
 * that the order does not matter. O(references of its members). */
uint64_t loop_signature(const struct making *making, const struct loop *loop);
/* Of the objects and edges of a ring. O(steps). */
uint64_t ring_signature(const struct snapshot *s, const struct chain *ring);
