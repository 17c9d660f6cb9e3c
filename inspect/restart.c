/* System calls that a stop broke off. See tracee.h.
 *
 * Most calls are restarted by the kernel (ERESTARTSYS and its kin), as long as the thread leaves the
 * stop with the registers with which it came. Some end in EINTR instead; for those the registers are
 * set back to before the call. What cannot be set back is time: epoll_wait() and socket calls with a
 * timeout begin to wait anew, so they may return later than asked for, never earlier. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "tracee.h"

/* Calls that wait and that the kernel ends with a plain EINTR when a stop breaks them off, having
 * done nothing (signal(7), "Interruption of system calls and library functions by stop signals",
 * and sockets with a timeout). A call outside this list that returns EINTR has its own reason. */
static bool waits(uint64_t call)
{
	switch (call) {
	case 0: case 1: case 19: case 20:	/* read write readv writev */
	case 42: case 43: case 44: case 45:	/* connect accept sendto recvfrom */
	case 46: case 47: case 288: case 299: case 307: /* sendmsg recvmsg accept4 recvmmsg sendmmsg */
	case 65: case 220: case 69: case 70:	/* semop semtimedop msgsnd msgrcv */
	case 128:				/* rt_sigtimedwait */
	case 202:				/* futex */
	case 208: case 333: case 426:		/* io_getevents io_pgetevents io_uring_enter */
	case 232: case 281: case 441:		/* epoll_wait epoll_pwait epoll_pwait2 */
		return true;
	}
	return false;
}

/* Whether a signal waits that would end a call by right. */
static bool signal_pending(pid_t pid, pid_t tid)
{
	uint64_t pending = 0, blocked = 0, ignored = 0, value;
	_cleanup_fclose_ FILE *file = NULL;
	char path[64], line[256];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid);
	file = fopen(path, "re");
	if (!file)
		return true;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "SigPnd: %" SCNx64, &value) == 1 ||
		    sscanf(line, "ShdPnd: %" SCNx64, &value) == 1)
			pending |= value;
		else if (sscanf(line, "SigBlk: %" SCNx64, &value) == 1)
			blocked = value;
		else if (sscanf(line, "SigIgn: %" SCNx64, &value) == 1)
			ignored = value;
	}
	return pending & ~blocked & ~ignored;
}

bool tracee_broke_call(pid_t pid, pid_t tid, const struct user_regs_struct *regs)
{
	return (int64_t)regs->orig_rax >= 0 && (int64_t)regs->rax == -EINTR &&
	       waits(regs->orig_rax) && !signal_pending(pid, tid);
}

void tracee_reexecute(struct user_regs_struct *regs)
{
	regs->rip -= 2; /* the syscall instruction, 0f 05 */
	regs->rax = regs->orig_rax;
	regs->orig_rax = (unsigned long long)-1;
}
