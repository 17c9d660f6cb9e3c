/* What is taken from a core's process before any of its code runs: descriptors, system calls, and
 * memory and time without end. */
#pragma once

#include "core_image.h"
#include "walk.h"

/* One system call in the process while it may still make any; "cannot read CORE: WHAT: why" where it
 * fails. */
_must_check_ struct hg_error *core_call(const struct core_file *core, struct freeze *freeze,
					const char *what, long number, const uint64_t arguments[6]);

/* Closes all descriptors, limits memory and time, and installs a seccomp filter, written to `at` (a
 * page of ours in the process, with some 200 bytes of room there). */
_must_check_ struct hg_error *core_seal(const struct core_file *core, const struct core_image *image,
					struct freeze *freeze, uint64_t at);

/* How many bytes the walk of this core can need for what it records; the process is given no more. */
uint64_t core_walk_room(const struct core_image *image);
/* Whether the columns that the walk left, and that code of the core may have changed, have sizes that fit
 * each other and that a walk's can have. */
bool core_walk_is_sound(const struct core_image *image, const struct hook_control *control);
