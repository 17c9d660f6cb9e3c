/* The open file descriptors of a process, from /proc.
 *
 * The copy shares the target's table of descriptors, so that none is kept open by it: the table goes
 * on changing while the heap stands still. Read once before the freeze and once behind the walk: what
 * is the same both times was open when the heap was copied. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "../graph/error.h"
#include "../graph/hgs.h"

struct descriptors {
	struct hgs_descriptor *fact; /* ascending; target is 0: the writer of strings sets it */
	char **target;		     /* what /proc/PID/fd/N points to */
	size_t count;
};

/* Which are open now. A table that may not be read has none: no error. O(descriptors). */
_must_check_ struct hg_error *descriptors_read(pid_t pid, struct descriptors *ret);
void descriptors_deinit(struct descriptors *descriptors);

/* Leaves of `now` those that are in `before` too, on the same file. O(n). */
void descriptors_keep(struct descriptors *now, const struct descriptors *before);
/* Sets HGS_FD_INHERITED of those that may come from before the program began. */
_must_check_ struct hg_error *descriptors_ancestry(pid_t pid, struct descriptors *descriptors);
