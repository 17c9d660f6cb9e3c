/* From a process to a finished snapshot in a file. */
#pragma once

#include "freeze.h"
#include "interrupt.h"
#include "progress.h"

struct capture_options {
	struct freeze_options freeze;
	bool redact;
};

/* Freezes, walks, reads native facts, writes the snapshot to `fd` (empty, readable and writable,
 * stays the caller's). The target is let go and nothing is left of it whatever happens. */
_must_check_ struct hg_error *capture(struct process *process,
				      const struct capture_options *options, int fd,
				      const char *name, const struct interrupt *interrupt,
				      struct progress *progress);
