/* Which Python objects hold a piece of a native library, and which. */
#pragma once

#include "../graph/instances.h"
#include "../inspect/memory.h"
#include "layout.h"

/* What py_holders() reads. Nothing of it is kept. */
struct py_holders_source {
	const struct snapshot *heap; /* the walk's columns; sections behind them are not looked at */
	const struct instances *instances; /* of the heap */
	const struct memory *memory; /* of the frozen copy */
	const struct py_layout *layout;
	struct hgs_library *libraries; /* HGS_LIB_OPAQUE is set, nothing else changed */
	const char *const *paths; /* of the libraries, in their order */
	uint32_t num_libraries;
	/* Keeps a text in the snapshot's STRINGS and gives its offset. */
	struct hg_error *(*string)(void *context, const char *text, uint32_t *offset);
	void *context;
};

struct py_holders_found {
	struct hgs_holder *holder; /* in the order of the objects, those of extern "Python" last */
	uint32_t count;
	struct hgs_capsule *capsule; /* in the order of the objects */
	uint32_t num_capsules;
	const char *unread; /* which owners could not be read at all (static text); NULL: none */
};

/* Finds libraries, functions and callbacks of ctypes and cffi, capsules, the modules and types of
 * extensions, and plain numbers that are handles. A library that an object names but that is no longer
 * mapped has no index (HGS_NONE); an object that cannot be read is left out. *ret is to be released in
 * any case.
 * O(types * libraries + ints + what is found and its references). */
_must_check_ struct hg_error *py_holders(const struct py_holders_source *source,
					 struct py_holders_found *ret);
void py_holders_deinit(struct py_holders_found *found);
