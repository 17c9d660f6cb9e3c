/* Memory for a record of each object or reference.
 *
 * Such arrays take hundreds of megabytes, and most of the time of a quick analysis went into the
 * kernel's page faults over them, 4 kB each. Asked for huge pages, it faults once in 2 MB. Where
 * there are none the request changes nothing. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#define COLUMN_HUGE (2ul << 20)

static inline void *column_huge(void *column, size_t bytes)
{
	uintptr_t start = ((uintptr_t)column + 4095) & ~4095ul, end = (uintptr_t)column + bytes;

	if (column && bytes >= 2 * COLUMN_HUGE)
		(void)madvise((void *)start, (end - start) & ~4095ul, MADV_HUGEPAGE);
	return column;
}

/* As malloc(3) and calloc(3), for `count` records; freed by free(). */
static inline void *column_alloc(size_t count, size_t width)
{
	return column_huge(malloc(count * width), count * width);
}

static inline void *column_zalloc(size_t count, size_t width)
{
	return column_huge(calloc(count, width), count * width);
}
