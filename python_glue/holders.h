/* Which Python objects hold a piece of a native library, and which. */
#pragma once

#include "../graph/snapshot.h"
#include "../inspect/memory.h"
#include "layout.h"

/* What py_holders() reads. Nothing of it is kept. */
struct py_holders_source {
	const struct snapshot *heap; /* the walk's columns; sections behind them are not looked at */
	const struct memory *memory; /* of the frozen copy */
	const struct py_layout *layout;
	struct hgs_library *libraries; /* HGS_LIB_OPAQUE is set, nothing else changed */
	const char *const *paths; /* of the libraries, in their order */
	uint32_t num_libraries;
	/* Keeps a text in the snapshot's STRINGS and gives its offset. */
	struct hg_error *(*string)(void *context, const char *text, uint32_t *offset);
	void *context;
};

/* Finds libraries, functions and callbacks of ctypes and cffi, and imported extension modules; in the
 * order of the objects. The array is the caller's to free. A library that an object names but that is
 * no longer mapped has no index (HGS_NONE); an object that cannot be read is left out.
 * *unread says
 * in static text which kind of owners could not be read at all, or stays as it was.
 * O(objects + references of what is found). */
_must_check_ struct hg_error *py_holders(const struct py_holders_source *source,
					 struct hgs_holder **ret, uint32_t *count,
					 const char **unread);
