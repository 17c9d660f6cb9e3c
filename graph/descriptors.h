/* The descriptors of the answer. */
#pragma once

#include "answer_parts.h"

/* After loops_make(), which tells whose class an object is of. O(n + m). */
_must_check_ struct hg_error *descriptors_make(struct making *making);
