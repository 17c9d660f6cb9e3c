/* Memory outside Python's heap that an object owns and that goes with it. */
#pragma once

#include "../graph/instances.h"
#include "../inspect/memory.h"

/* Buffers of array.array, numpy.ndarray (its own data, not a view's), mmap.mmap and io.BytesIO, and of
 * their subclasses, ascending by object. What does not look like its type's structure is left out, and
 * so is what the walk has found as an object of its own. Caller frees *ret. O(types), one read of
 * memory for each object of these types. */
_must_check_ struct hg_error *py_buffers(const struct snapshot *heap, const struct instances *all,
					 const struct memory *memory, struct hgs_buffer **ret,
					 uint32_t *count);
