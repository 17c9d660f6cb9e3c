/* Freezing a process: stop, copy, let go. See freeze.h, and docs/DESIGN.md, "Attaching".
 *
 * How the copy comes about, all within one stop, by injected calls (remote.h):
 *   the target's thread  clone(CLONE_VM | CLONE_FILES | CLONE_FS), no exit signal -> helper
 *   the helper           clone(CLONE_FILES | CLONE_FS), no exit signal -> the copy (page tables
 *                        are copied once, here); exits
 *   the target's thread  wait4(helper, __WALL): the target keeps no child
 * The copy is an orphan then and init's, so nobody but us has to do anything about it, ever. Both
 * share the table of descriptors, so that a close() in the target still closes.
 * Where the target would itself inherit the orphan (it is init of its pid namespace, or a child
 * subreaper), the copy is cloned from the target directly, and reaped in a second short stop.
 * FREEZE_PAUSE: the helper is the copy; it works in the target's memory while its threads stand. */
#include "freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "copy.h"
#include "fault.h"
#include "rlimits.h"
#include "ranges.h"
#include "remote.h"
#include "safepoint.h"
#include "tracee.h"

struct freeze_private {
	enum freeze_mode mode;
	struct gadgets gadgets;
	struct tracees tracees;
	struct remote remote;
	bool remote_open;  /* the thread's registers are not its own */
	bool target_reaps; /* the copy is a child of the target */
	bool no_more_processes; /* the kernel made none: EAGAIN */
	bool limit_raised;	/* though the target's own limit was out of the way */
	struct copy copy;
	struct ranges before; /* FREEZE_PAUSE: what was mapped before the walk */
	sigset_t signals;     /* the caller's mask, put back by freeze_end() */
};

/* How well a thread is fit for injected calls; 0: not. Best where even our death would restore it
 * exactly: outside of system calls, or in one that starts anew without loss. */
static int fitness(pid_t pid, pid_t tid)
{
	struct user_regs_struct regs;
	bool exact;

	if (ptrace(PTRACE_GETREGS, tid, 0, &regs) < 0 || !remote_fits(pid, tid))
		return 0;
	/* 516: ERESTART_RESTARTBLOCK, a wait with a timeout. */
	exact = (int64_t)regs.orig_rax < 0 ||
		((int64_t)regs.rax != -516 && (int64_t)regs.rax != -EINTR);
	return 1 + (tid == pid) + 2 * exact;
}

static struct hg_error *choose_thread(const struct tracees *tracees, pid_t *ret)
{
	int best = 0;

	for (size_t i = 0; i < tracees->count && best < 3; i++) {
		int fit = fitness(tracees->pid, tracees->list[i].tid);

		if (fit > best) {
			best = fit;
			*ret = tracees->list[i].tid;
		}
	}
	return best ? NULL
		    : hg_error_new(HG_EXIT_FAILURE,
				   "cannot work in process %d: no thread has room on its stack",
				   tracees->pid);
}

/* Whether orphans among the target's descendants become its children. */
static struct hg_error *find_reaper(struct freeze_private *private)
{
	const uint64_t arguments[6] = { PR_GET_CHILD_SUBREAPER, private->remote.scratch };
	_cleanup_fclose_ FILE *file = NULL;
	struct hg_error *error;
	uint32_t subreaper = 0;
	char path[64], line[256];
	int64_t result;

	snprintf(path, sizeof(path), "/proc/%d/status", private->tracees.pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "NSpid:", 6) == 0)
			private->target_reaps = strtol(strrchr(line, '\t'), NULL, 10) == 1;
	error = remote_call(&private->remote, SYS_prctl, arguments, &result, NULL);
	if (error || result < 0)
		return error;
	if (memory_read_u32(&private->remote.memory, private->remote.scratch, &subreaper) == 0 &&
	    subreaper)
		private->target_reaps = true;
	return NULL;
}

static struct hg_error *clone_failed(struct freeze_private *private, int errnum)
{
	pid_t pid = private->tracees.pid;
	struct hg_error *error = hg_error_errno(HG_EXIT_FAILURE, errnum, "cannot copy process %d", pid);

	private->no_more_processes = errnum == EAGAIN;
	if (errnum == EAGAIN && private->limit_raised)
		return hg_error_hint(error, "no more processes are to be had: see pids.max of its cgroup "
				     "(/proc/%d/cgroup) and kernel.pid_max", pid);
	if (errnum == EAGAIN && geteuid() != 0)
		return hg_error_hint(error, "its user may have no more processes, root passes over "
				     "that: sudo heapgraph attach %d", pid);
	if (errnum == EAGAIN)
		return hg_error_hint(error, "its user may have no more processes: raise the limit that "
				     "it runs under (ulimit -u, LimitNPROC=)");
	if (private->mode == FREEZE_FORK)
		return hg_error_hint(error, "walk in the stopped process instead: --mode pause");
	return error;
}

