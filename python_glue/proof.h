/* Checks that a layout holds in a process. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "runtime.h"

enum { PROOF_LISTS = 4 }; /* generations and the permanent one */

/* What was seen to hold so far. A thing once seen stays proved: in a live process not everything
 * holds at the same moment. */
struct proof {
	bool objects; /* type(type) is type, sys.modules is a dict */
	bool not_running; /* the dicts of sys and builtins do not exist (yet, or any more) */
	bool threads;
	bool forward[PROOF_LISTS], backward[PROOF_LISTS];
};

/* Looks once; NULL where everything is proved, else what was not (static text, "but ..."). O(1). */
const char *proof_try(const struct memory *memory, const struct py_runtime *runtime,
		      struct proof *proof);
