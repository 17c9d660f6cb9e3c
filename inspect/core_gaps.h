/* What neither the core nor the files beside it have, in words. */
#pragma once

#include "core_image.h"

/* One line: code that could not be had, files that are unproved, stacks that are missing. *ret is NULL
 * where nothing is; the caller frees. O(files + threads). */
_must_check_ struct hg_error *core_gaps(const struct core_file *core, const struct core_image *image,
					char **ret);
