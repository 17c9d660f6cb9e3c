/* Which objects of one snapshot are those of an earlier one of the same process. */
#pragma once

#include "snapshot.h"

struct identity {
	uint32_t *newer; /* [objects of old] index in the new snapshot, or HGS_NONE: gone */
	uint32_t *older; /* [objects of new] index in the old snapshot, or HGS_NONE: new */
	uint64_t reused; /* same address and type, and evidence that it is another object */
	uint64_t unproven; /* taken for the same with no evidence but address and type */
};

/* O(n log n + m) time, 40 bytes an object while it runs. */
_must_check_ struct hg_error *identity_create(const struct snapshot *old,
					      const struct snapshot *new, struct identity **ret);
void identity_destroy(struct identity *identity);
