/* What heapgraph (or the Python module) and the hook say to each other.
 *
 * The hook is freestanding code that runs in a frozen copy of the process. Its
 * whole state lives in struct hook_control, none in registers or on its stack:
 * when visiting an object faults, the driver notes `cursor` as bad and simply
 * enters the hook again, which goes on behind it.
 *
 * Columns are in the formats of graph/hgs.h, so the driver copies them into the
 * snapshot as they are. Text and names of C members go to `strings`. */
#pragma once

#include "../graph/hgs.h"
#include "layout.h"

/* A growing array in the copy's memory: made with mmap, grown with mremap. */
struct hook_array {
	uint64_t data;	   /* address */
	uint64_t used;	   /* bytes */
	uint64_t capacity; /* bytes */
};

enum hook_column {
	HOOK_STRINGS,
	HOOK_ADDR,
	HOOK_TYPE,
	HOOK_REFS,
	HOOK_SIZE,
	HOOK_FLAGS,
	HOOK_TEXT,
	HOOK_START,
	HOOK_TARGET,
	HOOK_NAME,
	HOOK_ROOTS,   /* struct hgs_root */
	/* struct hgs_thread; tid 0 where the version does not keep it (the driver fills it in by
	 * pthread) */
	HOOK_THREADS,
	HOOK_FRAMES,  /* struct hook_frame */
	HOOK_COLUMNS
};

struct hook_frame {
	uint32_t object, code;
	uint32_t thread;   /* or HGS_NONE */
	int32_t lasti;	   /* byte offset into the code; the driver turns it into a line */
};

/* What the driver has found. A root's row in ROOTS has the number of its entry, plus one, in `name`
 * and no thread; the driver puts in what it knows. With an `owner` it is no root but a reference of
 * that static type, which the interpreter keeps for it. */
struct hook_given {
	uint64_t object, owner;
	uint32_t kind; /* enum hgs_root_kind; with an owner the name of the reference, HGS_EDGE_* */
	uint32_t pad;
};

enum hook_phase { HOOK_START_PHASE = 0, HOOK_ROOT_PHASE, HOOK_WALK, HOOK_DONE, HOOK_FAILED };

struct hook_control {
	/* in */
	uint64_t size;	  /* sizeof(struct hook_control): both sides must agree */
	uint64_t runtime; /* address of _PyRuntime */
	struct py_layout layout;
	uint64_t flags; /* HOOK_REDACT ... */
	uint64_t given, num_given; /* struct hook_given[] in the copy's memory */

	/* state and out */
	uint32_t phase;	 /* enum hook_phase */
	int32_t error;	 /* errno of a failed system call in HOOK_FAILED */
	uint64_t cursor; /* object being visited (index) */
	uint64_t cursor_address; /* the gc header read last */
	uint64_t objects, references, tracked, frozen, bad;
	uint32_t gc_enabled, interpreters;
	uint32_t broken_list; /* a gc list that does not close in both directions */
	uint32_t pad;
	struct hook_array columns[HOOK_COLUMNS];
	uint64_t scratch[64]; /* the hook's own */
};

#define HOOK_REDACT 1u /* no text of str, bytes and numbers that are values; names of code stay */

/* The hook's entry, position-independent, at offset 0 of the blob. Runs until it is done or has
 * failed, then executes int3 (driver: SIGTRAP) or, built into the module, returns. */
void hook_run(struct hook_control *control);
