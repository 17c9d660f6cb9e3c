/* Kernel threads behind Python's thread states: number and name of each. */
#pragma once

#include "../graph/snapshot_write.h"
#include "process.h"

struct thread_name {
	uint32_t tid; /* as the process itself numbers it */
	char name[64]; /* "" where it is not known */
};

struct threads {
	struct thread_name *list;
	size_t count;
	uint32_t main; /* tid of the main thread; 0: not known */
};

/* Those of a process, by its source. O(threads). */
_must_check_ struct hg_error *threads_read(const struct process *process, struct threads *ret);
void threads_deinit(struct threads *threads);
/* The source of a live process. */
_must_check_ struct hg_error *threads_of_proc(const struct process *process, struct threads *ret);

/* Fills in `tid` (where the interpreter does not keep it: 3.8 to 3.10, through glibc's struct pthread)
 * and `name` of each row. What cannot be told stays 0. O(threads of the process * rows). */
_must_check_ struct hg_error *threads_name(const struct process *process, const struct memory *memory,
					   struct hgs_thread *threads, uint32_t count,
					   struct snapshot_writer *writer);

/* Threads of a process, by /proc; 0 where it is gone. */
uint32_t threads_count(pid_t pid);
