/* Who keeps how much alive: the dominators of an answer's heap, and the rows worth showing. */
#pragma once

#include "answer.h"
#include "dominators.h"

/* A byte for each object, enum dominators_part: is it a root of what is alive? Roots are the known
 * roots, objects with references that nothing found accounts for, and immortal ones: none of them goes
 * when a referrer goes. Left out are observers; late roots are what only they look at. Caller frees.
 * O(n). */
_must_check_ struct hg_error *retained_roots(const struct answer *answer, uint8_t **ret);
/* The dominators of what is alive, from these roots. What only garbage, or garbage in the permanent
 * generation, reaches is left out, since nothing keeps it (see struct retained_heap). O() as
 * dominators_create(). */
_must_check_ struct hg_error *retained_dominators(const struct answer *answer,
						  struct dominators **ret);
static inline void dominators_destroyp(struct dominators **d) { dominators_destroy(*d); }
#define _cleanup_dominators_ _cleanup_(dominators_destroyp)

struct retained_heap {
	uint64_t live, live_bytes;	 /* in the tree */
	uint64_t shared, shared_bytes;	 /* own sizes of what no single object keeps, roots included */
	uint64_t garbage, garbage_bytes; /* outside */
};
/* O(n). */
struct retained_heap retained_heap(const struct snapshot *s, const struct dominators *d);

/* One object of the tree, or what is left of its siblings in one row. */
struct retained_row {
	uint32_t object; /* HGS_NONE: the rest, `count` objects and what they retain */
	uint32_t depth;
	uint64_t count, objects, bytes;
	uint32_t type; /* of the rest: of all `count`; HGS_NONE: of several */
};

/* What `top` dominates (an object, or d->n for the whole heap), each object before those it
 * dominates itself, the largest first, `depth` levels. An object has a row if it retains a
 * hundredth of what `top` does at least, and `limit` others at
 * most come before it below the same dominator; the rest is one row. limit 0: all objects. An
 * instance's attribute dictionary is folded into the instance. Caller frees. O(n). */
_must_check_ struct hg_error *retained_rows(const struct snapshot *s, const struct dominators *d,
					    uint32_t top, uint32_t depth, uint32_t limit,
					    struct retained_row **ret, size_t *count);

/* How the answer's chain reaches the object: "__main__.cache['a']". Caller frees; NULL without
 * memory. */
char *retained_path(const struct answer *answer, uint32_t object);
