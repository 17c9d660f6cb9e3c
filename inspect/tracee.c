/* Seizing, stopping and releasing the threads of the target. See tracee.h for what must hold.
 *
 * Why the states are what they are:
 * - PTRACE_SEIZE and PTRACE_INTERRUPT send no signal, so nothing is left pending if we die.
 * - A tracer's death lets a thread go on from any stop. From PTRACE_EVENT_STOP and from syscall
 *   stops (with PTRACE_O_TRACESYSGOOD) it goes on unharmed; from a signal-delivery-stop that was
 *   already waited for, the signal would be lost (the kernel cleared exit_code in
 *   wait_task_stopped()). So a signal is handed on in the very next system call after the wait.
 * - Debug registers are not used: kernel/ptrace.c leaves thread.ptrace_bps alone when the tracer
 *   dies, and the next hit kills the target by SIGTRAP. Tried on Linux 6.18: it does. */
#include "tracee.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "process.h"

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int tracee_wait(pid_t pid, int *status, uint64_t deadline, const struct interrupt *interrupt,
		pid_t *who)
{
	/* SIGCHLD comes too rarely where main's parent left it ignored: look again by then. */
	const uint64_t slice = 20 * 1000000u;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (;;) {
		pid_t got = waitpid(pid, status, __WALL | __WNOTHREAD | WNOHANG);
		struct timespec pause = { 0 };
		uint64_t now;

		if (got != 0) {
			if (who)
				*who = got;
			return got > 0 ? 1 : -1;
		}
		now = now_ns();
		if (now >= deadline || (interrupt && interrupted(interrupt)))
			return 0;
		pause.tv_nsec = (long)(deadline - now < slice ? deadline - now : slice);
		sigtimedwait(&child, NULL, &pause);
	}
}

struct tracee *tracees_find(const struct tracees *tracees, pid_t tid)
{
	for (size_t i = 0; i < tracees->count; i++)
		if (tracees->list[i].tid == tid)
			return &tracees->list[i];
	return NULL;
}

struct tracee *tracees_add(struct tracees *tracees, pid_t tid)
{
	struct tracee *tracee;

	if (tracees->count == tracees->capacity) {
		size_t capacity = tracees->capacity ? 2 * tracees->capacity : 16;
		struct tracee *list = reallocarray(tracees->list, capacity, sizeof(*list));

		if (!list)
			return NULL;
		tracees->list = list;
		tracees->capacity = capacity;
	}
	tracee = &tracees->list[tracees->count++];
	*tracee = (struct tracee){ .tid = tid };
	return tracee;
}

static void forget(struct tracees *tracees, struct tracee *tracee)
{
	*tracee = tracees->list[--tracees->count];
}

static void check_stopped_over(struct tracees *tracees)
{
	if (tracees->since) {
		tracees->stopped_ns += now_ns() - tracees->since;
		tracees->since = 0;
	}
}

uint64_t tracees_stopped_ns(const struct tracees *tracees)
{
	return tracees->stopped_ns + (tracees->since ? now_ns() - tracees->since : 0);
}

static void restart(const struct tracees *tracees, pid_t tid)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, tid, 0, &regs) < 0 ||
	    !tracee_broke_call(tracees->pid, tid, &regs))
		return;
	tracee_reexecute(&regs);
	ptrace(PTRACE_SETREGS, tid, 0, &regs);
}

/* Leaves a stop; `request` is PTRACE_SYSCALL, PTRACE_CONT or PTRACE_DETACH. */
static void leave(struct tracees *tracees, struct tracee *tracee, int request)
{
	if (tracee->state == TRACEE_STOPPED)
		restart(tracees, tracee->tid);
	ptrace((enum __ptrace_request)request, tracee->tid, 0, 0);
	tracee->state = TRACEE_RUNNING;
}

void tracee_resume(struct tracees *tracees, struct tracee *tracee)
{
	leave(tracees, tracee, PTRACE_SYSCALL);
}

void tracees_resume(struct tracees *tracees)
{
	for (size_t i = 0; i < tracees->count; i++)
		if (tracees->list[i].state != TRACEE_RUNNING)
			leave(tracees, &tracees->list[i], PTRACE_SYSCALL);
	check_stopped_over(tracees);
}

