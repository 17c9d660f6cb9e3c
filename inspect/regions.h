/* What the writable private memory of a process is used for: data of libraries, stacks, heap, the rest. */
#pragma once

#include "../graph/snapshot.h"
#include "freeze.h"
#include "linkmap.h"

struct regions {
	const struct linkmap *map;
	const struct freeze_thread *threads;
	size_t num_threads;
	const struct snapshot *heap;
	uint64_t *bss; /* of each library: where its initialised data ends */
};

/* All are borrowed and must outlive it; of `heap` it needs THREADS. O(libraries). */
_must_check_ struct hg_error *regions_init(const struct memory *memory, const struct linkmap *map,
					   const struct freeze_thread *threads, size_t num_threads,
					   const struct snapshot *heap, struct regions *ret);
void regions_deinit(struct regions *regions);

/* The use of segment `i` of the map: HGS_PLACE_DATA for all of a library's; 0 where the segment is
 * shared, no memory to write to, or code. O(threads). */
enum hgs_place regions_use(const struct regions *regions, size_t i);

/* The lowest address in use of a thread's stack in segment `i`; 0: no stack pointer is in it.
 * O(threads). */
uint64_t regions_live(const struct regions *regions, size_t i);

/* Sets place and library of a word that lies in a segment of such use. O(libraries). */
void regions_locate(const struct regions *regions, enum hgs_place use, struct hgs_word *word);
