/* Running code in the copy, and ending it. See copy.h.
 *
 * All signals but those of faults are blocked in it from its birth (the thread that cloned it had
 * blocked them), so what stops it is its own doing, or a SIGSTOP sent to the target's process
 * group, which it ignores. */
#include "copy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "tracee.h"

enum { TICK_NS = 100 * 1000000, STOP_SECONDS = 10 };
#define FLAGS_DF 0x400u
#define FLAGS_TF 0x100u

struct hg_error *copy_adopt(struct copy *copy, uint32_t options)
{
	int status;
	int got = tracee_wait(copy->pid, &status, now_ns() + STOP_SECONDS * 1000000000ull, NULL, NULL);

	if (got <= 0 || !WIFSTOPPED(status))
		return hg_error_new(HG_EXIT_FAILURE, "the copy of the process ended at once");
	if (ptrace(PTRACE_SETOPTIONS, copy->pid, 0, (uintptr_t)options | PTRACE_O_EXITKILL) < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot take charge of the copy");
	return NULL;
}

void copy_kill(struct copy *copy)
{
	int status;

	/* Its number is not given to another process before we have waited for it. */
	kill(copy->pid, SIGKILL);
	while (waitpid(copy->pid, &status, __WALL) > 0 || errno == EINTR)
		if (!WIFSTOPPED(status))
			return;
}

struct hg_error *copy_write(const struct copy *copy, uint64_t address, const void *data, size_t size)
{
	_cleanup_close_ int fd = -1;
	char path[64];
	size_t done = 0;

	/* Not process_vm_writev(): it respects page protection. */
	snprintf(path, sizeof(path), "/proc/%d/mem", copy->pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot write to the copy");
	while (done < size) {
		ssize_t n = pwrite(fd, (const char *)data + done, size - done, (off_t)(address + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return hg_error_errno(HG_EXIT_FAILURE, n ? errno : EIO,
					      "cannot write to the copy at 0x%" PRIx64, address + done);
		done += (size_t)n;
	}
	return NULL;
}

static struct hg_error *enter(const struct copy *copy, const struct freeze_call *call)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, copy->pid, 0, &regs) < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read the copy's registers");
	regs.rip = call->function;
	regs.rdi = call->argument;
	regs.rsp = (call->stack_top & ~(uint64_t)15) - 8; /* as behind a call instruction */
	regs.eflags &= ~(uint64_t)(FLAGS_DF | FLAGS_TF);
	regs.orig_rax = (unsigned long long)-1;
	if (ptrace(PTRACE_SETREGS, copy->pid, 0, &regs) < 0 ||
	    ptrace(PTRACE_CONT, copy->pid, 0, 0) < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot start the copy");
	return NULL;
}

/* Back to a stop, so that the copy can be used or ended in order. */
static struct hg_error *give_up(const struct copy *copy, struct hg_error *error)
{
	int status;

	if (ptrace(PTRACE_INTERRUPT, copy->pid, 0, 0) == 0)
		tracee_wait(copy->pid, &status, now_ns() + STOP_SECONDS * 1000000000ull, NULL, NULL);
	return error;
}

static struct hg_error *copy_died(int status)
{
	if (WIFSIGNALED(status))
		return hg_error_hint(hg_error_new(HG_EXIT_FAILURE, "the copy was killed by signal %d",
						  WTERMSIG(status)),
				     "look for the out-of-memory killer in dmesg; --mode pause needs less memory");
	return hg_error_new(HG_EXIT_FAILURE, "the copy ended by itself");
}

enum outcome { GO_ON, ENTER_AGAIN, FINISHED, FAULTED };

static enum outcome digest(const struct copy *copy, const struct freeze_call *call, int status)
{
	int signal = WSTOPSIG(status);
	siginfo_t info;

	if (status >> 16 || ptrace(PTRACE_GETSIGINFO, copy->pid, 0, &info) < 0)
		return GO_ON;
	if (info.si_code <= 0) /* sent by a process (SI_USER, SI_TKILL ...): not the code's doing */
		return GO_ON;
	switch (signal) {
	case SIGTRAP:
		return FINISHED;
	case SIGSEGV:
	case SIGBUS:
	case SIGFPE:
	case SIGILL:
	case SIGSYS: /* what the sandbox of a core does not allow */
		if (call->on_fault &&
		    call->on_fault(call->context, signal, (uint64_t)(uintptr_t)info.si_addr))
			return ENTER_AGAIN;
		return FAULTED;
	}
	return GO_ON;
}

/* Called however often it faults, so that code that does nothing else is ended, too. */
static struct hg_error *look_up(const struct freeze_call *call, uint64_t deadline, uint64_t *tick)
{
	uint64_t now = now_ns();

	if (now >= *tick) {
		*tick = now + TICK_NS;
		if (call->tick && !call->tick(call->context))
			return hg_error_new(HG_EXIT_FAILURE, "interrupted");
	}
	return now < deadline ? NULL
			      : hg_error_new(HG_EXIT_FAILURE, "the walk over the copy took too long");
}

struct hg_error *copy_run(const struct copy *copy, const struct freeze_call *call)
{
	uint64_t deadline = call->timeout_ns ? now_ns() + call->timeout_ns : UINT64_MAX;
	uint64_t tick = now_ns() + TICK_NS;
	struct hg_error *error = enter(copy, call);

	while (!error) {
		int status, got = tracee_wait(copy->pid, &status, tick < deadline ? tick : deadline, NULL,
					      NULL);

		if (got < 0)
			return hg_error_errno(HG_EXIT_FAILURE, errno, "lost the copy");
		if (got == 0) {
			error = look_up(call, deadline, &tick);
			if (error)
				return give_up(copy, error);
			continue;
		}
		if (!WIFSTOPPED(status))
			return copy_died(status);
		switch (digest(copy, call, status)) {
		case FINISHED:
			return NULL;
		case FAULTED:
			return hg_error_new(HG_EXIT_FAILURE, "the walk over the copy failed by signal %d",
					    WSTOPSIG(status));
		case ENTER_AGAIN:
			error = look_up(call, deadline, &tick);
			if (!error)
				error = enter(copy, call);
			break;
		case GO_ON:
			ptrace(PTRACE_CONT, copy->pid, 0, 0);
			break;
		}
	}
	return error;
}
