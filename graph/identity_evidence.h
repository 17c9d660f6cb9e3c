/* What two objects at one address tell about whether they are one; used by identity.c alone. */
#pragma once

#include "snapshot.h"

/* Something that the same object could not have become: another type, another value of what does not
 * change, a younger gc generation, a finalizer that has not run any more. */
bool contradicts(const struct snapshot *old, uint32_t i, const struct snapshot *new, uint32_t j);

/* A reference says "here it was before": strongly where it has a name (the attribute, the key, the
 * variable), weakly where it is one of a row. */
enum place { PLACE_NONE, PLACE_WEAK, PLACE_STRONG };
/* Of references from one object, before and now, to the object in question. `a`, `b`: edge names. */
enum place same_place(const struct snapshot *old, uint32_t a, const struct snapshot *new, uint32_t b);

/* The values that the two refer to under the same names. O(1): the first 64 references. */
enum values { VALUES_UNKNOWN, VALUES_EQUAL, VALUES_DIFFER };
enum values compare_values(const struct snapshot *old, uint32_t i, const struct snapshot *new,
			   uint32_t j);
