/* The ways by which roots keep an object: the shortest chain, and for each further referrer the
 * chain that comes through it; those that say the same (see kinds.h) once. Breaking the shortest
 * alone frees nothing while another stands. */
#pragma once

#include "answer.h"

struct routes {
	struct chain *chain; /* shortest first */
	uint64_t *alike;     /* [count] how many referrers each stands for */
	uint32_t count;	     /* at most what was asked for */
	uint64_t kinds;	     /* chains that differ, whether asked for or not */
	uint64_t total;	     /* distinct referrers that a root reaches otherwise than by the object */
};

/* O(referrers * depth), and 8 bytes an object of the heap while it runs. count 0 where no root reaches the object. */
_must_check_ struct hg_error *routes_create(const struct answer *answer, uint32_t object,
					    uint32_t max, struct routes *ret);
void routes_deinit(struct routes *routes);
#define _cleanup_routes_ _cleanup_(routes_deinit)
