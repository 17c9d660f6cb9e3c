/* Text made in memory by the functions that write to a FILE (open_memstream() of POSIX). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct memtext {
	FILE *out;
	char *text; /* the stream's own until it is closed */
	size_t size;
};

/* False where there is no memory; then there is nothing to close. */
bool memtext_open(struct memtext *m);
/* The text, which the caller frees; NULL where memory ran out on the way. */
char *memtext_close(struct memtext *m);
