/* What the makers of sections share: facts.c calls those of facts_walk.c. */
#pragma once

#include "../python_glue/holders.h"
#include "facts.h"
#include "linkmap.h"

struct facts {
	struct process *process;
	const struct py_runtime *runtime;
	const struct memory *memory; /* of the copy */
	const struct freeze *freeze;
	const struct walk *walk;
	struct snapshot_writer *writer;
	const struct instances *instances; /* of what the walk has found */
};

/* Sections that are looked at again before the snapshot can be opened. Each array is its own. */
struct facts_small {
	struct hgs_root *roots;
	struct hgs_thread *threads;
	struct hgs_library *libraries;
	struct py_holders_found found;
	uint32_t num_roots, num_threads;
};

/* Each writes its section. `core` is what of the snapshot is in the file already: objects, references,
 * strings. Roots and threads stay in *small. O(records). */
_must_check_ struct hg_error *facts_roots(const struct facts *f, const struct snapshot *core,
					  struct facts_small *small);
_must_check_ struct hg_error *facts_threads(const struct facts *f, struct facts_small *small);
_must_check_ struct hg_error *facts_thread_locals(const struct facts *f, const struct snapshot *core,
						  const struct facts_small *small);
_must_check_ struct hg_error *facts_frames(const struct facts *f, const struct snapshot *core);
