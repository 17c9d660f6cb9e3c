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

/* Memory to be searched; unless `whole` only as far as it is resident: what has never been touched or
 * written holds no address. */
struct scan_range {
	uint64_t start, end;
	bool whole;
};

/* Looks through a range. What cannot be read is passed over. *searched gets the bytes of the pages
 * that are not all zero. O(bytes), about 0.4 ns each. */
_must_check_ struct hg_error *scan_run(struct scan *scan, const struct scan_range *range,
				       scan_found *found, void *context, uint64_t *searched);

/* A word that was found. */
struct scan_hit {
	uint64_t at, value;
	uint32_t id, pad;
};

/* What a search of many ranges found, range after range in their order, ascending within each. */
struct scan_hits {
	struct scan_hit *hit;
	size_t count;
	uint64_t searched; /* bytes, as scan_run() counts them */
	bool done;
};

/* Writes what is wanted to a file; false where that fails. */
_must_check_ bool scan_save(const struct scan *scan, int file);
/* A scan of this process's own memory for what scan_save() wrote, which is mapped at `saved` and must
 * outlive it. Nothing is read: memory is looked at where it is. */
_must_check_ struct hg_error *scan_load(const void *saved, struct scan **ret);
/* How many bytes of [start, end) are resident. O(pages). */
uint64_t scan_resident(struct scan *scan, uint64_t start, uint64_t end);
