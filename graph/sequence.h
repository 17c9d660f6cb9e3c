/* Whether snapshots can be compared at all: of one process, one program in it, and in order. */
#pragma once

#include "snapshot.h"

struct sequence {
	bool proven; /* start and boot agree; else only the number and the interpreter's address */
	uint64_t ns[2]; /* between one snapshot and the next */
};

/* `names` are for messages. Exit code 2, one line, where they are not of one process or do not stand
 * in the order in which they were taken. O(objects). */
_must_check_ struct hg_error *sequence_check(const struct snapshot *const *s,
					     const char *const *names, unsigned count,
					     struct sequence *ret);