/* A child of the target's thread, stopped and in our hands. */
static struct hg_error *clone_child(struct freeze_private *private, uint64_t flags,
				    struct copy *ret)
{
	const uint64_t arguments[6] = { flags | CLONE_PARENT_SETTID, private->remote.child_stack,
					private->remote.child_slot };
	struct hg_error *error = fault_at(FAULT_CLONE);
	int64_t result = 0;
	pid_t child = 0;

	if (!error)
		error = remote_call(&private->remote, SYS_clone, arguments, &result, &child);
	if (error)
		return error;
	if (result < 0)
		return clone_failed(private, (int)-result);
	*ret = (struct copy){ .pid = child, .inner_pid = (pid_t)result,
			      .stack = private->remote.child_stack, .gadgets = &private->gadgets };
	return copy_adopt(ret, private->tracees.options);
}

/* The helper clones the copy. */
static struct hg_error *clone_orphan(struct freeze_private *private, const struct copy *helper,
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
		return clone_failed(private, (int)-result);
	*ret = *helper;
	ret->pid = child;
	ret->inner_pid = (pid_t)result;
	return copy_adopt(ret, private->tracees.options);
}

/* The target reaps a child that has ended; what it would find otherwise is a zombie. */
static struct hg_error *reap(struct remote *remote, pid_t inner_pid)
{
	const uint64_t arguments[6] = { (uint64_t)inner_pid, 0, __WALL | WNOHANG };
	struct hg_error *error;
	int64_t result;

	error = remote_call(remote, SYS_wait4, arguments, &result, NULL);
	return error ? error : fault_at(FAULT_REAP);
}

/* Keeps the first of two errors. */
static struct hg_error *first_error(struct hg_error *first, struct hg_error *second)
{
	if (!first)
		return second;
	hg_error_free(second);
	return first;
}

static struct hg_error *try_copy(struct freeze_private *private)
{
	const uint64_t shared = CLONE_FILES | CLONE_FS;
	struct copy helper = { 0 };
	struct hg_error *error;

	if (private->mode == FREEZE_PAUSE)
		return clone_child(private, shared | CLONE_VM, &private->copy);
	error = find_reaper(private);
	if (error)
		return error;
	if (private->target_reaps)
		return clone_child(private, shared, &private->copy);
	error = clone_child(private, shared | CLONE_VM, &helper);
	if (!error)
		error = clone_orphan(private, &helper, &private->copy);
	if (helper.pid) {
		copy_kill(&helper);
		error = first_error(error, reap(&private->remote, helper.inner_pid));
	}
	return error;
}

static struct hg_error *make_copy(struct freeze_private *private)
{
	struct hg_error *error = try_copy(private);
	struct rlimit old;

	if (!error || !private->no_more_processes ||
	    !limits_raise_processes(&private->remote, &old))
		return error;
	private->limit_raised = true;
	hg_error_free(error);
	error = try_copy(private);
	return first_error(error, limits_restore_processes(&private->remote, &old));
}

static struct hg_error *close_remote(struct freeze_private *private)
{
	if (!private->remote_open)
		return NULL;
	private->remote_open = false;
	return remote_end(&private->remote);
}

/* tracee_wait() takes SIGCHLD as it comes. */
static void block_sigchld(sigset_t *before)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &child, before);
}

/* What is in a thread's registers is in no memory of the copy. */
static struct hg_error *note_threads(struct freeze *freeze)
{
	const struct tracees *tracees = &freeze->private->tracees;

	freeze->threads = calloc(tracees->count + 1, sizeof(*freeze->threads));
	if (!freeze->threads)
		return &hg_error_no_memory;
	for (size_t i = 0; i < tracees->count; i++) {
		struct user_regs_struct r;

		if (ptrace(PTRACE_GETREGS, tracees->list[i].tid, 0, &r) < 0)
			continue;
		freeze->threads[freeze->num_threads++] = (struct freeze_thread){
			.sp = r.rsp,
			.ip = r.rip,
			.registers = { r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp, r.r8, r.r9, r.r10,
				       r.r11, r.r12, r.r13, r.r14, r.r15 },
		};
	}
	return NULL;
}

static struct hg_error *copy_target(struct freeze *freeze)
{
	struct freeze_private *private = freeze->private;
	struct hg_error *error;
	pid_t tid = 0;

	error = note_threads(freeze);
	if (!error)
		error = choose_thread(&private->tracees, &tid);
	if (!error)
		error = remote_begin(&private->remote, freeze->pid, tid, &private->gadgets);
	if (error)
		return error;
	private->remote_open = true;
	error = make_copy(private);
	if (!error && private->mode == FREEZE_PAUSE)
		return ranges_read(freeze->pid, &private->before);
	return first_error(error, close_remote(private));
}

