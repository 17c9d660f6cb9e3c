/* Mapped address ranges of a process, to tell which were added. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../graph/error.h"

/* Mapped ranges, ascending. */
struct range {
	uint64_t start, end;
};
struct ranges {
	struct range *list;
	size_t count;
};
_must_check_ struct hg_error *ranges_read(pid_t pid, struct ranges *ret);
/* The next piece of `after` that `before` does not cover; *cursor is 0 at first. O(n) in all for
 * ascending ranges, and again O(n) for each piece found. */
bool ranges_next_new(const struct ranges *before, struct ranges *after, size_t *cursor,
		     struct range *ret);
