/* Which line of code a reference is made by, as far as the heap shows it, and how gladly a
 * programmer changes that line. */
#pragma once

#include "answer_parts.h"

#define CHANGE_HOPELESS 1000u /* what CPython makes itself: no line of a program's */
#define CHANGE_MOST 80u	      /* a cut that costs more is of use to nobody */

struct change {
	uint64_t key;  /* equal for references that one change takes away */
	uint32_t cost; /* the lower, the better; CHANGE_HOPELESS */
};

/* Of the reference from `source` to `target`, whose edge name is `edge`. O(log holders + referrers
 * of an attribute dictionary). */
struct change change_of(struct making *making, uint32_t source, uint32_t edge, uint32_t target);

/* Whose attribute the reference is: `source`, or the owner of the attribute dictionary that it is;
 * HGS_NONE where it is no attribute. `*name` is a string of the snapshot. */
uint32_t attribute_owner(const struct answer *answer, uint32_t source, uint32_t edge,
			 const char **name);
