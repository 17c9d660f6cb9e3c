#include "own_copy.h"

#include <errno.h>
#include <linux/futex.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "../../inspect/proc.h"
#include "own_search.h"

#define GIVEN 8192 /* roots that the interpreter keeps outside the heap: some hundred */
#define FAULT_STACK 65536

enum { STARTING, WAITING, WALKING, SEARCHING, DONE };

/* Only the child writes `control` once it walks. */
struct own_shared {
	uint32_t step; /* futex */
	struct hook_control control, seen;
	struct own_search search;
	sigjmp_buf fault;
	struct hook_given given[GIVEN];
	char fault_stack[FAULT_STACK];
};

static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };

static void set_step(struct own_shared *shared, uint32_t step)
{
	__atomic_store_n(&shared->step, step, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &shared->step, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Until the step is another one than `step`, or 100 ms have passed. */
static void wait_step(struct own_shared *shared, uint32_t step)
{
	const struct timespec a_while = { .tv_nsec = 100000000 };

	syscall(SYS_futex, &shared->step, FUTEX_WAIT, step, &a_while, NULL, 0);
}

/* The stack that it runs on leads to the rest. */
static void on_fault(int signal, siginfo_t *info, void *context)
{
	const ucontext_t *at = context;
	char *stack = at->uc_stack.ss_sp;

	siglongjmp(((struct own_shared *)(stack - offsetof(struct own_shared, fault_stack)))->fault,
		   1);
}

static void catch_faults(struct own_shared *shared)
{
	const stack_t stack = { .ss_sp = shared->fault_stack, .ss_size = FAULT_STACK };
	struct sigaction action = { .sa_sigaction = on_fault,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

	sigaltstack(&stack, NULL);
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		sigaction(faults[i], &action, NULL);
}

/* The same place twice would go on for ever. */
static bool goes_on(struct own_shared *shared)
{
	const struct hook_control *now = &shared->control, *seen = &shared->seen;

	if (now->phase == seen->phase && now->cursor == seen->cursor &&
	    now->cursor_address == seen->cursor_address)
		return false;
	shared->seen = *now;
	return true;
}

/* The program's limits of memory are its own: the walk may take what the hard ones allow. And an abort() in
 * a tp_traverse is no crash of the program: with a limit of 1 no core is written, and by a pipe neither
 * (do_coredump() in fs/coredump.c). */
static void set_limits(void)
{
	static const int memory[] = { RLIMIT_AS, RLIMIT_DATA };
	struct rlimit limit;

	for (size_t i = 0; i < sizeof(memory) / sizeof(*memory); i++) {
		if (getrlimit(memory[i], &limit) || limit.rlim_cur == limit.rlim_max)
			continue;
		limit.rlim_cur = limit.rlim_max;
		setrlimit(memory[i], &limit);
	}
	limit = (struct rlimit){ 1, 1 };
	setrlimit(RLIMIT_CORE, &limit);
}

static void walk(struct own_shared *shared)
{
	shared->seen.phase = UINT32_MAX;
	if (!sigsetjmp(shared->fault, 0) || goes_on(shared))
		hook_run(&shared->control);
}

static void search(struct own_shared *shared, int file)
{
	if (!sigsetjmp(shared->fault, 0))
		own_search_run(&shared->search, file);
}

/* All that the copy ever does: system calls, the hook, tp_traverse functions, the search. A service that has
 * given up its rights, or that lets nobody look into it, is not dumpable, and neither would its copy be:
 * who made it might not read it (__ptrace_may_access() in kernel/ptrace.c). */
__attribute__((__noreturn__)) static void child(const struct own_copy *copy, pid_t parent)
{
	struct own_shared *shared = copy->shared;
	uint32_t now;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 1);
	if (getppid() != parent)
		_exit(1);
	set_limits();
	catch_faults(shared);
	for (uint32_t step = WAITING;; step = DONE) {
		set_step(shared, step);
		do {
			wait_step(shared, step);
			now = __atomic_load_n(&shared->step, __ATOMIC_SEQ_CST);
		} while (now == step);
		if (now == WALKING)
			walk(shared);
		else
			search(shared, copy->file);
	}
}

struct hg_error *own_copy_prepare(struct own_copy *ret)
{
	void *shared = mmap(NULL, sizeof(struct own_shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	*ret = (struct own_copy){ 0 };
	if (shared == MAP_FAILED)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot map memory for the walk");
	ret->shared = shared;
	ret->file = memfd_create("heapgraph", MFD_CLOEXEC); /* without it, the search is made from here */
	return NULL;
}

struct hg_error *own_copy_make(struct own_copy *copy)
{
	pid_t parent = getpid();
	sigset_t all, before;
	long pid;

	/* A signal in the child would run the program's handlers there. */
	sigfillset(&all);
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		sigdelset(&all, faults[i]);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = syscall(SYS_clone, 0L, NULL, NULL, NULL, 0L);
	if (!pid)
		child(copy, parent);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return hg_error_hint(hg_error_errno(HG_EXIT_FAILURE, errno,
						    "cannot copy the process"),
				     errno == EAGAIN ? "raise its limit of processes (ulimit -u)"
						     : "free some memory");
	copy->pid = (pid_t)pid;
	return NULL;
}

static struct hg_error *give_roots(struct own_copy *copy, const struct py_runtime *runtime,
				   struct walk *walk)
{
	const struct memory memory = { .pid = copy->pid };
	struct own_shared *shared = copy->shared;
	struct hg_error *error = py_roots_find(&memory, runtime, &walk->roots);

	if (error)
		return error;
	if (walk->roots.count > GIVEN)
		return hg_error_new(HG_EXIT_FAILURE, "the interpreter has %zu roots of its own; at "
				    "most %d are read", walk->roots.count, GIVEN);
	walk_roots_given(walk, shared->given);
	shared->control.given = (uint64_t)(uintptr_t)shared->given;
	shared->control.num_given = walk->roots.count;
	return NULL;
}

/* Until the copy is behind `step`. One that is gone may have been collected by the program, with __WALL. */
static struct hg_error *await(struct own_copy *copy, uint32_t step)
{
	struct own_shared *shared = copy->shared;
	struct walk_pace pace = { 0 };

	while (__atomic_load_n(&shared->step, __ATOMIC_SEQ_CST) == step) {
		wait_step(shared, step);
		if (step == WALKING && walk_stands_still(&pace, &shared->control))
			return walk_stuck();
		if (waitpid(copy->pid, NULL, __WALL | WNOHANG)) {
			copy->pid = 0;
			return hg_error_hint(hg_error_new(HG_EXIT_FAILURE,
							  "the copy of the process was killed"),
					     "see whether the cgroup ran out of memory (dmesg)");
		}
	}
	return NULL;
}

struct hg_error *own_copy_begin(struct own_copy *copy)
{
	struct hg_error *error = await(copy, STARTING);

	if (!error)
		proc_make_expendable(copy->pid);
	return error;
}

struct hg_error *own_copy_walk(struct own_copy *copy, const struct py_runtime *runtime,
			       uint64_t flags, struct walk *ret)
{
	struct own_shared *shared = copy->shared;
	uint64_t begin = clock_ns();
	struct hg_error *error;

	shared->control = (struct hook_control){ .size = sizeof(shared->control),
						 .runtime = runtime->address,
						 .layout = runtime->layout,
						 .flags = flags };
	error = give_roots(copy, runtime, ret);
	if (!error) {
		set_step(shared, WALKING);
		error = await(copy, WALKING);
	}
	if (error)
		return error;
	ret->control = shared->control;
	ret->walk_ns = clock_ns() - begin;
	return walk_verdict(&ret->control);
}

/* A whole column; the caller frees. */
static struct hg_error *read_column(const struct own_copy *copy, const struct hook_array *column,
				    void **ret)
{
	const struct memory memory = { .pid = copy->pid };
	_cleanup_free_ void *data = malloc(column->used + 1);

	if (!data)
		return &hg_error_no_memory;
	if (memory_read(&memory, column->data, data, column->used))
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read the walk's result");
	*ret = take_ptr(data);
	return NULL;
}

static bool mark(const struct own_copy *copy, const struct hook_control *control, uint32_t object)
{
	const struct memory memory = { .pid = copy->pid };
	uint64_t address = control->columns[HOOK_FLAGS].data + 4ul * object;
	uint32_t flags;
	const struct iovec remote = { (void *)(uintptr_t)address, sizeof(flags) };
	const struct iovec local = { &flags, sizeof(flags) };

	if (memory_read_u32(&memory, address, &flags))
		return false;
	flags |= HGS_OBJ_OBSERVER;
	return process_vm_writev(copy->pid, &local, 1, &remote, 1, 0) == sizeof(flags);
}

struct hg_error *own_copy_mark(const struct own_copy *copy, const struct hook_control *control,
			       unsigned frames)
{
	const struct hook_array *columns = control->columns;
	_cleanup_free_ void *threads = NULL, *rows = NULL;
	struct hg_error *error = read_column(copy, &columns[HOOK_THREADS], &threads);
	const struct hgs_thread *thread;
	const struct hook_frame *frame;

	if (!error)
		error = read_column(copy, &columns[HOOK_FRAMES], &rows);
	if (error)
		return error;
	thread = threads;
	frame = rows;
	for (size_t i = 0; frames && i < columns[HOOK_FRAMES].used / sizeof(*frame); i++) {
		if (frame[i].thread == HGS_NONE || !(thread[frame[i].thread].flags & HGS_THREAD_HELD_GIL))
			continue;
		if (!mark(copy, control, frame[i].object))
			return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot mark a frame in the copy");
		frames--;
	}
	return NULL;
}

struct hg_error *own_copy_search(void *context, const struct scan *scan,
				 const struct scan_range *ranges, size_t count, struct scan_hits *ret)
{
	struct own_copy *copy = context;
	struct hg_error *error;

	*ret = (struct scan_hits){ 0 };
	if (!own_search_ask(&copy->shared->search, copy->file, scan, ranges, count))
		return NULL;
	set_step(copy->shared, SEARCHING);
	error = await(copy, SEARCHING);
	return error ? error : own_search_answer(&copy->shared->search, copy->file, ret);
}

void own_copy_end(struct own_copy *copy)
{
	if (copy->pid) {
		kill(copy->pid, SIGKILL);
		while (waitpid(copy->pid, NULL, __WALL) < 0 && errno == EINTR)
			;
		copy->pid = 0;
	}
	if (!copy->shared)
		return;
	if (copy->file >= 0)
		close(copy->file);
	munmap(copy->shared, sizeof(*copy->shared));
	copy->shared = NULL;
}
