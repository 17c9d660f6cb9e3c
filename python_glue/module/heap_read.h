/* The heap at one moment: who refers to whom.
 *
 * A search that runs Python code between its questions holds all objects, or one that is gone would
 * be asked. That costs as much again as half of the reading, and what shares memory with another
 * process since a fork is copied; a search that runs none does without. */
#pragma once

#include "heap.h"
#include "heap_index.h"

/* Reads the references of all tracked objects into an index that is { 0 }; with `hold` it owns a
 * reference to each, which heap_release() gives back. False: no memory, and the index is { 0 }.
 * O(heap). */
bool heap_read(struct heap_index *index, bool hold);

/* Objects may end here, and their finalizers may run; the index is { 0 } for them already. */
void heap_release(struct heap_index *index);

/* Calls found for each object that refers to the target, as long as it returns true; whether it
 * always did. One that has ceased to since heap_read() is not told, nor one that has begun to. */
typedef bool heap_found(PyObject *source, void *data);
bool heap_each_referrer(struct heap_index *index, PyObject *target, heap_found *found, void *data);
