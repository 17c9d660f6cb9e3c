/* Small programs as heaps, for the tests of reports and pictures. */
#pragma once

#include "../unit/heap.h"

struct scene {
	const char *name;
	void (*build)(struct heap *heap);
};

/* Ends with a NULL name. */
extern const struct scene scenes[];
