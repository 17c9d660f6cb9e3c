/* The frames on a thread's stack that restore it without us. See remote.h for their layout. */
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "remote.h"
#include "tracee.h"

/* struct ucontext of arch/x86/include/uapi: the kernel's, whose signal mask has 8 bytes. */
struct sigframe {
	uint64_t flags, link;
	uint64_t altstack_sp;
	uint32_t altstack_flags, pad;
	uint64_t altstack_size;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip;
	uint64_t eflags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2, fpstate, reserved[8];
	uint64_t mask;
};

/* arch/x86/include/uapi/asm/sigcontext.h and ucontext.h. */
enum {
	UC_FP_XSTATE = 1,
	UC_SIGCONTEXT_SS = 2,
	UC_STRICT_RESTORE_SS = 4,
	SW_RESERVED = 464, /* struct _fpx_sw_bytes in the FXSAVE area */
	XSTATE_HEADER = 512,
	XSTATE_MAX = 16384,
	RED_ZONE = 128,
	/* The child's stack stands clear of what the thread may push before the child has left it. */
	CHILD_DISTANCE = 8192,
};
#define XSTATE_MAGIC1 0x46505853u
#define XSTATE_MAGIC2 0x46505845u

/* What goes to the stack, in one piece. */
struct frames {
	uint64_t restore_wait;
	struct sigframe wait;
	uint64_t restore_limit;
	struct sigframe limit;
	uint64_t restore_thread;
	struct sigframe thread;
	struct rlimit old_limit;
	uint8_t scratch[64];
};

struct child_frames {
	uint64_t restore_exit;
	struct sigframe exit;
};

struct xstate {
	size_t size;		       /* as the kernel gives it */
	uint8_t bytes[XSTATE_MAX + 4]; /* magic2 behind it */
};

static size_t frames_room(size_t xstate)
{
	return RED_ZONE + xstate + sizeof(struct frames) + CHILD_DISTANCE +
	       sizeof(struct child_frames) + 512;
}

static bool read_xstate(pid_t tid, struct xstate *ret)
{
	struct iovec piece = { ret->bytes, XSTATE_MAX };

	if (ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &piece) < 0)
		return false;
	ret->size = piece.iov_len;
	return true;
}

/* The writable mapping around `address`, from the maps as they are now. */
static bool stack_room(pid_t pid, uint64_t address, uint64_t room)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[64], line[4352];

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		uint64_t start, end;
		char prot[5];

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &start, &end, prot) == 3 &&
		    address > start && address <= end)
			return prot[0] == 'r' && prot[1] == 'w' && address - start >= room;
	}
	return false;
}

bool remote_fits(pid_t pid, pid_t tid)
{
	struct user_regs_struct regs;
	struct xstate xstate;

	return ptrace(PTRACE_GETREGS, tid, 0, &regs) == 0 && read_xstate(tid, &xstate) &&
	       stack_room(pid, regs.rsp, frames_room(xstate.size));
}

static void fill_frame(struct sigframe *frame, const struct user_regs_struct *regs, uint64_t mask)
{
	*frame = (struct sigframe){
		.flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS,
		/* An alternate stack of no size: refused by the kernel, so the thread keeps its own. */
		.r8 = regs->r8, .r9 = regs->r9, .r10 = regs->r10, .r11 = regs->r11,
		.r12 = regs->r12, .r13 = regs->r13, .r14 = regs->r14, .r15 = regs->r15,
		.rdi = regs->rdi, .rsi = regs->rsi, .rbp = regs->rbp, .rbx = regs->rbx,
		.rdx = regs->rdx, .rax = regs->rax, .rcx = regs->rcx, .rsp = regs->rsp,
		.rip = regs->rip, .eflags = regs->eflags,
		.cs = (uint16_t)regs->cs, .ss = (uint16_t)regs->ss,
		.mask = mask,
	};
}

/* A frame that does one system call, with all signals blocked. */
static void fill_call(struct sigframe *frame, const struct user_regs_struct *regs, uint64_t call,
		      uint64_t number, uint64_t stack)
{
	struct user_regs_struct other = *regs;

	other.rip = call;
	other.rax = number;
	other.rdi = other.rsi = other.rdx = other.r10 = 0;
	other.rsp = stack;
	fill_frame(frame, &other, ~(uint64_t)0);
}

