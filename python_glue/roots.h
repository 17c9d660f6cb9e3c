/* What an interpreter and its threads hold by themselves, frames apart. */
#pragma once

#include "runtime.h"

#define PY_ROOT_NAME 32

struct py_root {
	uint64_t object; /* address in the process */
	uint64_t thread; /* PyThreadState *, 0: of the interpreter */
	uint32_t kind;	 /* enum hgs_root_kind */
	char name[PY_ROOT_NAME]; /* struct hgs_root.name; "": none */
};

struct py_roots {
	struct py_root *root;
	size_t count, capacity;
};

/* Finds them in the process behind `memory`, frozen or stopped. A field counts only where it holds
 * what CPython keeps there; one that does not is passed over, and what it holds stays an object with
 * references that nothing found accounts for. Interpreters and threads are listed afresh through
 * `runtime`'s offsets. O(interpreters + threads + callbacks). */
_must_check_ struct hg_error *py_roots_find(const struct memory *memory,
					    const struct py_runtime *runtime, struct py_roots *ret);
void py_roots_deinit(struct py_roots *roots);

/* --- between roots.c and signals.c --------------------------------------------------------------- */

_must_check_ struct hg_error *py_roots_add(struct py_roots *roots, uint64_t object, uint64_t thread,
					   uint32_t kind, const char *name);
/* Whether there is an object at `address`: its type is a type by its metatype's flags, and named
 * `type` where that is not NULL. */
bool py_is_object(const struct memory *memory, uint64_t address, const char *type);
/* Handlers that signal.signal() has set. */
_must_check_ struct hg_error *py_signal_roots(const struct memory *memory,
					      const struct py_runtime *runtime, struct py_roots *ret);
