/* Dominators: d dominates o if every way from a root to o leads through d. What d dominates is
 * what would be freed if d went, and the sum of its sizes is what d retains. */
#pragma once

#include "graph.h"

/* A tree over the objects that a root reaches, below a virtual root that stands above all roots
 * and has the index `n`. What no single object keeps alive ("shared") is a child of the virtual
 * root, as are the roots. A child list is in the order in which the search met the objects. */
struct dominators {
	uint32_t n;
	uint32_t reached;	/* objects in the tree */
	uint32_t *parent;	/* [n] immediate dominator; n: the virtual root; HGS_NONE: unreached */
	uint32_t *first_child;	/* [n + 1] HGS_NONE: none */
	uint32_t *next_sibling; /* [n + 1] HGS_NONE: the last */
	uint64_t *retained;	/* [n + 1] bytes, own size included; 0 where unreached */
	uint32_t *objects;	/* [n + 1] how many, itself included; 0 where unreached */
};

/* What is_root says of an object. What is left out is as if it were not there. A late root, and what only
 * late roots reach, dominate each other and have no say in what a root reaches. */
enum dominators_part { DOMINATORS_OBJECT = 0, DOMINATORS_ROOT = 1, DOMINATORS_OUT = 2, DOMINATORS_LATE = 3 };

/* `is_root` has a byte for each object. The caller owns *ret. Semi-NCA of Georgiadis ("Linear-time
 * algorithms for dominators and related problems", 2005, section 2.3): O(n + m log n) for the
 * semidominators; the walk to the dominators is O(n^2) on graphs built to that end and linear on
 * what programs make. 28 bytes an object in all; no recursion. */
_must_check_ struct hg_error *dominators_create(const struct graph *graph, const uint8_t *is_root,
						struct dominators **ret);
void dominators_destroy(struct dominators *dominators);

/* The next object of a walk of the subtree of `top` (an object or n), each before those below it;
 * HGS_NONE behind the last. Begin with `top`. O(1) on average, no memory.
 * dominators_skip() leaves out what is below `object`. */
uint32_t dominators_next(const struct dominators *dominators, uint32_t top, uint32_t object);
uint32_t dominators_skip(const struct dominators *dominators, uint32_t top, uint32_t object);
