/* The cheapest changes that free an object from the cycles that keep it. */
#pragma once

#include <stdint.h>

#include "error.h"

#define CUT_MOST 8u /* changes of one cut */

/* References of a part of the graph, by target. A change takes several references away at once, as
 * one line of code does that assigns an attribute of a class: it is paid for once. */
struct cut_problem {
	uint32_t n;		 /* objects */
	uint32_t object;	 /* the one to free */
	const uint32_t *start;	 /* [n + 1] the references to object i are [start[i], start[i + 1]) */
	const uint32_t *source;	 /* their referrers */
	const uint32_t *change;	 /* and which change takes each away */
	uint32_t changes;
	const uint32_t *cost;	 /* [changes], each more than 0 */
	uint32_t most;		 /* the highest cost of a whole cut that is of use */
};

enum cut_verdict {
	CUT_FOUND,     /* no cut costs less; of several that cost this, the first one met */
	CUT_NONE,      /* none within `most` and CUT_MOST */
	CUT_TOO_LARGE, /* the work allowed did not suffice to tell */
};

struct cut {
	enum cut_verdict verdict;
	uint32_t change[CUT_MOST];
	uint32_t count, cost; /* 0 where nothing keeps the object to begin with */
};

/* Frees the object: without the references of the cut no cycle goes through it or leads to it, so
 * that reference counts alone will free it. *work is how many references may be looked at; it is
 * reduced by those that were. O(*work) time, 17 bytes an object. */
_must_check_ struct hg_error *cut_search(const struct cut_problem *problem, uint64_t *work,
					 struct cut *ret);
