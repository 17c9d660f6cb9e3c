/* How the copy of the target comes about, within one stop:
 *   the target's thread  clone(CLONE_VM | CLONE_FILES | CLONE_FS), no exit signal -> helper
 *   the helper           clone(CLONE_FILES | CLONE_FS), no exit signal -> the copy (page tables
 *                        are copied once, here); exits
 *   the target's thread  wait4(helper, __WALL): the target keeps no child
 * The copy is an orphan then and init's, so nobody but us has to do anything about it, ever. Both
 * share the table of descriptors, so that a close() in the target still closes.
 * Where the target would itself inherit the orphan (it is init of its pid namespace, or a child
 * subreaper), the copy is cloned from the target directly, and reaped in a second short stop.
 * FREEZE_PAUSE: the helper is the copy; it works in the target's memory while its threads stand.
 * Where the kernel makes no more processes, the target's limit of them gives way meanwhile. */
#pragma once

#include <stdbool.h>

#include "copy.h"
#include "remote.h"

struct cloning {
	bool pause;		/* FREEZE_PAUSE */
	uint32_t options;	/* PTRACE_O_* of the target's threads */
	struct remote *remote;
	bool target_reaps;	/* the copy is a child of the target */
	bool no_more_processes; /* the kernel made none: EAGAIN */
	bool limit_raised;	/* though the target's own limit was out of the way */
};

/* The remote is begun. On success *ret is stopped and ours. */
_must_check_ struct hg_error *cloning_run(struct cloning *c, struct copy *ret);
/* The target reaps a child that has ended; what it would find otherwise is a zombie. */
_must_check_ struct hg_error *cloning_reap(struct remote *remote, pid_t inner_pid);
