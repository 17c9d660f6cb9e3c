/* Searching a frozen process's memory for words: aligned ones that hold a wanted value, or one of a wanted
 * range. Many values are looked for in one pass. */
#pragma once

#include <stdbool.h>

#include "memory.h"

enum { SCAN_NO_VALUE = 0xffffffffu }; /* id of a hit in a range */

struct scan;

/* Room for `values` wanted values. */
_must_check_ struct hg_error *scan_create(const struct memory *memory, size_t values,
					  struct scan **ret);
void scan_destroy(struct scan *scan);

/* The low three bits of a wanted value are 0, and those of a word are passed over: pointers to objects
 * are tagged there (3.14, Include/internal/pycore_stackref.h). A value wanted twice keeps its first
 * id. */
void scan_want(struct scan *scan, uint64_t value, uint32_t id);
/* The id of a wanted value, or SCAN_NO_VALUE. O(1). */
uint32_t scan_lookup(struct scan *scan, uint64_t value);
/* Words in [start, end), whatever they are. Ranges do not overlap. */
_must_check_ struct hg_error *scan_want_range(struct scan *scan, uint64_t start, uint64_t end);

/* `value` is the word as it is in memory. */
typedef struct hg_error *scan_found(void *context, uint64_t at, uint64_t value,
						 uint32_t id);

/* Looks through [start, end), unless `whole` only as far as it is resident: what has never been touched or
 * written holds no address. What cannot be read is passed over. *searched gets the bytes of the pages
 * that are not all zero. O(bytes), about 0.4 ns each. */
_must_check_ struct hg_error *scan_run(struct scan *scan, uint64_t start, uint64_t end, bool whole,
				       scan_found *found, void *context, uint64_t *searched);
/* How many bytes of [start, end) are resident. O(pages). */
uint64_t scan_resident(struct scan *scan, uint64_t start, uint64_t end);
