/* How the rest learns that the user wants out, without global state outside main().
 *
 * main() installs handlers (no SA_RESTART, so waits return EINTR) and passes the flag they set. */
#pragma once

#include <signal.h>
#include <stdbool.h>

#include "../graph/error.h"

struct interrupt {
	const volatile sig_atomic_t *signal; /* number of the signal that came, 0: none */
};

static inline bool interrupted(const struct interrupt *interrupt)
{
	return *interrupt->signal != 0;
}

static inline struct hg_error *interrupt_check(const struct interrupt *interrupt)
{
	return interrupted(interrupt) ? hg_error_new(HG_EXIT_FAILURE, "interrupted") : NULL;
}
