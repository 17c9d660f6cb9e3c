/* What an interpreter says of its own layout (3.13 and newer). */
#pragma once

#include "../graph/error.h"
#include "../inspect/memory.h"
#include "layout.h"

/* Replaces the offsets that _Py_DebugOffsets (at the start of _PyRuntime) states. Does nothing
 * before 3.13. Exit code 5 where the description is damaged, tells of a free-threaded build, or
 * contradicts the version. O(1). */
_must_check_ struct hg_error *py_debug_offsets_apply(const struct memory *memory, uint64_t runtime,
						     struct py_layout *layout);

/* The same on words already read; `version` must be that of the layout. */
_must_check_ struct hg_error *py_debug_offsets_merge(const uint64_t *words, size_t count,
						     struct py_layout *layout);
