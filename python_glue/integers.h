/* The values of ints that may be addresses. */
#pragma once

#include "../graph/instances.h"
#include "../inspect/memory.h"
#include "layout.h"

struct py_integer {
	uint64_t value;
	uint32_t object;
};

/* The positive ints below 2^60 whose value is a multiple of 16 and no small number: what may be the address of
 * a block. The array is the caller's to free. A redacted snapshot has no values: there they are read from
 * memory, many with one system call. O(types + ints). */
_must_check_ struct hg_error *py_integers(const struct snapshot *heap, const struct instances *all,
					  const struct memory *memory,
					  const struct py_layout *layout, struct py_integer **ret,
					  uint32_t *count);
