/* The hook at work in the frozen copy: placed, run past every fault, its columns read. */
#pragma once

#include "../python_glue/hook_abi.h"
#include "../python_glue/roots.h"
#include "freeze.h"
#include "interrupt.h"
#include "progress.h"

struct walk {
	struct hook_control control; /* as the hook left it */
	struct py_roots roots;	     /* what the hook was given; see struct hook_given */
	uint64_t walk_ns;
};

/* walk->roots as the hook takes them. */
void walk_roots_given(const struct walk *walk, struct hook_given *given);
/* NULL where the walk came to its end. */
_must_check_ struct hg_error *walk_verdict(const struct hook_control *control);
void walk_free(struct walk *walk);

/* Finds roots, maps memory in the copy, writes the hook there and runs it to its end. O(heap). The columns stay
 * in the copy (walk->control.columns) until the freeze ends. */
_must_check_ struct hg_error *walk_run(struct freeze *freeze, const struct py_runtime *runtime,
				       uint64_t flags, const struct interrupt *interrupt,
				       struct progress *progress, struct walk *ret);
