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

/* Whether a walk still gets on. */
struct walk_pace {
	uint64_t mark, since_ns; /* how far it was, and since when; zeros at first */
	uint64_t object_ns;	 /* what one object may take; 0: half a minute */
};

/* A tp_traverse that waits for a lock, or that a core brings along, may never return; one that was given
 * a damaged length goes through all of memory. A list of 100 million items takes some 5 s. Called now and
 * then with the hook's state. */
bool walk_stands_still(struct walk_pace *pace, const struct hook_control *now);
_must_check_ struct hg_error *walk_stuck(void);
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
