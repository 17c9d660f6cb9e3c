/* A copy of the process that we are in, which walks its own heap.
 *
 * Whoever holds the GIL stands at a moment when the heap is whole: a clone made there is what the
 * freezer of inspect/ has to wait for. The child runs nothing but the hook, on the caller's stack,
 * with handlers of its own for the faults of a tp_traverse; then it sleeps until it is killed, and
 * its memory is read. It has no exit signal, so that no SIGCHLD and no waitpid(-1) of the program
 * sees it, and dies with the thread that made it. */
#pragma once

#include "../../inspect/scan.h"
#include "../../inspect/walk.h"

struct own_copy {
	pid_t pid;		  /* 0: not made yet */
	struct own_shared *shared; /* mapped in both */
	int file;		   /* in memory, open in both; -1: none */
};

/* Maps what both share. */
_must_check_ struct hg_error *own_copy_prepare(struct own_copy *ret);
/* Clones. The caller holds the GIL. */
_must_check_ struct hg_error *own_copy_make(struct own_copy *copy);
/* Waits until the copy can be read. The GIL is not needed, here and below. */
_must_check_ struct hg_error *own_copy_begin(struct own_copy *copy);
/* Has the copy walk. O(heap). */
_must_check_ struct hg_error *own_copy_walk(struct own_copy *copy, const struct py_runtime *runtime,
					    uint64_t flags, struct walk *ret);
/* Marks the innermost `frames` of the calling thread as observers (HGS_OBJ_OBSERVER), in the copy's
 * columns. O(frames of all threads). */
_must_check_ struct hg_error *own_copy_mark(const struct own_copy *copy,
					    const struct hook_control *control, unsigned frames);
/* freeze->search of such a copy. */
_must_check_ struct hg_error *own_copy_search(void *copy, const struct scan *scan,
					      const struct scan_range *ranges, size_t count,
					      struct scan_hits *ret);
/* Kills and collects it. Idempotent. */
void own_copy_end(struct own_copy *copy);
