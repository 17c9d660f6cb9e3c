#include "rlimits.h"

#include <errno.h>

/* The target's limits of memory were copied with it and leave the walk no room. Limits belong to a
 * process, not to its memory (signal_struct.rlim in the kernel), so the target keeps its own in
 * FREEZE_PAUSE as well. Past the hard limit needs CAP_SYS_RESOURCE; without it as far as that. */
void limits_lift(pid_t pid)
{
	const enum __rlimit_resource limits[] = { RLIMIT_AS, RLIMIT_DATA };
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit own;

	for (unsigned i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		if (prlimit(pid, limits[i], &unlimited, &own) == 0 ||
		    prlimit(pid, limits[i], NULL, &own) < 0)
			continue;
		own.rlim_cur = own.rlim_max;
		/* Where this is refused too, mapping memory says what is short. */
		if (prlimit(pid, limits[i], &own, NULL) < 0)
			return;
	}
}

bool limits_raise_processes(struct remote *remote, struct rlimit *old)
{
	struct rlimit raised = { RLIM_INFINITY, RLIM_INFINITY };

	if (prlimit(remote->pid, RLIMIT_NPROC, NULL, old) < 0 ||
	    !remote_promise_limit(remote, RLIMIT_NPROC, old))
		return false;
	if (prlimit(remote->pid, RLIMIT_NPROC, &raised, NULL) == 0)
		return true;
	raised = (struct rlimit){ old->rlim_max, old->rlim_max };
	return old->rlim_cur < old->rlim_max &&
	       prlimit(remote->pid, RLIMIT_NPROC, &raised, NULL) == 0;
}

struct hg_error *limits_restore_processes(const struct remote *remote, const struct rlimit *old)
{
	if (prlimit(remote->pid, RLIMIT_NPROC, old, NULL) == 0)
		return NULL;
	return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot restore the limit of processes of "
			      "process %d", remote->pid);
}
