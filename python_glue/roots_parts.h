/* Between the files that find roots: roots.c, registries.c, signals.c. */
#pragma once

#include "roots.h"

#define PY_OBJECT_TYPE 8 /* PyObject.ob_type */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 0 where it cannot be read, or `address` is 0. */
static inline uint64_t py_word(const struct memory *memory, uint64_t address)
{
	uint64_t value;

	return address && memory_read_u64(memory, address, &value) == 0 ? value : 0;
}

/* The target of a pointer field; 0 where this version has no such field. */
static inline uint64_t py_field(const struct memory *memory, uint64_t base, int32_t offset)
{
	return offset == PY_ABSENT ? 0 : py_word(memory, base + (uint64_t)offset);
}

_must_check_ struct hg_error *py_roots_add(struct py_roots *roots, uint64_t object, uint64_t thread,
					   uint32_t kind, const char *name);
/* Whether there is an object at `address`: its type is a type by its metatype's flags, and named
 * `type` where that is not NULL. */
bool py_is_object(const struct memory *memory, uint64_t address, const char *type);

/* What lies in tables of C: callbacks of atexit and sys.monitoring, dicts of static types. */
_must_check_ struct hg_error *py_registry_roots(const struct memory *memory,
						const struct py_layout *layout,
						uint64_t interpreter, struct py_roots *ret);
/* Handlers that signal.signal() has set. */
_must_check_ struct hg_error *py_signal_roots(const struct memory *memory,
					      const struct py_runtime *runtime, struct py_roots *ret);
