/* One line on a terminal for whatever takes over a second; nothing elsewhere. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on;	   /* standard error is a terminal and -q was not said */
	bool drawn;	   /* a line stands there */
	uint64_t begin_ns; /* CLOCK_MONOTONIC */
};

uint64_t clock_ns(void); /* CLOCK_MONOTONIC, nanoseconds */

void progress_init(struct progress *progress, bool quiet);
/* Draws "what: 1,234,567 objects" over the line before, once a second has passed. count 0: no count. */
void progress_show(struct progress *progress, const char *what, uint64_t count);
/* Wipes the line. */
void progress_clear(struct progress *progress);
