/* Injected system calls. See remote.h for the layout of the stack and why. */
#include "remote.h"

#include <errno.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "fault.h"
#include "tracee.h"

enum { CALL_SECONDS = 10 };

static struct hg_error *lost(const struct remote *remote)
{
	return hg_error_new(HG_EXIT_FAILURE, "process %d exited during the attach", remote->pid);
}

struct hg_error *remote_begin(struct remote *remote, pid_t pid, pid_t tid,
			      const struct gadgets *gadgets)
{
	uint64_t all = ~(uint64_t)0;
	struct user_regs_struct regs;
	struct hg_error *error = fault_at(FAULT_FRAME);

	if (error)
		return error;
	*remote = (struct remote){ .pid = pid, .tid = tid, .memory = { .pid = pid }, .gadgets = gadgets };
	if (ptrace(PTRACE_GETREGS, tid, 0, &remote->saved) < 0 ||
	    ptrace(PTRACE_GETSIGMASK, tid, sizeof(uint64_t), &remote->saved_mask) < 0)
		return lost(remote);
	if (!remote_write_frames(remote))
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot write to the stack of thread %d",
				      tid);
	/* Registers first: from here on the frames restore the mask, too. */
	regs = remote->saved;
	regs.rip = gadgets->call;
	regs.rsp = remote->stack;
	regs.rax = SYS_getpid;
	regs.orig_rax = (unsigned long long)-1;
	if (ptrace(PTRACE_SETREGS, tid, 0, &regs) < 0 ||
	    ptrace(PTRACE_SETSIGMASK, tid, sizeof(all), &all) < 0)
		return lost(remote);
	return NULL;
}

/* Waits for the next stop of one tracee. Our own interruption waits until the thread is in order
 * again: an injected call does not block, so it is short. */
static struct hg_error *await(pid_t tid, int *status)
{
	int got = tracee_wait(tid, status, now_ns() + CALL_SECONDS * 1000000000ull, NULL, NULL);

	if (got > 0 && WIFSTOPPED(*status))
		return NULL;
	if (got > 0 && WIFSIGNALED(*status))
		return hg_error_hint(hg_error_new(HG_EXIT_FAILURE, "process %d was killed by signal %d "
						  "during the attach", tid, WTERMSIG(*status)),
				     "look for the out-of-memory killer in dmesg");
	return hg_error_new(HG_EXIT_FAILURE, got ? "process %d exited during the attach"
						 : "thread %d does not come out of a system call",
			    tid);
}

/* Runs on to a syscall stop, noting a cloned process on the way. Signals cannot come but SIGSTOP's
 * kin, which are handed on: all others are blocked. */
static struct hg_error *run_to_syscall_stop(pid_t tid, pid_t *child)
{
	int signal = 0;

	for (;;) {
		struct hg_error *error;
		int status, event;

		if (ptrace(PTRACE_SYSCALL, tid, 0, signal) < 0)
			return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot resume thread %d", tid);
		error = await(tid, &status);
		if (error)
			return error;
		event = status >> 16;
		signal = 0;
		if (event == 0 && WSTOPSIG(status) == (SIGTRAP | 0x80))
			return NULL;
		if (event == 0)
			signal = WSTOPSIG(status);
		if (event == PTRACE_EVENT_CLONE) {
			unsigned long message = 0;

			ptrace(PTRACE_GETEVENTMSG, tid, 0, &message);
			if (child)
				*child = (pid_t)message;
		}
	}
}

struct hg_error *remote_call_on(pid_t tid, const struct gadgets *gadgets, uint64_t stack,
				long number, const uint64_t arguments[6], int64_t *result,
				pid_t *child)
{
	struct user_regs_struct regs;
	struct hg_error *error;

	if (ptrace(PTRACE_GETREGS, tid, 0, &regs) < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read registers of %d", tid);
	regs.rip = gadgets->call;
	regs.rsp = stack;
	regs.rax = (unsigned long long)number;
	regs.orig_rax = (unsigned long long)-1;
	regs.rdi = arguments[0];
	regs.rsi = arguments[1];
	regs.rdx = arguments[2];
	regs.r10 = arguments[3];
	regs.r8 = arguments[4];
	regs.r9 = arguments[5];
	if (child)
		*child = 0;
	if (ptrace(PTRACE_SETREGS, tid, 0, &regs) < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot set registers of %d", tid);
	error = run_to_syscall_stop(tid, NULL); /* entry */
	if (!error)
		error = run_to_syscall_stop(tid, child); /* exit */
	if (error)
		return error;
	if (ptrace(PTRACE_GETREGS, tid, 0, &regs) < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read registers of %d", tid);
	*result = (int64_t)regs.rax;
	return NULL;
}

struct hg_error *remote_call(struct remote *remote, long number, const uint64_t arguments[6],
			     int64_t *result, pid_t *child)
{
	return remote_call_on(remote->tid, remote->gadgets, remote->stack, number, arguments, result,
			      child);
}

/* From the exit of a system call to PTRACE_EVENT_STOP: the kernel stops there before it returns to
 * user code, and there it still decides about restarting calls by the registers that it finds. */
static struct hg_error *to_signal_path(pid_t tid)
{
	int status, signal = 0;

	for (;;) {
		struct hg_error *error;

		if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0 || ptrace(PTRACE_CONT, tid, 0, signal) < 0)
			return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot stop thread %d", tid);
		error = await(tid, &status);
		if (error || status >> 16 == PTRACE_EVENT_STOP)
			return error;
		signal = status >> 16 ? 0 : WSTOPSIG(status);
	}
}

struct hg_error *remote_end(struct remote *remote)
{
	struct hg_error *error = to_signal_path(remote->tid);

	if (error)
		return error;
	/* The mask first: until the registers are back, the frames would restore it again. */
	if (ptrace(PTRACE_SETSIGMASK, remote->tid, sizeof(uint64_t), &remote->saved_mask) < 0 ||
	    ptrace(PTRACE_SETREGS, remote->tid, 0, &remote->saved) < 0)
		return lost(remote);
	return fault_at(FAULT_RESTORE);
}
