/* System calls in a stopped thread that is not ours, such that our death at any instruction
 * leaves the thread going on as if nothing had been.
 *
 * The thread runs a `syscall; ret` that the process has already. Its stack, below the red zone of
 * the x86-64 ABI, holds what that `ret` would find if nobody stopped the thread any more:
 *
 *   rsp -> __restore_rt            rt_sigreturn into:
 *          frame 1: wait4(child)   reaps the process that the thread had cloned, if it had;
 *          __restore_rt            rt_sigreturn into:
 *          frame 2: getpid()       or, where remote_promise_limit() was called, prlimit64();
 *          __restore_rt            rt_sigreturn into:
 *          frame 3: the thread     its own registers, signal mask and FPU state, a system call
 *                                  that was broken off executed again.
 *
 * The child's number reaches frame 1 by CLONE_PARENT_SETTID, written by the kernel itself. The
 * child has a stack of its own further below, whose `ret` leads to exit_group(0).
 * In the normal way none of these is used: remote_end() stops the thread before it executes
 * another instruction and puts its registers back, and the kernel restarts what was broken off. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/user.h>

#include "../graph/error.h"
#include "process.h"

/* Instructions in the target, found by their bytes. */
struct gadgets {
	uint64_t call;	     /* syscall; ret */
	uint64_t restore_rt; /* mov $15, %rax; syscall */
};

struct remote {
	pid_t pid, tid;
	struct memory memory;
	const struct gadgets *gadgets;
	struct user_regs_struct saved;
	uint64_t saved_mask;
	uint64_t stack;	      /* rsp while calls run */
	uint64_t child_stack; /* rsp of a clone, at exit_group(0) */
	uint64_t child_slot;  /* where CLONE_PARENT_SETTID writes the child's number for frame 1 */
	uint64_t limit_frame; /* frame 2 */
	uint64_t scratch;     /* 64 bytes for results */
};

_must_check_ struct hg_error *gadgets_find(const struct process *process, struct gadgets *ret);

/* Writes the frames and notes where they are; `saved` and `saved_mask` are set. */
_must_check_ bool remote_write_frames(struct remote *remote);
/* From now on the thread sets this limit of its process to `old` where we die. */
_must_check_ bool remote_promise_limit(const struct remote *remote, int resource,
				       const struct rlimit *old);
/* Whether the thread's stack has room for the frames. */
bool remote_fits(pid_t pid, pid_t tid);
/* `tid` is in PTRACE_EVENT_STOP. On an error it is as it was. */
_must_check_ struct hg_error *remote_begin(struct remote *remote, pid_t pid, pid_t tid,
					   const struct gadgets *gadgets);
/* *child: a process that the call cloned, by our numbers (0: none). NULL: not asked. */
_must_check_ struct hg_error *remote_call(struct remote *remote, long number,
					  const uint64_t arguments[6], int64_t *result,
					  pid_t *child);
/* Puts everything back; the thread is in PTRACE_EVENT_STOP again. */
_must_check_ struct hg_error *remote_end(struct remote *remote);

/* One call in any stopped tracee, on the given stack; registers are left behind in disorder. For
 * the copy, whose registers nobody needs. */
_must_check_ struct hg_error *remote_call_on(pid_t tid, const struct gadgets *gadgets,
					     uint64_t stack, long number,
					     const uint64_t arguments[6], int64_t *result,
					     pid_t *child);
