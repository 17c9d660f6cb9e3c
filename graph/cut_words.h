/* What to write instead of a reference that is to be cut. */
#pragma once

#include "answer_parts.h"

/* Sets cut->advice (NULL: none worth saying). `step` is its place in the ring, or 0 where it is in
 * none; the ring then only serves for what stands before it. */
_must_check_ struct hg_error *cut_words(const struct making *making, const struct chain *ring,
					uint32_t step, struct cycle_cut *cut);
