/* Where the stacks of this process's threads end, as far as that can be known from inside. */
#pragma once

#include "../../inspect/freeze.h"

/* The threads whose stack pointer is known: the caller's, and those that are in a system call (which who
 * waits for the GIL is). The registers are not: what they held, the C library keeps on the stack or
 * nowhere. The caller frees. O(threads), some microseconds each. */
_must_check_ struct hg_error *own_threads_read(struct freeze_thread **ret, size_t *count);
