/* What an interpreter and its threads hold by themselves, frames apart. */
#pragma once

#include "runtime.h"

#define PY_ROOT_NAME 32

struct py_root {
	uint64_t object; /* address in the process */
	uint64_t thread; /* PyThreadState *, 0: of the interpreter */
	uint64_t owner;	 /* static type that it is a part of, 0: it is a root */
	uint32_t kind;	 /* enum hgs_root_kind, or HGS_EDGE_* of the owner's reference */
	char name[PY_ROOT_NAME]; /* struct hgs_root.name; "": none */
};

struct py_roots {
	struct py_root *root;
	size_t count;
};

/* Finds them in the process behind `memory`, frozen or stopped. A field counts only where it holds
 * what CPython keeps there; one that does not is passed over, and what it holds stays an object with
 * references that nothing found accounts for. Interpreters and threads are listed afresh through
 * `runtime`'s offsets. O(interpreters + threads + callbacks). */
_must_check_ struct hg_error *py_roots_find(const struct memory *memory,
					    const struct py_runtime *runtime, struct py_roots *ret);
void py_roots_deinit(struct py_roots *roots);