/* Leaves a stop that nobody waits for. Any ptrace stop takes back a PTRACE_INTERRUPT that has not
 * been answered yet (ptrace_stop() in kernel/signal.c), so it is given again. */
static void pass(const struct tracees *tracees, pid_t tid, int signal)
{
	if (tracees->since)
		ptrace(PTRACE_INTERRUPT, tid, 0, 0);
	ptrace(PTRACE_SYSCALL, tid, 0, signal);
}

static bool is_ours(const struct tracees *tracees, pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d", tracees->pid, tid);
	return access(path, F_OK) == 0;
}

/* A thread that we did not know stopped: one that the target started. A clone(2) that makes a
 * process without SIGCHLD is reported too; that process is none of our business. */
static struct tracee *adopt(struct tracees *tracees, pid_t tid)
{
	if (is_ours(tracees, tid))
		return tracees_add(tracees, tid);
	ptrace(PTRACE_DETACH, tid, 0, 0);
	return NULL;
}

/* The parent's report comes before the parent stops again, the new thread's own report whenever it
 * likes: noting the thread here makes "all are stopped" mean it, too. */
static struct hg_error *thread_started(struct tracees *tracees, pid_t parent)
{
	unsigned long started = 0;
	pid_t tid;

	ptrace(PTRACE_GETEVENTMSG, parent, 0, &started);
	pass(tracees, parent, 0);
	tid = (pid_t)started;
	if (tid > 0 && !tracees_find(tracees, tid) && is_ours(tracees, tid) && !tracees_add(tracees, tid))
		return &hg_error_no_memory;
	return NULL;
}

static struct hg_error *system_call_stop(struct tracees *tracees, struct tracee *tracee,
					 struct tracee_event *ret)
{
	struct __ptrace_syscall_info info = { 0 };

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->tid, sizeof(info), &info) < 0) {
		if (errno == ESRCH)
			return NULL;
		return hg_error_hint(hg_error_errno(HG_EXIT_FAILURE, errno,
						    "cannot see the system calls of process %d",
						    tracees->pid),
				     "heapgraph needs Linux 5.3 or newer");
	}
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY) {
		pass(tracees, tracee->tid, 0);
		return NULL;
	}
	tracee->state = TRACEE_ENTERING;
	*ret = (struct tracee_event){ .kind = TRACEE_ENTRY, .tracee = tracee };
	return NULL;
}

static struct hg_error *digest(struct tracees *tracees, pid_t tid, int status,
			       struct tracee_event *ret)
{
	struct tracee *tracee = tracees_find(tracees, tid);
	int event = status >> 16;

	if (!WIFSTOPPED(status)) {
		if (tracee)
			forget(tracees, tracee);
		ret->kind = TRACEE_GONE;
		return NULL;
	}
	if (!tracee) {
		tracee = adopt(tracees, tid);
		if (!tracee)
			return is_ours(tracees, tid) ? &hg_error_no_memory : NULL;
	}
	if (event == PTRACE_EVENT_STOP) {
		tracee->state = TRACEE_STOPPED;
		*ret = (struct tracee_event){ .kind = TRACEE_STOP, .tracee = tracee };
	} else if (event == PTRACE_EVENT_EXEC) {
		tracees->exec = true;
		tracee->state = TRACEE_STOPPED;
		ret->kind = TRACEE_GONE;
	} else if (event == PTRACE_EVENT_CLONE) {
		return thread_started(tracees, tid);
	} else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		return system_call_stop(tracees, tracee, ret);
	} else {
		pass(tracees, tid, event ? 0 : WSTOPSIG(status));
	}
	return NULL;
}

struct hg_error *tracees_alive(const struct tracees *tracees)
{
	if (tracees->exec)
		return process_replaced(tracees->pid);
	if (tracees->count == 0)
		return hg_error_new(HG_EXIT_FAILURE, "process %d exited during the attach",
				    tracees->pid);
	return tracees->interrupt ? interrupt_check(tracees->interrupt) : NULL;
}

