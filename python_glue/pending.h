/* A call that the interpreter makes by itself at the next bytecode boundary, GIL held: an entry in
 * the queue of Py_AddPendingCall(), written from outside while every thread of the process stands
 * still. Each intermediate state of the writing is one that the interpreter copes with, so nothing
 * has to be undone if the writer dies. */
#pragma once

#include "runtime.h"

struct py_pending_call {
	uint64_t function; /* int (*)(void *), must return 0 */
	uint64_t argument;
};

enum py_pending { PY_PENDING_QUEUED, PY_PENDING_BUSY, PY_PENDING_IMPOSSIBLE };

/* Queues `call` for the thread state that holds the GIL of `interpreter`. BUSY: the queue is not
 * empty or its lock is held, so try again later. IMPOSSIBLE: that thread makes no pending calls (up
 * to 3.11 only the main thread does) or the queue does not look like one. Two writes, O(1). */
enum py_pending py_pending_add(const struct memory *memory, const struct py_runtime *runtime,
			       const struct py_interpreter *interpreter, uint64_t tstate,
			       const struct py_pending_call *call);
/* Takes it out again where it is still there, all threads stopped; true: it was. */
bool py_pending_remove(const struct memory *memory, const struct py_runtime *runtime,
		       const struct py_interpreter *interpreter,
		       const struct py_pending_call *call);
