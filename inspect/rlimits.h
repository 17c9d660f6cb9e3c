/* Resource limits that stand in the way of a copy. */
#pragma once

#include <sys/resource.h>

#include "remote.h"

/* Takes the limits of memory, inherited from the target, off the copy. */
void limits_lift(pid_t copy);

/* The target may make no more processes (RLIMIT_NPROC counts those of its user): raises that limit
 * until limits_restore(), or until our death, when the thread restores it by itself. False where we
 * may not; then nothing is changed. Needs CAP_SYS_RESOURCE, or the target's own user and a soft limit
 * below the hard one. */
_must_check_ bool limits_raise_processes(struct remote *remote, struct rlimit *old);
_must_check_ struct hg_error *limits_restore_processes(const struct remote *remote,
						       const struct rlimit *old);
