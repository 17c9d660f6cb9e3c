/* Which Python objects own the process's file descriptors. */
#pragma once

#include "../graph/instances.h"
#include "../inspect/memory.h"
#include "layout.h"

struct py_descriptors_source {
	const struct snapshot *heap; /* the walk's columns; sections behind them are not looked at */
	const struct instances *instances; /* of the heap */
	const struct memory *memory; /* of the frozen copy */
	const struct py_layout *layout;
	struct hgs_descriptor *descriptors; /* ascending; their owner is set */
	const char *const *targets;	    /* where each points, in their order */
	size_t count;
};

/* Owners are objects of C that keep the number for themselves and close it: files, sockets, epoll,
 * mmap, scandir, connections of sqlite3; instances of subclasses too. Where several objects have one
 * number, the first counts. Plain ints are not looked at. O(types + instances of these). */
void py_descriptors(const struct py_descriptors_source *source);
