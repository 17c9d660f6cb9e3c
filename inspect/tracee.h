/* The threads of the target while we trace them: seized, stopped, resumed, let go.
 *
 * Invariants, whatever kills us and whenever:
 * - no option and no register that outlives the tracer is ever set on a thread of the target: no
 *   PTRACE_O_EXITKILL, no debug register, no single step;
 * - a signal that arrives is handed on at once, before its thread is stopped again, so that it is
 *   neither lost nor doubled;
 * - a system call that a stop broke off is executed again (tracee_restart()). */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "../graph/error.h"
#include "interrupt.h"

enum tracee_state {
	TRACEE_RUNNING,
	TRACEE_STOPPED, /* PTRACE_EVENT_STOP: in the kernel's signal path, fit for anything */
	TRACEE_ENTERING, /* stopped at the entry of a system call */
};

struct tracee {
	pid_t tid;
	enum tracee_state state;
};

struct tracees {
	pid_t pid;
	uint32_t options;   /* PTRACE_O_* for each */
	struct tracee *list; /* the order has no meaning */
	size_t count, capacity;
	bool exec;	    /* the target replaced itself */
	bool complete;	    /* no thread can be missing any more */
	const struct interrupt *interrupt; /* NULL: none */
	uint64_t since;	    /* when the first thread was asked to stop; 0: none is */
	uint64_t stopped_ns; /* sum of the stops that are over */
};

enum tracee_event_kind { TRACEE_NOTHING, TRACEE_STOP, TRACEE_ENTRY, TRACEE_GONE };

/* What tracees_next() saw. `tracee` stays valid until the next call. */
struct tracee_event {
	enum tracee_event_kind kind;
	struct tracee *tracee;
};

uint64_t now_ns(void); /* CLOCK_MONOTONIC */

/* Seizes every thread of `pid`. SIGCHLD must be blocked in the calling thread: waits sleep in
 * sigtimedwait(2). O(threads^2) at worst. */
_must_check_ struct hg_error *tracees_init(struct tracees *tracees, pid_t pid,
					   const struct interrupt *interrupt);
struct tracee *tracees_find(const struct tracees *tracees, pid_t tid); /* NULL: unknown */
struct tracee *tracees_add(struct tracees *tracees, pid_t tid);	      /* NULL: out of memory */
/* Why there is no going on: the target exited or replaced itself, or the user interrupts. */
_must_check_ struct hg_error *tracees_alive(const struct tracees *tracees);

/* One pass over /proc/PID/task. *found: there was a thread that we did not have. */
_must_check_ struct hg_error *tracees_seize_new(struct tracees *tracees, bool *found);

/* Seizes one thread only. On false nothing has to be undone. */
_must_check_ bool tracees_init_one(struct tracees *tracees, pid_t pid, pid_t tid);
/* Lets every thread go, wherever it stands. May be called twice. */
void tracees_deinit(struct tracees *tracees);

/* Stops every thread in PTRACE_EVENT_STOP; also those that start meanwhile. */
_must_check_ struct hg_error *tracees_stop(struct tracees *tracees, uint64_t deadline);
/* Resumes every stopped thread, up to its next system call (PTRACE_SYSCALL). */
void tracees_resume(struct tracees *tracees);
void tracee_resume(struct tracees *tracees, struct tracee *tracee);
/* Waits for one event. TRACEE_NOTHING: the deadline passed, or the user interrupts. */
_must_check_ struct hg_error *tracees_next(struct tracees *tracees, uint64_t deadline,
					   struct tracee_event *ret);
/* Time that the threads stood still, the stop under way included. */
uint64_t tracees_stopped_ns(const struct tracees *tracees);

/* waitpid(pid, status, __WALL) with a deadline: 1 something, 0 deadline or interrupt, -1 errno.
 * SIGCHLD must be blocked. */
int tracee_wait(pid_t pid, int *status, uint64_t deadline, const struct interrupt *interrupt,
		pid_t *who);

/* The registers with which a stopped thread goes on as if it had not been stopped, from those that
 * it has. Also for the calls that the kernel would restart by itself: for when it cannot, because
 * the thread goes on through rt_sigreturn. */
void tracee_reexecute(struct user_regs_struct *regs);
/* Whether the kernel fails this call with EINTR after a stop, instead of restarting it. */
bool tracee_broke_call(pid_t pid, pid_t tid, const struct user_regs_struct *regs);
