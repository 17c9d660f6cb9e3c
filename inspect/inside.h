/* In which Python object an address lies. */
#pragma once

#include "../graph/snapshot.h"

/* object[i] of each of the ascending addresses gets the object whose own memory it lies in, or HGS_NONE.
 * O(objects + addresses), log addresses for the few objects beside one. */
void inside_objects(const struct snapshot *heap, const uint64_t *addresses, uint32_t count,
		    uint32_t *object);