struct hg_error *tracees_next(struct tracees *tracees, uint64_t deadline, struct tracee_event *ret)
{
	*ret = (struct tracee_event){ .kind = TRACEE_NOTHING };
	while (ret->kind == TRACEE_NOTHING || ret->kind == TRACEE_GONE) {
		struct hg_error *error = tracees_alive(tracees);
		pid_t tid;
		int status, got;

		if (error)
			return error;
		got = tracee_wait(-1, &status, deadline, tracees->interrupt, &tid);
		if (got == 0)
			return tracees_alive(tracees);
		if (got < 0) /* ECHILD: nobody is left to wait for */
			tracees->count = 0;
		else if ((error = digest(tracees, tid, status, ret)))
			return error;
	}
	return NULL;
}

/* Asks a thread to stop in the signal path. From the entry of a system call it gets there by
 * beginning the call: the kernel runs it or breaks it off, and stops before user code. */
static void ask(struct tracee *tracee)
{
	ptrace(PTRACE_INTERRUPT, tracee->tid, 0, 0);
	if (tracee->state == TRACEE_ENTERING) {
		ptrace(PTRACE_CONT, tracee->tid, 0, 0);
		tracee->state = TRACEE_RUNNING;
	}
}

static bool all_stopped(const struct tracees *tracees)
{
	for (size_t i = 0; i < tracees->count; i++)
		if (tracees->list[i].state != TRACEE_STOPPED)
			return false;
	return true;
}

/* Waits until all are stopped, those at the entry of a call left where they are if `entering`. */
static struct hg_error *settle(struct tracees *tracees, uint64_t deadline, bool entering)
{
	struct tracee_event event;

	for (;;) {
		struct hg_error *error;
		bool running = false;

		for (size_t i = 0; i < tracees->count; i++)
			running |= tracees->list[i].state == TRACEE_RUNNING;
		if (!running)
			return tracees_alive(tracees);
		error = tracees_next(tracees, deadline, &event);
		if (error)
			return error;
		if (event.kind == TRACEE_NOTHING)
			return hg_error_hint(
				hg_error_new(HG_EXIT_FAILURE, "cannot stop process %d: a thread does not "
					     "leave its system call", tracees->pid),
				"look for a thread in state D: ps -L -o tid,stat,wchan -p %d",
				tracees->pid);
		if (event.kind == TRACEE_ENTRY && !entering)
			ask(event.tracee);
	}
}

static struct hg_error *stop_known(struct tracees *tracees, uint64_t deadline)
{
	struct hg_error *error;

	/* First the threads that run, then those held at the entry of a call: a thread that is about
	 * to wake another one up (GIL just released) does so when the other one cannot run any more. */
	for (size_t i = 0; i < tracees->count; i++)
		if (tracees->list[i].state == TRACEE_RUNNING)
			ask(&tracees->list[i]);
	error = settle(tracees, deadline, true);
	if (error || all_stopped(tracees))
		return error;
	for (size_t i = 0; i < tracees->count; i++)
		if (tracees->list[i].state == TRACEE_ENTERING)
			ask(&tracees->list[i]);
	return settle(tracees, deadline, false);
}

struct hg_error *tracees_stop(struct tracees *tracees, uint64_t deadline)
{
	struct hg_error *error;
	bool found = true;

	if (!tracees->since)
		tracees->since = now_ns();
	error = stop_known(tracees, deadline);
	/* A thread whose clone(2) had begun when its parent was seized is neither reported nor, until
	 * the parent stands still, sure to be listed. */
	while (!error && !tracees->complete && found) {
		error = tracees_seize_new(tracees, &found);
		if (!error && found)
			error = stop_known(tracees, deadline);
	}
	tracees->complete |= !error;
	return error;
}

void tracees_deinit(struct tracees *tracees)
{
	if (tracees->count) {
		tracees->interrupt = NULL;
		/* Where a thread does not stop, our exit releases it. */
		hg_error_free(tracees_stop(tracees, now_ns() + 2000000000u));
		for (size_t i = 0; i < tracees->count; i++)
			leave(tracees, &tracees->list[i], PTRACE_DETACH);
	}
	check_stopped_over(tracees);
	free(take_ptr(tracees->list));
	tracees->count = tracees->capacity = 0;
}
