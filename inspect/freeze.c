/* Freezing a process: stop, copy, let go. See freeze.h, and docs/DESIGN.md, "Attaching";
 * how the copy itself is made, in cloning.h. */
#include "freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cloning.h"
#include "proc.h"
#include "ranges.h"
#include "rlimits.h"
#include "safepoint.h"
#include "tracee.h"

struct freeze_private {
	enum freeze_mode mode;
	struct gadgets gadgets;
	struct tracees tracees;
	struct remote remote;
	bool remote_open;  /* the thread's registers are not its own */
	struct cloning cloning;
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
	private->cloning = (struct cloning){ .pause = private->mode == FREEZE_PAUSE,
					     .options = private->tracees.options,
					     .remote = &private->remote };
	error = cloning_run(&private->cloning, &private->copy);
	if (!error && private->mode == FREEZE_PAUSE)
		return ranges_read(freeze->pid, &private->before);
	return hg_error_first(error, close_remote(private));
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
		proc_make_expendable(private->copy.pid);
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
		error = hg_error_first(cloning_reap(&remote, private->copy.inner_pid), remote_end(&remote));
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
			hg_error_free(cloning_reap(&private->remote, private->copy.inner_pid));
		hg_error_free(close_remote(private));
	} else if (private->copy.pid && private->cloning.target_reaps) {
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

/* Before the fork: in the child nothing of ours may run, not even a handler. */
static void block_all_but_faults(sigset_t *before)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS, SIGTRAP };
	sigset_t all;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		sigdelset(&all, faults[i]);
	pthread_sigmask(SIG_SETMASK, &all, before);
}

void freeze_syscall_instruction(void);
__asm__(".text\n"
	".local freeze_syscall_instruction\n"
	"freeze_syscall_instruction:\n"
	"	syscall\n"
	"	ret\n");

struct hg_error *freeze_fresh(pid_t pid, struct freeze **ret)
{
	struct freeze *freeze = calloc(1, sizeof(*freeze));
	struct freeze_private *private = calloc(1, sizeof(*private));
	struct hg_error *error = NULL;

	if (!freeze || !private) {
		free(freeze);
		free(private);
		return &hg_error_no_memory;
	}
	*freeze = (struct freeze){ .pid = pid, .private = private };
	private->copy.gadgets = &private->gadgets;
	private->gadgets.call = (uint64_t)(uintptr_t)freeze_syscall_instruction;
	block_all_but_faults(&private->signals);
	private->copy.pid = fork();
	if (!private->copy.pid)
		for (;;)
			pause();
	pthread_sigmask(SIG_SETMASK, &private->signals, NULL);
	block_sigchld(&private->signals);
	if (private->copy.pid < 0)
		error = hg_error_errno(HG_EXIT_FAILURE, errno, "cannot make a process for the core");
	else if (ptrace(PTRACE_SEIZE, private->copy.pid, 0, 0) < 0 ||
		 ptrace(PTRACE_INTERRUPT, private->copy.pid, 0, 0) < 0)
		error = hg_error_errno(HG_EXIT_FAILURE, errno, "cannot trace a process of our own");
	else
		error = copy_adopt(&private->copy, PTRACE_O_TRACESYSGOOD);
	if (error) {
		if (private->copy.pid < 0)
			private->copy.pid = 0;
		freeze_end(freeze);
		return error;
	}
	proc_make_expendable(private->copy.pid);
	freeze->copy = private->copy.pid;
	freeze->memory = (struct memory){ .pid = private->copy.pid, .of = pid };
	*ret = freeze;
	return NULL;
}

void freeze_fresh_gadget(struct freeze *freeze, uint64_t address)
{
	freeze->private->gadgets.call = address;
}
