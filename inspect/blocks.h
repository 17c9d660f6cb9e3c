/* Which addresses are those of blocks of malloc. */
#pragma once

#include "../graph/snapshot_write.h"
#include "linkmap.h"

/* Of the rows, whose `address` and `object` are set, keeps those whose address is where an allocated block of
 * glibc's malloc begins, outside every Python object, and sets their size; returns how many. The rows are
 * sorted. O(rows log rows + objects). */
_must_check_ struct hg_error *blocks_prove(const struct snapshot *heap, const struct memory *memory,
					   const struct linkmap *map, struct hgs_block *rows,
					   uint32_t count, uint32_t *kept);
