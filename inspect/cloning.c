/* The copy, made by injected calls. See cloning.h. */
#include "cloning.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"
#include "rlimits.h"

/* Whether orphans among the target's descendants become its children. */
static struct hg_error *find_reaper(struct cloning *c)
{
	const uint64_t arguments[6] = { PR_GET_CHILD_SUBREAPER, c->remote->scratch };
	_cleanup_fclose_ FILE *file = NULL;
	struct hg_error *error;
	uint32_t subreaper = 0;
	char path[64], line[256];
	int64_t result;

	snprintf(path, sizeof(path), "/proc/%d/status", c->remote->pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "NSpid:", 6) == 0)
			c->target_reaps = strtol(strrchr(line, '\t'), NULL, 10) == 1;
	error = remote_call(c->remote, SYS_prctl, arguments, &result, NULL);
	if (error || result < 0)
		return error;
	if (memory_read_u32(&c->remote->memory, c->remote->scratch, &subreaper) == 0 &&
	    subreaper)
		c->target_reaps = true;
	return NULL;
}

static struct hg_error *clone_failed(struct cloning *c, int errnum)
{
	pid_t pid = c->remote->pid;
	struct hg_error *error = hg_error_errno(HG_EXIT_FAILURE, errnum, "cannot copy process %d", pid);

	c->no_more_processes = errnum == EAGAIN;
	if (errnum == EAGAIN && c->limit_raised)
		return hg_error_hint(error, "no more processes are to be had: see pids.max of its cgroup "
				     "(/proc/%d/cgroup) and kernel.pid_max", pid);
	if (errnum == EAGAIN && geteuid() != 0)
		return hg_error_hint(error, "its user may have no more processes, root passes over "
				     "that: sudo heapgraph attach %d", pid);
	if (errnum == EAGAIN)
		return hg_error_hint(error, "its user may have no more processes: raise the limit that "
				     "it runs under (ulimit -u, LimitNPROC=)");
	if (!c->pause)
		return hg_error_hint(error, "walk in the stopped process instead: --mode pause");
	return error;
}

/* A child of the target's thread, stopped and in our hands. */
static struct hg_error *clone_child(struct cloning *c, uint64_t flags,
				    struct copy *ret)
{
	const uint64_t arguments[6] = { flags | CLONE_PARENT_SETTID, c->remote->child_stack,
					c->remote->child_slot };
	struct hg_error *error = fault_at(FAULT_CLONE);
	int64_t result = 0;
	pid_t child = 0;

	if (!error)
		error = remote_call(c->remote, SYS_clone, arguments, &result, &child);
	if (error)
		return error;
	if (result < 0)
		return clone_failed(c, (int)-result);
	*ret = (struct copy){ .pid = child, .inner_pid = (pid_t)result,
			      .stack = c->remote->child_stack, .gadgets = c->remote->gadgets };
	return copy_adopt(ret, c->options);
}

/* The helper clones the copy. */
static struct hg_error *clone_orphan(struct cloning *c, const struct copy *helper,
				     struct copy *ret)
{
	const uint64_t arguments[6] = { CLONE_FILES | CLONE_FS };
	struct hg_error *error = fault_at(FAULT_COPY);
	int64_t result = 0;
	pid_t child = 0;

	if (!error)
		error = remote_call_on(helper->pid, helper->gadgets, helper->stack, SYS_clone, arguments,
				       &result, &child);
	if (error)
		return error;
	if (result < 0)
		return clone_failed(c, (int)-result);
	*ret = *helper;
	ret->pid = child;
	ret->inner_pid = (pid_t)result;
	return copy_adopt(ret, c->options);
}

struct hg_error *cloning_reap(struct remote *remote, pid_t inner_pid)
{
	const uint64_t arguments[6] = { (uint64_t)inner_pid, 0, __WALL | WNOHANG };
	struct hg_error *error;
	int64_t result;

	error = remote_call(remote, SYS_wait4, arguments, &result, NULL);
	return error ? error : fault_at(FAULT_REAP);
}

static struct hg_error *try_copy(struct cloning *c, struct copy *ret)
{
	const uint64_t shared = CLONE_FILES | CLONE_FS;
	struct copy helper = { 0 };
	struct hg_error *error;

	if (c->pause)
		return clone_child(c, shared | CLONE_VM, ret);
	error = find_reaper(c);
	if (error)
		return error;
	if (c->target_reaps)
		return clone_child(c, shared, ret);
	error = clone_child(c, shared | CLONE_VM, &helper);
	if (!error)
		error = clone_orphan(c, &helper, ret);
	if (helper.pid) {
		copy_kill(&helper);
		error = hg_error_first(error, cloning_reap(c->remote, helper.inner_pid));
	}
	return error;
}

struct hg_error *cloning_run(struct cloning *c, struct copy *ret)
{
	struct hg_error *error = try_copy(c, ret);
	struct rlimit old;

	if (!error || !c->no_more_processes ||
	    !limits_raise_processes(c->remote, &old))
		return error;
	c->limit_raised = true;
	hg_error_free(error);
	error = try_copy(c, ret);
	return hg_error_first(error, limits_restore_processes(c->remote, &old));
}
