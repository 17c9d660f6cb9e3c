/* What native memory holds: addresses of Python objects and of callbacks, outside the references that
 * the walk has found. */
#pragma once

#include "../graph/snapshot_write.h"
#include "freeze.h"
#include "linkmap.h"

struct native_source {
	const struct snapshot *heap; /* the walk's columns, with ROOTS, THREADS and HOLDERS */
	const struct memory *memory; /* of the frozen copy */
	const struct linkmap *map;
	const struct freeze *freeze;
};

/* Counts references, reads those of opaque objects, and searches the writable memory where that leaves
 * questions; writes HGS_SURPLUS, HGS_INFERRED, HGS_WORDS, HGS_POINTERS and HGS_SEARCH.
 * O(n + m + resident memory), the memory up to a bound that grows with the heap. */
_must_check_ struct hg_error *native_write(const struct native_source *source,
					   struct snapshot_writer *writer);
