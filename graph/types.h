/* Objects counted by type. */
#pragma once

#include "answer.h"

struct type_row {
	const char *name;
	uint32_t type; /* one type object of that name */
	uint64_t count, bytes;
};

/* Rows by bytes, the largest first. Types of one name are one row: ctypes makes a class
 * `_FuncPtr` per library, and ten thousand rows of it tell nobody anything. Frames and thread
 * states are no objects and not counted. Caller frees. O(n + types log types), 12 bytes an object
 * while it runs. */
_must_check_ struct hg_error *types_count(const struct snapshot *s, struct type_row **ret,
					  uint32_t *count);
