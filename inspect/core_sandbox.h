/* A process that holds the memory of a core at its own addresses, and may do nothing.
 *
 * A child of ours, traced, whose own memory is taken away and replaced by the core's. It has no
 * descriptor, and a seccomp filter leaves it the system calls by which the hook gets memory for
 * itself: whatever code a core brings along can compute, and that is all. Any other call is a fault
 * (SIGSYS) of the object that is being visited. */
#pragma once

#include "core_image.h"

/* Makes it; from there on what a freeze can do, can be done: freeze_syscall() as far as the filter lets
 * it, freeze_write(), freeze_run(), its memory. The kernel kills it when we die. Sets image->bytes
 * and image->regions. O(bytes of the core). `core` must live as long as *ret. */
_must_check_ struct hg_error *core_sandbox(const struct core_file *core, struct core_image *image,
					   const struct interrupt *interrupt, struct freeze **ret);
