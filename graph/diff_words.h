/* What text and JSON of a diff say alike. */
#pragma once

#include "diff.h"

/* Where the kept objects hang: "app.service.sessions"; NULL where that is no object, or in garbage.
 * Caller frees. */
char *growth_point_path(const struct diff *diff, const struct growth *growth);
/* The line to change. Caller frees; NULL without memory. */
char *growth_advice(const struct diff *diff, const struct growth *growth);
/* The example with what keeps it: its chain from a root, or in garbage a ring, and the way from it. */
_must_check_ struct hg_error *growth_chains(const struct diff *diff, const struct growth *growth,
					    struct chain *chain, struct chain *ring,
					    struct chain *tail);
