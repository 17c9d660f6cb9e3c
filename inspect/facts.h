/* What a snapshot needs beyond the heap: roots, threads, frames, libraries, segments, holders.
 * Read while the frozen copy exists, written as the small sections at the file's end. */
#pragma once

#include "../graph/snapshot_write.h"
#include "../python_glue/runtime.h"
#include "descriptors.h"
#include "freeze.h"
#include "process.h"
#include "walk.h"

/* Why something is not known, as static texts; NULL where it is. */
struct facts_gaps {
	const char *opens;   /* the open counts of libraries */
	const char *holders; /* some owners of handles */
	const char *memory;  /* memory that a core does not have; not set by facts_write() */
};

/* `freeze` is the frozen copy; `maps` what /proc/PID/maps said of it before the walk; `before` are
 * the descriptors that were open before it was made, NULL where that is not known. *gaps: what of it
 * could not be told. */
_must_check_ struct hg_error *facts_write(struct process *process, const struct py_runtime *runtime,
					  const struct freeze *freeze, const char *maps,
					  const struct walk *walk,
					  const struct descriptors *before,
					  struct snapshot_writer *writer,
					  struct facts_gaps *gaps);