/* As the kernel lays out the FPU state of a signal frame (arch/x86/kernel/fpu/signal.c). */
static void finish_xstate(struct xstate *xstate)
{
	uint64_t features;
	uint32_t magic1 = XSTATE_MAGIC1, magic2 = XSTATE_MAGIC2;
	uint32_t size = (uint32_t)xstate->size, extended = size + (uint32_t)sizeof(magic2);

	/* PTRACE_GETREGSET gives the features enabled in the software-reserved bytes. */
	memcpy(&features, xstate->bytes + SW_RESERVED, sizeof(features));
	memset(xstate->bytes + SW_RESERVED, 0, XSTATE_HEADER - SW_RESERVED);
	memcpy(xstate->bytes + SW_RESERVED, &magic1, 4);
	memcpy(xstate->bytes + SW_RESERVED + 4, &extended, 4);
	memcpy(xstate->bytes + SW_RESERVED + 8, &features, 8);
	memcpy(xstate->bytes + SW_RESERVED + 16, &size, 4);
	memcpy(xstate->bytes + xstate->size, &magic2, sizeof(magic2));
}

/* The registers with which the thread must go on if the kernel does not restart its call. */
static struct user_regs_struct resumed(const struct remote *remote)
{
	struct user_regs_struct regs = remote->saved;
	int64_t result = (int64_t)regs.rax;
	/* ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK (linux/errno.h) */
	bool restarts = result == -512 || result == -513 || result == -514 || result == -516;

	if (((int64_t)regs.orig_rax >= 0 && restarts) ||
	    tracee_broke_call(remote->pid, remote->tid, &regs))
		tracee_reexecute(&regs);
	return regs;
}

static bool write_all(const struct remote *remote, uint64_t address, const void *data, size_t size)
{
	struct iovec from = { (void *)data, size };
	struct iovec to = { (void *)(uintptr_t)address, size };

	return process_vm_writev(remote->pid, &from, 1, &to, 1, 0) == (ssize_t)size;
}

bool remote_write_frames(struct remote *remote)
{
	struct user_regs_struct regs = resumed(remote);
	struct xstate xstate;
	uint64_t fpstate;
	struct frames frames = { .restore_wait = remote->gadgets->restore_rt,
				 .restore_limit = remote->gadgets->restore_rt,
				 .restore_thread = remote->gadgets->restore_rt };
	struct child_frames child = { .restore_exit = remote->gadgets->restore_rt };

	if (!read_xstate(remote->tid, &xstate))
		return false;
	fpstate = (remote->saved.rsp - RED_ZONE - xstate.size - 4) & ~(uint64_t)63;
	remote->stack = (fpstate - sizeof(frames)) & ~(uint64_t)15;
	remote->scratch = remote->stack + offsetof(struct frames, scratch);
	remote->child_slot = remote->stack + offsetof(struct frames, wait.rdi);
	remote->child_stack = (remote->stack - CHILD_DISTANCE - sizeof(child)) & ~(uint64_t)15;

	remote->limit_frame = remote->stack + offsetof(struct frames, limit);
	fill_call(&frames.wait, &regs, remote->gadgets->call, SYS_wait4,
		  remote->stack + offsetof(struct frames, restore_limit));
	fill_call(&frames.limit, &regs, remote->gadgets->call, SYS_getpid,
		  remote->stack + offsetof(struct frames, restore_thread));
	frames.wait.rdi = INT32_MAX; /* no process: until there is a child, the call fails at once */
	frames.wait.rdx = __WALL;
	fill_frame(&frames.thread, &regs, remote->saved_mask);
	frames.thread.flags |= UC_FP_XSTATE;
	frames.thread.fpstate = fpstate;
	fill_call(&child.exit, &regs, remote->gadgets->call, SYS_exit_group, remote->child_stack);

	finish_xstate(&xstate);
	return write_all(remote, fpstate, xstate.bytes, xstate.size + 4) &&
	       write_all(remote, remote->stack, &frames, sizeof(frames)) &&
	       write_all(remote, remote->child_stack, &child, sizeof(child));
}

/* The number of the call last: until it is there, frame 2 does nothing. */
bool remote_promise_limit(const struct remote *remote, int resource, const struct rlimit *old)
{
	uint64_t value = remote->stack + offsetof(struct frames, old_limit), number = SYS_prlimit64;
	uint64_t which = (uint64_t)resource;

	return write_all(remote, value, old, sizeof(*old)) &&
	       write_all(remote, remote->limit_frame + offsetof(struct sigframe, rsi), &which, 8) &&
	       write_all(remote, remote->limit_frame + offsetof(struct sigframe, rdx), &value, 8) &&
	       write_all(remote, remote->limit_frame + offsetof(struct sigframe, rax), &number, 8);
}
