/* Every object that the collector tracks, where it stands in the collector's own lists.
 *
 * gc.get_objects() makes a list of them first, which takes longer than looking at them: 8 MB of
 * fresh memory for 1M objects, and each of them fetched once more than needed. */
#include "heap.h"

#include <stdint.h>

#if PY_VERSION_HEX >= 0x030c0000

bool heap_walk(heap_visitor *visit, void *data)
{
	PyUnstable_GC_VisitObjects(visit, data);
	return true;
}

#else

/* PyGC_Head and struct gc_generation, the same from 3.8 to 3.11 (Include/cpython/objimpl.h and
 * Include/internal/pycore_pymem.h, later pycore_gc.h). */
struct link {
	struct link *next;
	uintptr_t previous; /* with flags */
};

struct generation {
	struct link head;
	int threshold, count;
};

#define GENERATIONS 3

/* The youngest, where an object is appended when it is made (_PyObject_GC_TRACK()): what follows the
 * newest is the list's head. The others lie behind it (struct _gc_runtime_state). */
static const struct generation *generations(void)
{
	PyObject *newest = PyList_New(0);
	const void *head = newest ? ((struct link *)newest - 1)->next : NULL;

	Py_XDECREF(newest);
	return head;
}

bool heap_walk(heap_visitor *visit, void *data)
{
	const struct generation *first = generations();
	bool on = first;

	for (unsigned i = 0; on && i < GENERATIONS; i++) {
		const struct link *head = &first[i].head, *at = head->next;

		for (; on && at != head; at = at->next)
			on = visit((PyObject *)(at + 1), data);
	}
	return first;
}

#endif
