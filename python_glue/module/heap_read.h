/* The heap at one moment: who refers to whom.
 *
 * A search that runs Python code between its questions holds all objects, or one that is gone would
 * be asked. That costs a third of the reading again, and memory that is shared with another process
 * since a fork is copied; a search that runs none does without. */
#pragma once

#include "heap.h"
#include "heap_index.h"

/* Reads the references of all tracked objects into an index that is { 0 }; with `hold` it owns a
 * reference to each, which heap_release() gives back. False: no memory, and the index is { 0 }.
 * O(heap). */
bool heap_read(struct heap_index *index, bool hold);

/* Objects may end here, and their finalizers may run; the index is { 0 } for them already. */
void heap_release(struct heap_index *index);

/* Whether one refers to the other now. What the index names only may: half of an address is known,
 * and who is held may have let go meanwhile. O(references of the source). */
bool heap_refers(PyObject *source, PyObject *target);
