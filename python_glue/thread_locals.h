/* Whose attributes of a threading.local() are whose. */
#pragma once

#include "../graph/instances.h"
#include "../inspect/memory.h"

/* Rows of HGS_THREAD_LOCALS, ascending by dict; the caller frees *ret. `heap`: the walk's columns with
 * roots; `memory`: of the frozen copy. O(types + rows log rows). */
_must_check_ struct hg_error *py_thread_locals(const struct snapshot *heap,
					       const struct instances *all,
					       const struct memory *memory,
					       struct hgs_thread_local **ret, uint32_t *count);
