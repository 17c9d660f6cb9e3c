/* Waiting for the heap to be whole. See safepoint.h.
 *
 * Often it is whole at the first stop. If not, some thread holds a GIL, and must be brought to a
 * point where it is known to stand between two bytecodes, by means that harm nothing if we die:
 *
 * - Not gil_drop_request: drop_gil() of a lone thread then waits for ever on switch_cond, for
 *   another to take the GIL (FORCE_SWITCHING in Python/ceval_gil.h); it would stay so after our death.
 * - Not a watchpoint on gil.locked: it survives our death and kills the target (tracee.c).
 * - But a pending call of libc's sched_yield(NONCE): the eval loop makes it between two bytecodes,
 *   with the GIL held; sched_yield ignores its argument, returns 0 and does no harm. The thread is
 *   stopped at the entry of that system call, known by the nonce in rdi. If we die, the call is made
 *   and nobody minds.
 *
 * Besides, every entry of a system call by any thread is a chance: a thread that releases the GIL to
 * read, or to another thread that waits for it (pthread_cond_signal() in drop_gil() is a futex call,
 * made with the GIL free and its mutex held), is about to make one. And every few milliseconds
 * everything is stopped for a look, for a release that makes no system call. Verdicts are by state,
 * given with every thread stopped. */
#include "safepoint.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/syscall.h>

#include "../graph/hgs.h"
#include "../python_glue/pending.h"
#include "fault.h"

/* Threads that contend for the GIL pass it on every 5 ms (sys.getswitchinterval()): looking sooner
 * would stop them in vain. */
enum { MILLISECOND = 1000000, PAUSE_MIN = 5 * MILLISECOND, PAUSE_MAX = 50 * MILLISECOND };

/* How long the others wait, at most, for a thread that does not stop: one that sleeps uninterruptibly
 * (a disk that does not answer, the parent in vfork()). */
#define STOP_TIME (1000ull * MILLISECOND)

enum verdict { VERDICT_SAFE, VERDICT_HELD, VERDICT_COLLECTING };

struct gil {
	const struct py_interpreter *interpreter; /* one of those that share it */
	struct py_pending_call call;
	bool queued; /* the call may wait in the interpreter's queue */
};

struct search {
	struct tracees *tracees;
	const struct py_runtime *runtime;
	struct memory memory;
	struct gil gils[PY_MAX_INTERPRETERS];
	unsigned num_gils;
	uint64_t yield; /* sched_yield in the target; 0: not found */
};

static void list_gils(struct search *search)
{
	uint64_t nonce = 0;

	/* Without randomness (never on a machine that has booted) the argument is merely guessable. */
	if (getrandom(&nonce, sizeof(nonce), GRND_NONBLOCK) < 0)
		nonce = now_ns();
	search->num_gils = 0;
	for (unsigned i = 0; i < search->runtime->num_interpreters; i++) {
		const struct py_interpreter *interpreter = &search->runtime->interpreters[i];
		bool known = !interpreter->gil;

		for (unsigned j = 0; j < search->num_gils; j++)
			known |= search->gils[j].interpreter->gil == interpreter->gil;
		if (!known)
			search->gils[search->num_gils++] = (struct gil){
				.interpreter = interpreter,
				.call = { search->yield, nonce + i },
			};
	}
}

/* The thread state that holds this GIL; 0: nobody. */
static uint64_t holder(const struct search *search, const struct gil *gil)
{
	uint64_t tstate = 0;
	uint32_t locked = 0;

	if (memory_read_u32(&search->memory, gil->interpreter->gil_locked, &locked) < 0 ||
	    (int32_t)locked <= 0)
		return 0;
	if (memory_read_u64(&search->memory, gil->interpreter->gil_last_holder, &tstate) < 0 || !tstate)
		return UINT64_MAX; /* being taken */
	return tstate;
}

/* Whether these are the registers of a thread that is at the entry or the exit of our call: in user
 * code, orig_rax is negative. */
static bool in_our_call(const struct search *search, const struct user_regs_struct *regs)
{
	if (regs->orig_rax != SYS_sched_yield)
		return false;
	for (unsigned i = 0; i < search->num_gils; i++)
		if (search->gils[i].call.argument == regs->rdi)
			return true;
	return false;
}

/* Whether the holder stands in a call that we queued: pthread_self() is the thread's fs_base. */
static bool caught(const struct search *search, uint64_t tstate)
{
	uint64_t thread;

	if (memory_read_u64(&search->memory, tstate + (uint64_t)search->runtime->layout.ts_thread_id,
			    &thread) < 0)
		return false;
	for (size_t i = 0; i < search->tracees->count; i++) {
		const struct tracee *tracee = &search->tracees->list[i];
		struct user_regs_struct regs;

		if (tracee->state != TRACEE_RUNNING &&
		    ptrace(PTRACE_GETREGS, tracee->tid, 0, &regs) == 0 && regs.fs_base == thread)
			return in_our_call(search, &regs);
	}
	return false;
}

static enum verdict judge(const struct search *search)
{
	for (unsigned i = 0; i < search->num_gils; i++) {
		uint64_t tstate = holder(search, &search->gils[i]);

		if (tstate && (tstate == UINT64_MAX || !caught(search, tstate)))
			return VERDICT_HELD;
	}
	for (unsigned i = 0; i < search->runtime->num_interpreters; i++) {
		uint32_t collecting = 0;

		memory_read_u32(&search->memory, search->runtime->interpreters[i].gc_collecting,
				&collecting);
		if (collecting)
			return VERDICT_COLLECTING;
	}
	return VERDICT_SAFE;
}

