/* One way to every object: the shortest chain from a root, or in garbage the way from the cycle that
 * keeps it. */
#pragma once

#include "answer.h"

struct forest {
	uint32_t *parent; /* [n] HGS_NONE where a way begins */
	uint32_t *edge;	  /* [n] low 32 bits of the reference's position in target[] (m < 2^32) */
	uint32_t *order;  /* [n] all objects, each behind its parent */
};

/* O(n + m), garbage O(g log g). 12 bytes an object. */
_must_check_ struct hg_error *forest_create(const struct answer *answer, struct forest **ret);
void forest_destroy(struct forest *forest);
