/* The snapshots that `diff` compares with its last one, and what comes of it. */
#pragma once

#include "../graph/diff.h"
#include "interrupt.h"
#include "options.h"
#include "progress.h"

struct comparison {
	struct snapshot *snapshot[DIFF_SNAPSHOTS - 1]; /* the earlier ones */
	struct answer *answer[DIFF_SNAPSHOTS - 1];
	unsigned num_earlier;
	const char *names[DIFF_SNAPSHOTS]; /* as typed */
	const struct answer *answers[DIFF_SNAPSHOTS];
	struct diff *diff;
};

/* Opens the earlier snapshots and cores of the command line, of which there is one at least. */
_must_check_ struct hg_error *comparison_open(const struct options *options,
					      const struct interrupt *interrupt,
					      struct progress *progress, struct comparison **ret);
/* Compares; `last` must live as long. Exit code 2 where they are not of one process in order. */
_must_check_ struct hg_error *comparison_make(struct comparison *comparison,
					      const struct answer *last, const char *name);
void comparison_destroy(struct comparison *comparison);

/* Whether a row that the baseline does not know has one of these codes: bits as in struct options. */
bool comparison_matches(const struct comparison *comparison, uint64_t codes);
bool comparison_is_incomplete(const struct comparison *comparison);
