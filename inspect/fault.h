/* Failing one step of the freeze on purpose, so that tests see every way out.
 *
 * HEAPGRAPH_FAULT=NAME makes that step fail, in builds with -DHEAPGRAPH_FAULTS only; elsewhere
 * fault_at() is a constant NULL. */
#pragma once

#include "../graph/error.h"

enum fault_step {
	FAULT_SEIZE,
	FAULT_STOP,
	FAULT_SAFE_POINT,
	FAULT_GADGETS,
	FAULT_FRAME,
	FAULT_CLONE,
	FAULT_COPY,
	FAULT_REAP,
	FAULT_RESTORE,
	FAULT_STEPS
};

#ifdef HEAPGRAPH_FAULTS
_must_check_ struct hg_error *fault_at(enum fault_step step);
#else
static inline struct hg_error *fault_at(enum fault_step step)
{
	return NULL;
}
#endif