/* So that the copy, not the target, is what the kernel kills where memory is short. Not for a
 * process that shares the target's memory: the kernel would apply it to both. */
static void make_expendable(pid_t pid)
{
	_cleanup_close_ int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	/* Where this is refused, the copy is as likely to be chosen as the target: no error. */
	if (fd >= 0 && write(fd, "1000", 4) < 0)
		return;
}

struct hg_error *freeze_begin(struct process *process, const struct py_runtime *runtime,
			      const struct freeze_options *options, struct freeze **ret)
{
	struct freeze *freeze = calloc(1, sizeof(*freeze));
	struct freeze_private *private = calloc(1, sizeof(*private));
	_cleanup_free_ struct py_runtime *now = malloc(sizeof(*now));
	struct safe_point point = { 0 };
	struct hg_error *error;

	if (!freeze || !private || !now) {
		free(freeze);
		free(private);
		return &hg_error_no_memory;
	}
	*now = *runtime;
	*freeze = (struct freeze){ .pid = process->pid, .private = private };
	private->mode = options->mode;
	block_sigchld(&private->signals);
	error = gadgets_find(process, &private->gadgets);
	if (!error)
		error = tracees_init(&private->tracees, process->pid, options->interrupt);
	if (!error) /* from now on we are told of an execve */
		error = process_still(process);
	if (!error)
		error = safepoint_reach(&private->tracees, process, now, options->timeout_ns, &point);
	if (!error)
		error = copy_target(freeze);
	if (error) {
		freeze_end(freeze);
		return error;
	}
	if (private->mode == FREEZE_FORK) {
		tracees_deinit(&private->tracees);
		make_expendable(private->copy.pid);
	}
	limits_lift(private->copy.pid);
	freeze->copy = private->copy.pid;
	freeze->memory.pid = private->copy.pid;
	freeze->consistent = point.consistent;
	freeze->why_inconsistent = point.why_inconsistent;
	freeze->stopped_ns = tracees_stopped_ns(&private->tracees);
	*ret = freeze;
	return NULL;
}

/* FREEZE_PAUSE: the threads have stood still since `before` was read, so every mapping that is new
 * was made for the walk, by us or by the hook. */
static void unmap_new(struct freeze_private *private)
{
	struct ranges after = { 0 };
	struct range new;

	if (private->before.list && !ranges_read(private->tracees.pid, &after))
		for (size_t i = 0; ranges_next_new(&private->before, &after, &i, &new);) {
			const uint64_t arguments[6] = { new.start, new.end - new.start };
			int64_t result;

			hg_error_free(remote_call(&private->remote, SYS_munmap, arguments, &result, NULL));
		}
	free(after.list);
}

/* A second stop, of one thread only: the copy was a child of the target. */
static void reap_later(struct freeze_private *private)
{
	pid_t pid = private->remote.pid;
	struct tracees tracees;
	struct remote remote;
	struct hg_error *error;

	if (!tracees_init_one(&tracees, pid, private->remote.tid))
		return;
	error = tracees_stop(&tracees, now_ns() + 1000000000u);
	if (!error)
		error = remote_begin(&remote, pid, private->remote.tid, &private->gadgets);
	if (!error)
		error = first_error(reap(&remote, private->copy.inner_pid), remote_end(&remote));
	hg_error_free(error);
	tracees_deinit(&tracees);
	private->tracees.stopped_ns += tracees_stopped_ns(&tracees);
}

void freeze_end(struct freeze *freeze)
{
	struct freeze_private *private;

	if (!freeze)
		return;
	private = freeze->private;
	if (private->copy.pid)
		copy_kill(&private->copy);
	if (private->remote_open) {
		unmap_new(private);
		if (private->copy.pid)
			hg_error_free(reap(&private->remote, private->copy.inner_pid));
		hg_error_free(close_remote(private));
	} else if (private->copy.pid && private->target_reaps) {
		if (private->tracees.count)
			tracees_deinit(&private->tracees);
		reap_later(private);
	}
	if (private->tracees.pid)
		tracees_deinit(&private->tracees);
	pthread_sigmask(SIG_SETMASK, &private->signals, NULL);
	free(private->before.list);
	free(private);
	free(freeze->threads);
	free(freeze);
}

struct hg_error *freeze_syscall(struct freeze *freeze, int64_t *result, long number,
				const uint64_t arguments[6])
{
	const struct copy *copy = &freeze->private->copy;

	return remote_call_on(copy->pid, copy->gadgets, copy->stack, number, arguments, result, NULL);
}

struct hg_error *freeze_write(struct freeze *freeze, uint64_t address, const void *data, size_t size)
{
	return copy_write(&freeze->private->copy, address, data, size);
}

struct hg_error *freeze_run(struct freeze *freeze, const struct freeze_call *call)
{
	return copy_run(&freeze->private->copy, call);
}
