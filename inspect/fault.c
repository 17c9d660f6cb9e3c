/* The steps that a test can fail, by name. See fault.h. */
#include "fault.h"

#include <string.h>

#ifdef HEAPGRAPH_FAULTS
static const char *const step_names[FAULT_STEPS] = {
	[FAULT_SEIZE] = "seize",     [FAULT_STOP] = "stop",   [FAULT_SAFE_POINT] = "safe-point",
	[FAULT_GADGETS] = "gadgets", [FAULT_FRAME] = "frame", [FAULT_CLONE] = "clone",
	[FAULT_COPY] = "copy",	     [FAULT_REAP] = "reap",   [FAULT_RESTORE] = "restore",
};

struct hg_error *fault_at(enum fault_step step)
{
	const char *name = getenv("HEAPGRAPH_FAULT");

	if (!name || strcmp(name, step_names[step]) != 0)
		return NULL;
	return hg_error_new(HG_EXIT_FAILURE, "step %s: made to fail", name);
}
#endif
