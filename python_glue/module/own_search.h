/* The search of the copy's memory, by the copy.
 *
 * Read from outside, each page is copied twice before it is looked at (/proc/PID/mem); the copy has it in
 * its memory. What is wanted goes to it through a file in memory that both have open, and what it finds
 * comes back behind that. */
#pragma once

#include "../../inspect/scan.h"

enum { OWN_SEARCH_BATCH = 512 };

/* Mapped in both. */
struct own_search {
	uint64_t num_ranges;
	uint64_t asked; /* bytes of the file that say what is wanted: the ranges, then what scan_save() wrote */
	uint64_t hits, searched;
	bool failed;
	uint32_t waiting;
	struct scan_hit batch[OWN_SEARCH_BATCH]; /* on their way to the file */
};

/* Before: writes the question. False where it cannot be written. */
_must_check_ bool own_search_ask(struct own_search *search, int file, const struct scan *scan,
				 const struct scan_range *ranges, size_t count);
/* In the copy: looks through its own memory. It calls nothing that may wait for a lock of the program's. */
void own_search_run(struct own_search *search, int file);
/* After: ret->done is false where that failed. The caller frees ret->hit. */
_must_check_ struct hg_error *own_search_answer(const struct own_search *search, int file,
						struct scan_hits *ret);
