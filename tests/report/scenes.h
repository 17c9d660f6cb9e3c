/* Small programs as heaps, for the tests of reports and pictures. */
#pragma once

#include <stdio.h>

#include "../unit/heap.h"

struct scene {
	const char *name;
	void (*build)(struct heap *heap);
};

/* Ends with a NULL name. */
extern const struct scene scenes[];

/* A file from its beginning; the caller frees. */
char *read_all(FILE *file);
