/* References that no tp_traverse shows: those of objects whose types gc does not know, read word by
 * word out of their memory. */
#pragma once

#include "../graph/snapshot.h"
#include "linkmap.h"
#include "scan.h"

/* For each reference found from an opaque object to a wanted one (`wanted` gives the index into
 * `surplus`), counts surplus[].inferred. Those from types of extensions and of the program's own are
 * the rows of *ret (caller frees): types of the interpreter are known to do no harm. O(n + opaque
 * objects' bytes). */
_must_check_ struct hg_error *opaque_references(const struct snapshot *heap,
						const struct memory *memory, const uint8_t *traits,
						const struct linkmap *map, struct scan *wanted,
						struct hgs_surplus *surplus, uint32_t num_surplus,
						struct hgs_inferred **ret, uint32_t *count);
