/* One interpreter in one process: located, its layout chosen and proved there. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../graph/error.h"
#include "../inspect/memory.h"
#include "layout.h"

#define PY_MAX_INTERPRETERS 64

/* What the freezer needs to know of one interpreter: addresses in the target, 0 where absent. */
struct py_interpreter {
	uint64_t address;
	uint64_t gc;		   /* address of the gc state */
	uint64_t gil;		   /* address of the gil */
	uint64_t gil_locked;	   /* int32, 1 while held (-1: never made) */
	uint64_t gil_last_holder;  /* PyThreadState * that holds it, or held it last */
	uint64_t gc_collecting;	   /* int32, set while a collection runs */
	uint64_t eval_breaker;	   /* 3.8 to 3.12: int32; later it is per thread (layout.ts_eval_breaker) */
	uint64_t gil_drop_request; /* 3.8 to 3.12: int32 */
	bool own_gil;
};

struct py_runtime {
	uint64_t address; /* _PyRuntime */
	struct py_layout layout;
	struct py_interpreter interpreters[PY_MAX_INTERPRETERS];
	unsigned num_interpreters;
	uint32_t build; /* HGS_BUILD_* */
};

/* Chooses the layout for `version` and proves it in the process (version word, gc lists that close
 * in both directions, type(type) is type, thread ids of threads of this process, sys.modules is a
 * dict). May be called on a live process: what is in motion is read again before it counts as
 * wrong. Exit code 5 where it does not hold. */
_must_check_ struct hg_error *py_runtime_open(const struct memory *memory, uint64_t address,
					      uint32_t version, struct py_runtime *ret);
/* Lists interpreters again (they come and go) through proven offsets. */
_must_check_ struct hg_error *py_runtime_refresh(const struct memory *memory,
						 struct py_runtime *runtime);

/* The table of offsets, by version; exit code 5 naming what is supported where it is not. */
_must_check_ struct hg_error *py_layout_for(const struct memory *memory, uint64_t runtime,
					    uint32_t version, struct py_layout *ret);

#define PY_VERSION_TEXT 32
/* "3.11.7", "3.14.0rc2" from PY_VERSION_HEX, into `text`; returns it. */
const char *py_version_text(uint32_t version, char text[PY_VERSION_TEXT]);
bool py_version_supported(uint32_t version);
/* "CPython 3.7.16 is not supported: heapgraph reads ...", exit code 5. */
_must_check_ struct hg_error *py_version_unsupported(uint32_t version);

/* Changes the layout to the one that a vendor's patch makes of it, the index-th that is known for
 * its version; false behind the last. Which one a process has, its proof tells. */
bool py_layout_variant(unsigned index, struct py_layout *layout);

/* The table's fields, for printing and for tests: name and position in struct py_layout of the
 * field `index`; false behind the last. */
bool py_layout_field(unsigned index, const char **name, size_t *field);
