/* Which process a snapshot is of, beyond its number. */
#pragma once

#include <sys/types.h>

#include "../graph/snapshot_write.h"

/* Writes HGS_PROCESS. `taken_ns` is CLOCK_BOOTTIME of the freeze. Where /proc does not tell when the
 * process started, nothing is written: the section's absence says that it is not known. */
_must_check_ struct hg_error *origin_write(pid_t pid, uint64_t taken_ns,
					   struct snapshot_writer *writer);
