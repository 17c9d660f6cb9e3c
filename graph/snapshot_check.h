/* What the reader and the writer of .hgs share: the table of sections, and the proof that the
 * columns are sound. */
#pragma once

#include "snapshot.h"

/* One known section: how long its records are here, where the reader keeps it. */
struct section_kind {
	uint32_t id;
	uint32_t stride;
	bool required;
	bool records;  /* structs, whose stride may grow in a later file; else a column of integers */
	size_t column; /* offset of the pointer in struct snapshot */
	const char *name;
};
extern const struct section_kind section_kinds[];
extern const size_t num_section_kinds;
const struct section_kind *section_kind_find(uint32_t id);

/* Sets the section's pointer and count in `s`. False where the counts of two columns disagree or
 * do not fit (objects < 2^28, since edge names hold 28 bits; references < 2^32). */
_must_check_ bool section_attach(struct snapshot *s, const struct section_kind *kind,
				 const void *data, uint64_t count);

/* Proves every index, offset and string of the sections. NULL where sound, else what is wrong
 * (static text). O(n + m). */
_must_check_ const char *snapshot_check(const struct snapshot *s);
