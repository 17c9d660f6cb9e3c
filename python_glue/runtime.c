/* The interpreters of a process, and the proof that their layout is the one we think.
 *
 * Offsets from a table are a guess until the process confirms them: patch releases, vendors'
 * patches and unusual builds move fields. What is checked is what the walk relies on, and what a
 * wrong offset would hardly meet by chance (see proof.c). A live process moves under our reads, so
 * a check that fails is made again before it counts. */
#include "runtime.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "proof.h"

/* How often a check is made in a live process before its failure counts: 0.1 s in all. */
enum { TRIES = 50, TRY_PAUSE_NS = 2000000 };
/* The released layout of a version, and room for three of vendors. */
enum { LAYOUTS = 4 };

static uint64_t field(uint64_t base, int32_t offset)
{
	return offset == PY_ABSENT ? 0 : base + (uint64_t)offset;
}

static int fill_interpreter(const struct memory *memory, const struct py_runtime *runtime,
			    uint64_t address, struct py_interpreter *ret)
{
	const struct py_layout *l = &runtime->layout;
	bool shared_breaker = l->rt_eval_breaker != PY_ABSENT; /* 3.8 */

	memset(ret, 0, sizeof(*ret));
	ret->address = address;
	ret->gc = l->rt_gc != PY_ABSENT ? field(runtime->address, l->rt_gc) :
					  field(address, l->is_gc);
	if (l->is_gil_ptr == PY_ABSENT)
		ret->gil = field(runtime->address, l->rt_gil);
	else if (memory_read_u64(memory, field(address, l->is_gil_ptr), &ret->gil) < 0)
		return -1;
	if (ret->gil) {
		ret->gil_locked = field(ret->gil, l->gil_locked);
		ret->gil_last_holder = field(ret->gil, l->gil_last_holder);
	}
	ret->gc_collecting = field(ret->gc, l->gc_collecting);
	ret->eval_breaker = shared_breaker ? field(runtime->address, l->rt_eval_breaker) :
					     field(address, l->is_eval_breaker);
	ret->gil_drop_request = shared_breaker ? field(runtime->address, l->rt_gil_drop_request) :
						 field(address, l->is_gil_drop_request);
	return 0;
}

/* PEP 684 (3.12): an interpreter has a GIL of its own unless it shares the main one's. */
static void mark_own_gils(struct py_runtime *runtime, uint64_t main)
{
	uint64_t main_gil = 0;

	for (unsigned i = 0; i < runtime->num_interpreters; i++)
		if (runtime->interpreters[i].address == main)
			main_gil = runtime->interpreters[i].gil;
	for (unsigned i = 0; i < runtime->num_interpreters; i++) {
		struct py_interpreter *interpreter = &runtime->interpreters[i];

		interpreter->own_gil = interpreter->address == main || interpreter->gil != main_gil;
	}
}

static struct hg_error *too_many(pid_t pid)
{
	return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE, "cannot look into process %d: it has "
					  "more than %d interpreters", pid, PY_MAX_INTERPRETERS),
			     "attach while fewer subinterpreters are running");
}

static struct hg_error *unreadable(pid_t pid, int errnum)
{
	return hg_error_errno(errnum == ESRCH ? HG_EXIT_NO_PROCESS : HG_EXIT_FAILURE, errnum,
			      "cannot read the interpreter list of process %d", pid);
}

/* The list from _PyRuntime.interpreters.head, newest first. */
static struct hg_error *list_once(const struct memory *memory, struct py_runtime *runtime)
{
	const struct py_layout *l = &runtime->layout;
	uint64_t address, main;

	runtime->num_interpreters = 0;
	if (memory_read_u64(memory, field(runtime->address, l->rt_interp_main), &main) < 0 ||
	    memory_read_u64(memory, field(runtime->address, l->rt_interp_head), &address) < 0)
		return unreadable(memory_owner(memory), errno);
	while (address) {
		struct py_interpreter *next = &runtime->interpreters[runtime->num_interpreters];

		if (runtime->num_interpreters == PY_MAX_INTERPRETERS)
			return too_many(memory_owner(memory));
		if (fill_interpreter(memory, runtime, address, next) < 0 ||
		    memory_read_u64(memory, field(address, l->is_next), &address) < 0)
			return unreadable(memory_owner(memory), errno);
		runtime->num_interpreters++;
	}
	mark_own_gils(runtime, main);
	return NULL;
}

static struct hg_error *not_running(pid_t pid)
{
	return hg_error_hint(hg_error_new(HG_EXIT_FAILURE, "cannot look into process %d: its "
					  "interpreter is not running (starting, or shutting down)",
					  pid),
			     "attach again while the program runs");
}

struct hg_error *py_runtime_refresh(const struct memory *memory, struct py_runtime *runtime)
{
	struct hg_error *error = NULL;

	for (unsigned i = 0; i < TRIES; i++) {
		hg_error_free(error);
		error = list_once(memory, runtime);
		if (!error && runtime->num_interpreters)
			return NULL;
	}
	return error ? error : not_running(memory_owner(memory));
}

static struct hg_error *not_proved(const struct py_runtime *runtime, pid_t pid, const char *why)
{
	char text[PY_VERSION_TEXT];

	return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE, "cannot read the interpreter of "
					  "process %d: it says CPython %s, but %s", pid,
					  py_version_text(runtime->layout.version, text), why),
			     "this build differs from the released CPython %s: use a release "
			     "build, or report how it was built", text);
}

/* One look at the process under each layout that it may have. On success the layout stays. */
static const char *try_layouts(const struct memory *memory, struct py_runtime *runtime,
			       struct proof proofs[LAYOUTS])
{
	const struct py_layout released = runtime->layout;
	const char *why = proof_try(memory, runtime, &proofs[0]);

	for (unsigned i = 1; why && i < LAYOUTS; i++) {
		if (!py_layout_variant(i - 1, &runtime->layout))
			break;
		if (!proof_try(memory, runtime, &proofs[i]))
			return NULL;
		runtime->layout = released;
	}
	return why;
}

struct hg_error *py_runtime_open(const struct memory *memory, uint64_t address, uint32_t version,
				 struct py_runtime *ret)
{
	static const struct timespec pause = { .tv_nsec = TRY_PAUSE_NS };
	struct proof proofs[LAYOUTS] = { 0 };
	const char *why = NULL;
	struct hg_error *error;

	memset(ret, 0, sizeof(*ret));
	ret->address = address;
	error = py_layout_for(memory, address, version, &ret->layout);
	if (error)
		return error;
	for (unsigned i = 0; i < TRIES; i++) {
		if (i)
			nanosleep(&pause, NULL);
		error = py_runtime_refresh(memory, ret);
		if (error)
			return error;
		why = try_layouts(memory, ret, proofs);
		if (!why)
			return NULL;
	}
	if (proofs[0].not_running)
		return not_running(memory_owner(memory));
	return not_proved(ret, memory_owner(memory), why);
}
