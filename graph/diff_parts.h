/* What the parts of a diff share while it is made: diff.c and growth*.c. */
#pragma once

#include "diff.h"
#include "identity.h"
#include "pattern.h"

struct diffing {
	struct diff *diff;
	struct identity *identity[DIFF_SNAPSHOTS - 1]; /* of each snapshot and the next */
	uint32_t *first; /* [objects of the last] the object in the first snapshot, or HGS_NONE */
	uint8_t *kept;	 /* [objects of the last] appeared by the second snapshot, not before */
	struct patterns *patterns;
	uint32_t *pattern[DIFF_SNAPSHOTS]; /* of every object of each snapshot */
	struct forest *forest;		   /* of the last */
};

/* Each fills its part of the diff. */
_must_check_ struct hg_error *growth_make(struct diffing *diffing);
_must_check_ struct hg_error *growth_containers_make(struct diffing *diffing);
_must_check_ struct hg_error *growth_types_make(struct diffing *diffing);
_must_check_ struct hg_error *growth_libraries_make(struct diffing *diffing);
_must_check_ struct hg_error *growth_descriptors_make(struct diffing *diffing);
