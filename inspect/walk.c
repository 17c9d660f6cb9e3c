/* The hook at work in the frozen copy.
 *
 * Four mappings are made there: the code (read and execute, never writable:
 * a service under MemoryDenyWriteExecute refuses anything else, and the
 * debugger's write passes page protection), the control block, the roots that
 * were found from outside, and a stack of its own, since the thread's may be
 * nearly used up. */
#include "walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "../python_glue/hook.h"

#define STACK_SIZE (UINT64_C(1) << 20) /* tp_traverse of an extension may use some */
#define PAGE UINT64_C(4096)

struct run {
	struct freeze *freeze;
	uint64_t control; /* address in the copy */
	const struct interrupt *interrupt;
	struct progress *progress;
	struct hook_control seen; /* at the fault before */
	struct walk_pace pace;
	bool stuck;
};

#define STUCK_NS UINT64_C(30000000000)

static struct hg_error *map(struct freeze *freeze, uint64_t size, int prot, uint64_t *address)
{
	const uint64_t arguments[6] = { 0, size, (uint64_t)prot, MAP_PRIVATE | MAP_ANONYMOUS,
					(uint64_t)-1, 0 };
	struct hg_error *error;
	int64_t result;

	error = freeze_syscall(freeze, &result, SYS_mmap, arguments);
	if (error)
		return error;
	if (result < 0 && result > -4096)
		return hg_error_hint(hg_error_errno(HG_EXIT_FAILURE, (int)-result,
						    "cannot map memory in the frozen copy"),
				     "free some memory, or raise the process's limit (ulimit -v, cgroup)");
	*address = (uint64_t)result;
	return NULL;
}

static int read_control(struct run *run, struct hook_control *ret)
{
	return memory_read(&run->freeze->memory, run->control, ret, sizeof(*ret));
}

/* The hook goes on behind the object that faulted. The same place twice would go on for ever. */
static bool go_on_after_fault(void *context, int signal, uint64_t address)
{
	struct run *run = context;
	struct hook_control now;

	if (read_control(run, &now))
		return false;
	if (now.phase == run->seen.phase && now.cursor == run->seen.cursor &&
	    now.cursor_address == run->seen.cursor_address)
		return false;
	run->seen = now;
	return true;
}

bool walk_stands_still(struct walk_pace *pace, const struct hook_control *now)
{
	uint64_t mark = now->phase + now->cursor + now->cursor_address;

	if (mark != pace->mark || !pace->since_ns) {
		pace->mark = mark;
		pace->since_ns = clock_ns();
	}
	return clock_ns() - pace->since_ns > (pace->object_ns ? pace->object_ns : STUCK_NS);
}

struct hg_error *walk_stuck(void)
{
	return hg_error_hint(hg_error_new(HG_EXIT_FAILURE, "the walk stands still at one object"),
			     "its type's tp_traverse does not return: it waits for a lock, or is damaged");
}

static bool tick(void *context)
{
	struct run *run = context;
	struct hook_control now;

	if (read_control(run, &now))
		return !interrupted(run->interrupt);
	progress_show(run->progress, "walking", now.cursor);
	run->stuck = walk_stands_still(&run->pace, &now);
	return !run->stuck && !interrupted(run->interrupt);
}

static struct hg_error *run_hook(struct run *run, const struct freeze_call *call)
{
	struct hg_error *error = freeze_run(run->freeze, call);

	if (!error || !run->stuck)
		return error;
	hg_error_free(error);
	return walk_stuck();
}

struct hg_error *walk_verdict(const struct hook_control *control)
{
	if (control->phase == HOOK_DONE)
		return NULL;
	if (control->phase == HOOK_FAILED)
		return hg_error_hint(hg_error_errno(HG_EXIT_FAILURE, control->error,
						    "the walk ended early after %llu objects",
						    (unsigned long long)control->objects),
				     control->error == ENOMEM
					     ? "the copy may use no more memory: raise the cgroup's limit or ulimit -v"
					     : NULL);
	return hg_error_new(HG_EXIT_FAILURE, "the walk stopped in phase %u", control->phase);
}

void walk_free(struct walk *walk)
{
	if (walk)
		py_roots_deinit(&walk->roots);
	free(walk);
}

void walk_roots_given(const struct walk *walk, struct hook_given *given)
{
	for (size_t i = 0; i < walk->roots.count; i++)
		given[i] = (struct hook_given){ .object = walk->roots.root[i].object,
						.owner = walk->roots.root[i].owner,
						.kind = walk->roots.root[i].kind };
}

/* Finds the roots that the hook does not know of, and puts them where it reads them. */
static struct hg_error *give_roots(struct freeze *freeze, const struct py_runtime *runtime,
				   struct walk *walk)
{
	_cleanup_free_ struct hook_given *given = NULL;
	struct hg_error *error = py_roots_find(&freeze->memory, runtime, &walk->roots);
	size_t size = (walk->roots.count + 1) * sizeof(*given);

	if (error)
		return error;
	given = calloc(1, size);
	if (!given)
		return &hg_error_no_memory;
	walk_roots_given(walk, given);
	error = map(freeze, (size + PAGE - 1) & -PAGE, PROT_READ | PROT_WRITE, &walk->control.given);
	if (error)
		return error;
	walk->control.num_given = walk->roots.count;
	return freeze_write(freeze, walk->control.given, given, size);
}

struct hg_error *walk_run(struct freeze *freeze, const struct py_runtime *runtime, uint64_t flags,
			  const struct interrupt *interrupt, struct progress *progress,
			  struct walk *ret)
{
	struct run run = { .freeze = freeze, .interrupt = interrupt, .progress = progress,
			   .pace = { .object_ns = freeze->object_ns } };
	struct freeze_call call = { .on_fault = go_on_after_fault, .tick = tick, .context = &run };
	uint64_t code, stack, begin = clock_ns();
	struct hg_error *error;

	error = map(freeze, (py_hook_blob_size + PAGE - 1) & -PAGE, PROT_READ | PROT_EXEC, &code);
	if (!error)
		error = map(freeze, (sizeof(ret->control) + PAGE - 1) & -PAGE,
			    PROT_READ | PROT_WRITE, &run.control);
	if (!error)
		error = map(freeze, STACK_SIZE, PROT_READ | PROT_WRITE, &stack);
	if (error)
		return error;
	ret->control = (struct hook_control){ .size = sizeof(ret->control),
					      .runtime = runtime->address,
					      .layout = runtime->layout,
					      .flags = flags };
	run.seen.phase = UINT32_MAX;
	error = give_roots(freeze, runtime, ret);
	if (!error)
		error = freeze_write(freeze, code, py_hook_blob, py_hook_blob_size);
	if (!error)
		error = freeze_write(freeze, run.control, &ret->control, sizeof(ret->control));
	if (error)
		return error;
	call.function = code;
	call.argument = run.control;
	call.stack_top = stack + STACK_SIZE;
	call.timeout_ns = freeze->walk_ns;
	error = run_hook(&run, &call);
	if (error)
		return error;
	ret->walk_ns = clock_ns() - begin;
	if (read_control(&run, &ret->control))
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read the walk's result");
	return walk_verdict(&ret->control);
}
