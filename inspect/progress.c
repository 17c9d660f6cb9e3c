/* The progress line; progress.h. */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

void progress_init(struct progress *progress, bool quiet)
{
	*progress = (struct progress){ .on = !quiet && isatty(STDERR_FILENO),
				       .begin_ns = clock_ns() };
}

void progress_show(struct progress *progress, const char *what, uint64_t count)
{
	if (!progress->on || clock_ns() - progress->begin_ns < SECOND)
		return;
	fprintf(stderr, count ? "\r\033[K%s: %.1f million objects" : "\r\033[K%s", what,
		(double)count / 1e6);
	fflush(stderr);
	progress->drawn = true;
}

void progress_clear(struct progress *progress)
{
	if (progress->drawn)
		fprintf(stderr, "\r\033[K");
	progress->drawn = false;
}
