/* Objects counted by type. */
#pragma once

#include "answer.h"
#include "dominators.h"

struct type_row {
	const char *name;
	uint32_t type; /* one type object of that name */
	uint64_t count, bytes;
	/* what its topmost instances retain, those that no other instance of the row dominates; 0
	 * where dominators were not given, and for garbage */
	uint64_t retained;
};

/* Rows by bytes, the largest first. Types of one name are one row: ctypes makes a class
 * `_FuncPtr` per library, and ten thousand rows of it tell nobody anything. Frames and thread
 * states are no objects and not counted. `d` may be NULL. Of `marked` only objects whose byte is set
 * count; NULL: all. Caller frees. O(n + types log types), 12 bytes an object while it runs. */
_must_check_ struct hg_error *types_count(const struct snapshot *s, const struct dominators *d,
					  const uint8_t *marked, struct type_row **ret,
					  uint32_t *count);
/* As above, of `top` and what it dominates; `retained` is 0. */
_must_check_ struct hg_error *types_count_below(const struct snapshot *s,
						const struct dominators *d, uint32_t top,
						struct type_row **ret, uint32_t *count);