/* The interpreter that runs in a thread: a GIL may be shared by several. */
static const struct py_interpreter *interpreter_of(const struct search *search, uint64_t tstate)
{
	uint64_t address;

	if (memory_read_u64(&search->memory, tstate + (uint64_t)search->runtime->layout.ts_interp,
			    &address) < 0)
		return NULL;
	for (unsigned i = 0; i < search->runtime->num_interpreters; i++)
		if (search->runtime->interpreters[i].address == address)
			return &search->runtime->interpreters[i];
	return NULL;
}

/* All threads stopped: takes back calls that were not made, where the GIL came free by itself. */
static void remove_calls(struct search *search)
{
	for (unsigned i = 0; i < search->num_gils; i++)
		if (search->gils[i].queued)
			py_pending_remove(&search->memory, search->runtime,
					  search->gils[i].interpreter, &search->gils[i].call);
}

/* All threads stopped: queues a call for each holder as it is now. */
static void queue_calls(struct search *search)
{
	remove_calls(search);
	for (unsigned i = 0; i < search->num_gils && search->yield; i++) {
		struct gil *gil = &search->gils[i];
		uint64_t tstate = holder(search, gil);
		const struct py_interpreter *interpreter;

		gil->queued = false;
		if (!tstate || tstate == UINT64_MAX)
			continue;
		interpreter = interpreter_of(search, tstate);
		if (!interpreter)
			continue;
		gil->interpreter = interpreter;
		gil->queued = py_pending_add(&search->memory, search->runtime, interpreter, tstate,
					     &gil->call) == PY_PENDING_QUEUED;
	}
}

/* Lets the target run until the heap looks whole or `until` has come. */
static struct hg_error *run(struct search *search, uint64_t until)
{
	struct tracees *tracees = search->tracees;

	tracees_resume(tracees);
	while (now_ns() < until) {
		struct tracee_event event;
		struct hg_error *error = tracees_next(tracees, until, &event);
		struct user_regs_struct regs;
		enum verdict verdict;

		if (error)
			return error;
		if (event.kind == TRACEE_STOP)
			tracee_resume(tracees, event.tracee);
		if (event.kind != TRACEE_ENTRY)
			continue;
		verdict = judge(search);
		if (verdict == VERDICT_SAFE)
			return NULL;
		/* With several GILs, a caught holder waits for the others. */
		if (search->num_gils == 1 || verdict == VERDICT_COLLECTING ||
		    ptrace(PTRACE_GETREGS, event.tracee->tid, 0, &regs) < 0 ||
		    !in_our_call(search, &regs))
			tracee_resume(tracees, event.tracee);
	}
	return NULL;
}

static struct hg_error *look(struct search *search, uint64_t deadline, enum verdict *verdict)
{
	struct hg_error *error = tracees_stop(search->tracees, deadline);

	if (!error)
		*verdict = judge(search);
	return error;
}

static struct hg_error *search_until(struct search *search, uint64_t deadline,
				     enum verdict *verdict)
{
	uint64_t pause = PAUSE_MIN;
	struct hg_error *error = NULL;

	while (!error && *verdict != VERDICT_SAFE && now_ns() < deadline) {
		uint64_t until = now_ns() + pause;

		queue_calls(search);
		error = run(search, until < deadline ? until : deadline);
		if (!error)
			error = look(search, now_ns() + STOP_TIME, verdict);
		pause = pause < PAUSE_MAX / 2 ? 2 * pause : PAUSE_MAX;
	}
	return error;
}

struct hg_error *safepoint_reach(struct tracees *tracees, const struct process *process,
				 struct py_runtime *runtime, uint64_t timeout_ns,
				 struct safe_point *ret)
{
	uint64_t start = now_ns();
	enum verdict verdict = VERDICT_HELD;
	struct search search = {
		.tracees = tracees,
		.runtime = runtime,
		.memory = process->memory,
		.yield = process_symbol(process, NULL, "sched_yield"),
	};
	struct hg_error *error;

	error = tracees_stop(tracees, start + STOP_TIME);
	if (!error)
		error = fault_at(FAULT_STOP);
	if (!error)
		error = py_runtime_refresh(&process->memory, runtime);
	if (error)
		return error;
	if (runtime->build & HGS_BUILD_FREE_THREADED) {
		*ret = (struct safe_point){ false, "this interpreter has no GIL to wait for" };
		return NULL;
	}
	list_gils(&search);
	verdict = judge(&search);
	error = search_until(&search, start + timeout_ns, &verdict);
	if (!error)
		error = fault_at(FAULT_SAFE_POINT);
	if (error) {
		struct hg_error *other;

		tracees->interrupt = NULL; /* it has been heard; this stop is for the target's sake */
		other = tracees_stop(tracees, now_ns() + STOP_TIME);
		if (other) { /* a call that stays queued does no harm, taking it out on the run would */
			hg_error_free(other);
			return error;
		}
	}
	remove_calls(&search);
	*ret = (struct safe_point){
		.consistent = verdict == VERDICT_SAFE,
		.why_inconsistent = verdict == VERDICT_SAFE ? NULL
				    : verdict == VERDICT_COLLECTING
					    ? "a garbage collection was under way"
					    : "a thread kept the GIL",
	};
	return error;
}
