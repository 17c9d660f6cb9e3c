/* Injected system calls. See remote.h for the layout of the stack and why. */
#include "remote.h"

#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "fault.h"
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
	EXIT_SECONDS = 10,
};
#define XSTATE_MAGIC1 0x46505853u
#define XSTATE_MAGIC2 0x46505845u

/* What goes to the stack, in one piece. */
struct frames {
	uint64_t restore_wait;
	struct sigframe wait;
	uint64_t restore_thread;
	struct sigframe thread;
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

static size_t search(const uint8_t *text, size_t size, const uint8_t *bytes, size_t length)
{
	const uint8_t *found = memmem(text, size, bytes, length);

	return found ? (size_t)(found - text) : SIZE_MAX;
}

static void search_mapping(const struct process *process, const struct mapping *mapping,
			   struct gadgets *ret)
{
	static const uint8_t call[] = { 0x0f, 0x05, 0xc3 };
	static const uint8_t restore[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 };
	size_t size = mapping->end - mapping->start, at;
	_cleanup_free_ uint8_t *text = malloc(size);

	if (!text || memory_read(&process->memory, mapping->start, text, size) < 0)
		return;
	at = search(text, size, call, sizeof(call));
	if (at != SIZE_MAX && !ret->call)
		ret->call = mapping->start + at;
	at = search(text, size, restore, sizeof(restore));
	if (at != SIZE_MAX && !ret->restore_rt)
		ret->restore_rt = mapping->start + at;
}

/* The C library first, which has both; then every other program text (static executables). */
struct hg_error *gadgets_find(const struct process *process, struct gadgets *ret)
{
	*ret = (struct gadgets){ 0 };
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < process->num_maps && (!ret->call || !ret->restore_rt); i++) {
			const struct mapping *mapping = &process->maps[i];
			bool libc = strstr(mapping->path, "/libc") || strstr(mapping->path, "/ld-musl");

			if ((mapping->prot & 5) == 5 && *mapping->path && libc == (pass == 0))
				search_mapping(process, mapping, ret);
		}
	if (ret->call && ret->restore_rt)
		return fault_at(FAULT_GADGETS);
	return hg_error_new(HG_EXIT_UNREADABLE,
			    "cannot work in process %d: no system call instruction found in its C "
			    "library", process->pid);
}

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

static bool write_frames(struct remote *remote, struct xstate *xstate)
{
	struct user_regs_struct regs = resumed(remote);
	uint64_t fpstate = (remote->saved.rsp - RED_ZONE - xstate->size - 4) & ~(uint64_t)63;
	struct frames frames = { .restore_wait = remote->gadgets->restore_rt,
				 .restore_thread = remote->gadgets->restore_rt };
	struct child_frames child = { .restore_exit = remote->gadgets->restore_rt };

	remote->stack = (fpstate - sizeof(frames)) & ~(uint64_t)15;
	remote->scratch = remote->stack + offsetof(struct frames, scratch);
	remote->child_slot = remote->stack + offsetof(struct frames, wait.rdi);
	remote->child_stack = (remote->stack - CHILD_DISTANCE - sizeof(child)) & ~(uint64_t)15;

	fill_call(&frames.wait, &regs, remote->gadgets->call, SYS_wait4,
		  remote->stack + offsetof(struct frames, restore_thread));
	frames.wait.rdi = INT32_MAX; /* no process: until there is a child, the call fails at once */
	frames.wait.rdx = __WALL;
	fill_frame(&frames.thread, &regs, remote->saved_mask);
	frames.thread.flags |= UC_FP_XSTATE;
	frames.thread.fpstate = fpstate;
	fill_call(&child.exit, &regs, remote->gadgets->call, SYS_exit_group, remote->child_stack);

	finish_xstate(xstate);
	return write_all(remote, fpstate, xstate->bytes, xstate->size + 4) &&
	       write_all(remote, remote->stack, &frames, sizeof(frames)) &&
	       write_all(remote, remote->child_stack, &child, sizeof(child));
}

static struct hg_error *lost(const struct remote *remote)
{
	return hg_error_new(HG_EXIT_FAILURE, "process %d exited during the attach", remote->pid);
}

struct hg_error *remote_begin(struct remote *remote, pid_t pid, pid_t tid,
			      const struct gadgets *gadgets, const struct interrupt *interrupt)
{
	uint64_t all = ~(uint64_t)0;
	struct xstate xstate;
	struct user_regs_struct regs;
	struct hg_error *error = fault_at(FAULT_FRAME);

	if (error)
		return error;
	*remote = (struct remote){ .pid = pid, .tid = tid, .memory = { pid }, .gadgets = gadgets,
				   .interrupt = interrupt };
	if (ptrace(PTRACE_GETREGS, tid, 0, &remote->saved) < 0 || !read_xstate(tid, &xstate) ||
	    ptrace(PTRACE_GETSIGMASK, tid, sizeof(uint64_t), &remote->saved_mask) < 0)
		return lost(remote);
	if (!write_frames(remote, &xstate))
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
	int got = tracee_wait(tid, status, now_ns() + EXIT_SECONDS * 1000000000ull, NULL, NULL);

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
				pid_t *child, const struct interrupt *interrupt)
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
			      child, remote->interrupt);
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
