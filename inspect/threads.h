/* Kernel threads behind Python's thread states: number and name of each. */
#pragma once

#include "../graph/snapshot_write.h"
#include "process.h"

/* Fills in `tid` (where the interpreter does not keep it: 3.8 to 3.10, through glibc's struct pthread)
 * and `name` of each row. What cannot be told stays 0. O(threads of the process * rows). */
_must_check_ struct hg_error *threads_name(pid_t pid, const struct memory *memory,
					   struct hgs_thread *threads, uint32_t count,
					   struct snapshot_writer *writer);

/* Threads of a process, by /proc; 0 where it is gone. */
uint32_t threads_count(pid_t pid);
