/* The verbs: from a parsed command line to an answer on standard output. */
#pragma once

#include "interrupt.h"
#include "options.h"

/* Runs one verb. *status is the exit code where no error is returned: 0, 6 or 7. */
_must_check_ struct hg_error *verb_run(const struct options *options,
				       const struct interrupt *interrupt, enum hg_exit *status);
