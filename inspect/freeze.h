/* Freezing: from a running process to a private copy of it at a moment when its heap is whole.
 *
 * docs/DESIGN.md, "Attaching", tells the story and the races. What must hold at every instruction,
 * SIGKILL of this program included: the target goes on as if nothing had happened, and no copy of
 * it stays behind. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../graph/error.h"
#include "../python_glue/runtime.h"
#include "interrupt.h"
#include "process.h"

enum freeze_mode { FREEZE_FORK, FREEZE_PAUSE };

struct freeze_options {
	enum freeze_mode mode;
	uint64_t timeout_ns; /* how long to wait for a safe point, in all */
	const struct interrupt *interrupt; /* ends the waiting, the target left in order; NULL: none */
};

/* Where a thread of the target stood. */
struct freeze_thread {
	uint64_t sp, ip;
	uint64_t registers[15]; /* the other general ones */
};

struct scan;
struct scan_range;
struct scan_hits;

/* The copy, stopped, controlled by us alone, killed by the kernel when we die. In FREEZE_PAUSE it
 * shares the target's memory, and the target's threads stay stopped until freeze_end(). */
struct freeze {
	pid_t pid;	 /* the target */
	pid_t copy;	 /* as our namespace numbers it */
	struct memory memory; /* of the copy */
	bool consistent;
	const char *why_inconsistent; /* static text, NULL where consistent */
	struct freeze_thread *threads;
	size_t num_threads; /* those whose registers could be read */
	uint64_t stopped_ns; /* total time the target's threads stood still so far */
	/* How long a walk over it may take, and the visit of one object; 0: the first without end, the
	 * second half a minute. */
	uint64_t walk_ns, object_ns;
	/* Has the copy look through ranges of its own memory for what `scan` wants; NULL, or ret->done is
	 * false: it is to be read from here. The caller frees ret->hit. */
	struct hg_error *(*search)(void *context, const struct scan *scan,
				   const struct scan_range *ranges, size_t count, struct scan_hits *ret);
	void *search_context;
	struct freeze_private *private;
};

_must_check_ struct hg_error *freeze_begin(struct process *process, const struct py_runtime *runtime,
					   const struct freeze_options *options, struct freeze **ret);
/* Kills the copy, leaves no zombie, releases everything. NULL is allowed. Idempotent in effect. */
void freeze_end(struct freeze *freeze);

/* One system call in the copy; result as the kernel gives it (-errno on failure). */
_must_check_ struct hg_error *freeze_syscall(struct freeze *freeze, int64_t *result, long number,
					     const uint64_t arguments[6]);

/* Writes into the copy, through page protection (private pages only). */
_must_check_ struct hg_error *freeze_write(struct freeze *freeze, uint64_t address,
					   const void *data, size_t size);

/* Runs code in the copy: function(argument) on the given stack, until int3. A fault (SIGSEGV,
 * SIGBUS, SIGFPE, SIGILL) calls on_fault (may be NULL: error); where that returns true, the
 * function is entered again from its start with the same argument. `tick` (may be NULL) is called
 * about every 100 ms for progress and returns false to give up (Ctrl-C). */
struct freeze_call {
	uint64_t function, argument, stack_top;
	bool (*on_fault)(void *context, int signal, uint64_t fault_address);
	bool (*tick)(void *context);
	void *context;
	uint64_t timeout_ns; /* 0: none */
};
_must_check_ struct hg_error *freeze_run(struct freeze *freeze, const struct freeze_call *call);

/* A process that is no copy of another's: a child of ours that does nothing, with our memory and our
 * descriptors still, stopped and traced like a copy. `pid` is whose memory it is to hold. What holds for
 * a freeze holds for it; consistent is not set. */
_must_check_ struct hg_error *freeze_fresh(pid_t pid, struct freeze **ret);
/* From now on its system calls are made by the instruction (syscall; ret) at this address. */
void freeze_fresh_gadget(struct freeze *freeze, uint64_t address);
