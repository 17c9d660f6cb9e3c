/* The moment at which the heap is whole: every GIL free, or held by a thread that we caught at a
 * bytecode boundary, and no collection under way. */
#pragma once

#include "../python_glue/runtime.h"
#include "process.h"
#include "tracee.h"

struct safe_point {
	bool consistent;
	const char *why_inconsistent; /* static text, NULL where consistent */
};

/* Stops every thread at such a moment, or, when `timeout_ns` passes without one, anywhere. Lists the
 * interpreters anew in `runtime`. */
_must_check_ struct hg_error *safepoint_reach(struct tracees *tracees,
					      const struct process *process,
					      struct py_runtime *runtime, uint64_t timeout_ns,
					      struct safe_point *ret);
