/* Pictures as outputs: which one a verb draws, and what is kept where Graphviz fails. */
#pragma once

#include "../graph/answer.h"
#include "interrupt.h"
#include "options.h"
#include "output.h"

/* What was asked about; none where the verb takes no OBJECT. The marks are those of struct
 * picture_options. */
struct selected {
	const uint32_t *objects;
	uint32_t count;
	const uint8_t *filter, *highlight;
	const struct diff *diff; /* of the verb diff */
};

/* Draws into the output, which stays to be committed. Where drawing fails, the same picture is left
 * as DOT beside it, if that name is free, and the error's hint names it; not where the user wants
 * out. */
_must_check_ struct hg_error *picture_write(const struct answer *answer,
					    const struct options *options,
					    struct selected selected, const struct output *output,
					    const struct interrupt *interrupt);
