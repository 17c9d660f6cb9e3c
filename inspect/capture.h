/* From a process to a finished snapshot in a file. */
#pragma once

#include "../graph/snapshot_write.h"
#include "descriptors.h"
#include "facts.h"
#include "freeze.h"
#include "interrupt.h"
#include "progress.h"
#include "walk.h"

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

/* A capture in the making, for those who have a walked copy already: what capture() fills in as well.
 * All are the caller's. */
struct taking {
	struct process *process;
	const struct py_runtime *runtime;
	const struct walk *walk;
	const char *maps;		  /* /proc/PID/maps of before the walk */
	const struct descriptors *before; /* those that were open before the copy was made; NULL: not known */
	struct snapshot_writer *writer;
	struct hgs_meta meta; /* method, time_ns, threads, consistent, stopped_ns */
	const char *why_inconsistent;
	uint64_t taken_ns; /* CLOCK_BOOTTIME of the copy; 0: nothing is known of when */
	struct facts_gaps gaps;
};

/* When the copy was made, which is now, and how many threads the process has. */
void capture_moment(struct taking *taking, pid_t pid);
/* All that is read while the copy exists; then what ends the file, for which it may be gone. */
_must_check_ struct hg_error *capture_record(struct taking *taking, struct freeze *freeze,
					      const struct interrupt *interrupt);
_must_check_ struct hg_error *capture_finish(struct taking *taking);
