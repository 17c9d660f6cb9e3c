/* Inside the hook: its working memory, how it reads objects, and what its parts offer each other.
 *
 * The hook is freestanding and position-independent: no libc, no writable globals, no table that
 * holds pointers (a relocation would be needed). Objects are read by address and offset, never
 * written, and no Python API is called but tp_traverse and tp_is_gc.
 *
 * Any read of an object may fault. The driver then enters hook_run() anew, so everything that must
 * survive lies in struct hook, and no function leaves it half-changed across a read: a row of
 * columns is complete, with its defaults, before the object behind it is touched. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hook_abi.h"

/* What runs once for each object or reference is compiled for speed, all else for size. */
#if defined(__GNUC__) && !defined(__clang__) && !defined(HOOK_IN_PROCESS)
#define HOOK_HOT __attribute__((__optimize__("O2")))
#else
#define HOOK_HOT
#endif

#define HOOK_QUEUE 64
#define HOOK_REGION_BITS 26        /* 64 MB */
#define HOOK_REGIONS (1u << 21)    /* up to 2^47, where user space ends */
#define HOOK_LEAF_SLOTS (1u << 22) /* of a region: one for each 16 bytes */
#define HOOK_TYPE_SLOTS (1u << 22) /* half of them can be used */
#define HOOK_EOVERFLOW 75
#define HOOK_TEXT_MAX 96
#define HOOK_MAX_OBJECTS HGS_EDGE_MAX_PAYLOAD /* an index must fit into an edge's payload */

/* What a type is to the hook; found through its static base types. */
enum hook_kind {
	KIND_PLAIN,
	KIND_STR,
	KIND_BYTES,
	KIND_INT,
	KIND_BOOL,
	KIND_FLOAT,
	KIND_NONE,
	KIND_LIST,
	KIND_TUPLE,
	KIND_DICT,
	KIND_SET,
	KIND_DEQUE,
	KIND_BYTEARRAY,
	KIND_TYPE,
	KIND_MODULE,
	KIND_FUNCTION,
	KIND_BUILTIN,
	KIND_DESCRIPTOR,
	KIND_CODE,
	KIND_CELL,
	KIND_GENERATOR,
	KIND_FRAME,
	KIND_TRACEBACK,
	KIND_EXCEPTION,
	KIND_CFUNCPTR,
	KIND_PROXY,
};

/* Names of fields of C structures, as INTERFACE.md's paths show them. hook_names.c has the texts. */
enum hook_field {
	NAME_BASES, NAME_TP_CACHE, NAME_MRO, NAME_DOC, NAME_QUALNAME, NAME_CLASS, NAME_DEFAULTS,
	NAME_KWDEFAULTS, NAME_NAME, NAME_ANNOTATIONS, NAME_TYPE_PARAMS, NAME_ANNOTATE,
	NAME_EXC_VALUE, NAME_SELF, NAME_MODULE, NAME_TB_NEXT, NAME_TB_FRAME, NAME_F_BACK,
	NAME_F_TRACE, NAME_MAPPING, NAME_THUNK, NAME_CALLABLE, NAME_CONVERTERS, NAME_ARGTYPES,
	NAME_RESTYPE, NAME_CHECKER, NAME_ERRCHECK, NAME_PARAMFLAGS, NAME_CODE, NAME_CLOSURE,
	NAME_ARGS, NAME_TRACEBACK, NAME_CONTEXT, NAME_CAUSE, NAME_COUNT
};

struct hook_member {
	uint32_t offset;
	uint32_t name; /* STRINGS offset */
};

struct hook_type {
	uint64_t address, traverse, is_gc, flags; /* flags: tp_flags */
	int64_t dictoffset, basicsize, itemsize;
	uint32_t object;	/* index of the type object */
	uint32_t object_flags;	/* HGS_OBJ_* that each instance has */
	uint32_t members, num_members; /* in struct hook.members */
	uint8_t kind, exact;	/* exact: the static type itself, no subclass */
	uint16_t items; /* of a struct sequence, visible or not; 0: it is none */
	uint8_t first_field, num_fields; /* in hook_names.c's table */
	uint16_t pad;
};

/* A pseudo object: a thread state or a running frame. */
struct hook_pseudo {
	uint64_t address;
	uint64_t next;	 /* thread: its top frame; frame: the one that called it; 0: none */
	uint32_t object; /* index */
	uint32_t thread; /* index into THREADS */
	uint32_t frame;	 /* 0: a thread */
	uint32_t pad;
};

struct hook_closure {
	uint32_t tuple, names; /* indices: closure tuple, first entry in struct hook.free_names */
};

struct hook_queued {
	uint32_t *slot, *name_slot;
	uint64_t address, name_address;
	uint32_t name;
};

/* Where the walk stands in the gc's lists. */
struct hook_lists {
	uint64_t interpreter, head, previous, at; /* at: the link to take next, 0: none */
	uint32_t left; /* lists of the interpreter behind this one */
	uint32_t flags; /* HGS_OBJ_* that this list tells of its objects */
	bool frozen, done, reading;
};

/* What is used most stands first, within reach of short instructions. */
struct hook {
	struct hook_control *control;
	uint32_t minor, queued;
	uint64_t first_edge, most_edges, match; /* of the object being walked */
	struct hook_lists lists;
	uint64_t interpreter, thread;	/* where ROOT_PHASE stands */
	uint32_t thread_index, root_step, next_pseudo;
	uint32_t last_type, key_misses;
	uint64_t rows; /* room in the columns of the walk */

	struct py_layout layout;
	struct hook_array types, members, pseudos, closures, free_names;
	void *unwind[5]; /* __builtin_longjmp() to the end of hook_run() after a failure */
	uint32_t field_names[NAME_COUNT]; /* STRINGS offsets, made when first used */
	struct hook_queued queue[HOOK_QUEUE];
	/* Tables of which only the pages in use exist. */
	uint32_t *leaves[HOOK_REGIONS + 1]; /* index + 1 of each object */
	uint32_t type_slots[HOOK_TYPE_SLOTS]; /* a hash table: index into types, plus one */
};

/* The parts are one translation unit (hook_blob.c) and so have internal linkage, which a
 * definition takes over from the declaration here; that alone saves a sixth of the code. */
#define HOOK_PART static

/* --- reading ------------------------------------------------------------------------------- */

typedef uint64_t __attribute__((__may_alias__)) hook_u64;
typedef uint32_t __attribute__((__may_alias__)) hook_u32;
typedef uint16_t __attribute__((__may_alias__)) hook_u16;

static inline uint64_t get64(uint64_t address) { return *(const hook_u64 *)address; }
static inline uint32_t get32(uint64_t address) { return *(const hook_u32 *)address; }
static inline uint32_t get16(uint64_t address) { return *(const hook_u16 *)address; }
static inline uint8_t get8(uint64_t address) { return *(const uint8_t *)address; }
/* A field that this version may lack; 0 then. */
HOOK_PART uint64_t get_field(uint64_t object, int32_t offset);

/* PyObject and PyVarObject: the same in 3.8 to 3.14 (Include/object.h). */
static inline uint64_t object_type(uint64_t object) { return get64(object + 8); }
static inline int64_t object_size(uint64_t object) { return (int64_t)get64(object + 16); }

/* PyTypeObject: the same in 3.8 to 3.14 (Include/cpython/object.h). */
enum hook_type_offset {
	TP_NAME = 24,
	TP_BASICSIZE = 32,
	TP_ITEMSIZE = 40,
	TP_FLAGS = 168,
	TP_TRAVERSE = 184,
	TP_MEMBERS = 240,
	TP_BASE = 256,
	TP_DICT = 264,
	TP_DICTOFFSET = 288,
	TP_IS_GC = 328,
	TP_BASES = 336,
	TP_MRO = 344,
	TP_CACHE = 352,
	TP_SUBCLASSES = 360,
	TP_DEL = 376,
	TP_FINALIZE = 392,
};

#define TPF_STATIC_BUILTIN (1ull << 1) /* 3.12+ */
#define TPF_INLINE_VALUES (1ull << 2) /* 3.13+ */
#define TPF_PREHEADER_WEAK (1ull << 3) /* 3.12+: MANAGED_WEAKREF */
#define TPF_MANAGED_DICT (1ull << 4) /* 3.11+ */
#define TPF_HEAPTYPE (1ull << 9)
#define TPF_HAVE_GC (1ull << 14)
#define TPF_LONG (1ull << 24)
#define TPF_LIST (1ull << 25)
#define TPF_TUPLE (1ull << 26)
#define TPF_BYTES (1ull << 27)
#define TPF_UNICODE (1ull << 28)
#define TPF_DICT (1ull << 29)
#define TPF_EXCEPTION (1ull << 30)
#define TPF_TYPE (1ull << 31)

/* --- hook_memory.c --------------------------------------------------------------------------- */

HOOK_PART void hook_fail(struct hook *h, int error) __attribute__((__noreturn__));
HOOK_PART int64_t hook_map(uint64_t size); /* negative errno */
HOOK_PART uint32_t hook_known(struct hook *h, uint64_t address); /* index + 1, 0: no known object */
HOOK_PART uint32_t hook_add(struct hook *h, uint32_t *slot, uint64_t address);
HOOK_PART void hook_flush(struct hook *h);

/* `size` bytes at the end of an array, to be filled by the caller. */
HOOK_PART void *hook_push(struct hook *h, struct hook_array *array, uint64_t size);
HOOK_PART void hook_push32(struct hook *h, struct hook_array *array, uint32_t value);
/* Room for `size` bytes behind its end. */
HOOK_PART void *hook_reserve(struct hook *h, struct hook_array *array, uint64_t size);
static inline struct hook_array *hook_column(struct hook *h, enum hook_column column)
{
	return &h->control->columns[column];
}
static inline uint32_t *hook_at32(struct hook *h, enum hook_column column, uint64_t i)
{
	return (uint32_t *)h->control->columns[column].data + i;
}

/* User space ends at 2^47. What lies beyond is no address; all that share one leaf, each to be found
 * bad when its turn comes. */
static inline uint64_t hook_region(uint64_t address)
{
	uint64_t region = address >> HOOK_REGION_BITS;

	return region < HOOK_REGIONS ? region : HOOK_REGIONS;
}

static inline uint64_t hook_place(uint64_t address)
{
	return address >> 4 & (HOOK_LEAF_SLOTS - 1);
}

/* For an address whose slot will be wanted soon; harmless where there is nothing. */
static inline __attribute__((__always_inline__)) void
hook_prefetch_slot(struct hook *h, uint64_t address)
{
	uint32_t *leaf = h->leaves[hook_region(address)];

	if (leaf)
		__builtin_prefetch(leaf + hook_place(address), 1);
}

/* The shadow table: the slot that holds the index, plus one, of the object at `address`. */
HOOK_PART uint32_t *hook_slot(struct hook *h, uint64_t address);
/* Index of an object, adding it where it is new. */
HOOK_PART uint32_t hook_index(struct hook *h, uint64_t address);
/* Adds a reference to the object being walked; 0 is no object. The name's payload is that of
 * `name`, or the index of the object at `name_address`. */
HOOK_PART void hook_edge(struct hook *h, uint64_t address, uint32_t name, uint64_t name_address);

/* --- hook_types.c ---------------------------------------------------------------------------- */

/* The record of a type; NULL where the address holds no type. */
HOOK_PART const struct hook_type *hook_type_of(struct hook *h, uint64_t type);
HOOK_PART bool hook_name_is(uint64_t c_string, const char *name);

/* --- hook_text.c, hook_number.c -------------------------------------------------------------- */

struct hook_buffer {
	char *at, *end;
	bool cut;
};

HOOK_PART uint32_t hook_string(struct hook *h, uint64_t c_string); /* STRINGS offset of a copy */
HOOK_PART void hook_text(struct hook *h, uint32_t i, uint64_t object, const struct hook_type *type);
HOOK_PART void hook_put(struct hook_buffer *b, char c);
HOOK_PART void hook_put_ascii(struct hook_buffer *b, const char *text);
HOOK_PART void hook_put_str(struct hook *h, struct hook_buffer *b, uint64_t str);
HOOK_PART void hook_put_unsigned(struct hook_buffer *b, uint64_t value);
HOOK_PART void hook_put_int(struct hook *h, struct hook_buffer *b, uint64_t object);
HOOK_PART void hook_put_float(struct hook_buffer *b, double value);
HOOK_PART uint64_t hook_str_data(struct hook *h, uint64_t str, uint64_t *length, unsigned *kind);
HOOK_PART uint64_t hook_int_digits(struct hook *h, uint64_t object, uint64_t *count, bool *negative);

/* --- hook_containers.c ----------------------------------------------------------------------- */

/* The entries of a dict's key table. */
struct hook_keys {
	uint64_t entries, n, capacity;
	uint32_t stride, key, value; /* bytes: one entry, where its key and its value lie */
	uint64_t bytes, refs;	     /* size of the whole table; who shares it */
};

/* What hook_dict() and its kin do with what they find: add a reference, or give a name to one that
 * tp_traverse has already added. */
typedef void hook_found(struct hook *h, uint64_t address, uint32_t name, uint64_t name_address);

HOOK_PART void hook_keys_open(struct hook *h, uint64_t keys, struct hook_keys *ret);
HOOK_PART void hook_dict(struct hook *h, uint64_t dict, hook_found *found);
HOOK_PART bool hook_dict_embedded(struct hook *h, uint64_t dict);
HOOK_PART uint64_t hook_dict_get(struct hook *h, uint64_t dict, const char *name);
HOOK_PART void hook_list(struct hook *h, uint64_t list, hook_found *found);
HOOK_PART void hook_tuple(struct hook *h, uint64_t tuple, hook_found *found);
HOOK_PART void hook_set(struct hook *h, uint64_t set, hook_found *found);
HOOK_PART void hook_deque(struct hook *h, uint64_t deque, hook_found *found);
static inline uint64_t hook_tuple_items(struct hook *h, uint64_t tuple)
{
	/* 3.14 put a cached hash in front (Include/cpython/tupleobject.h). */
	return tuple + (h->minor >= 14 ? 32 : 24);
}

/* --- hook_frames.c --------------------------------------------------------------------------- */

#define FRAME_OWNED_BY_GENERATOR 1
#define FRAME_OWNED_BY_FRAME_OBJECT 2
/* From 3.14 on INTERPRETER; greater ones are no frames of Python either. */
#define FRAME_OWNED_BY_CSTACK 3

/* A reference as a frame holds it: from 3.14 on tagged (Include/internal/pycore_stackref.h), where
 * bit 0 says borrowed and both bits a small int. */
static inline uint64_t hook_stackref(struct hook *h, uint64_t bits)
{
	if (h->minor < 14)
		return bits;
	return (bits & 3) == 3 ? 0 : bits & ~3ull;
}
HOOK_PART uint64_t hook_iframe_code(struct hook *h, uint64_t iframe); /* 0: no frame of Python code */
HOOK_PART void hook_iframe_slots(struct hook *h, uint64_t iframe, hook_found *found);
HOOK_PART void hook_frame_slots(struct hook *h, uint64_t frame, hook_found *found);
HOOK_PART void hook_iframe_owned(struct hook *h, uint64_t iframe);
HOOK_PART void hook_push_frame(struct hook *h, uint32_t object, uint64_t frame, uint64_t code,
			       uint32_t thread);
HOOK_PART void hook_generator(struct hook *h, uint32_t i, uint64_t generator);
HOOK_PART void hook_pseudo(struct hook *h, uint32_t i);
HOOK_PART void hook_closure_note(struct hook *h, uint64_t function);
HOOK_PART void hook_closures_name(struct hook *h);

/* --- hook_size.c, hook_names.c, hook_lists.c, hook_roots.c, hook_walk.c ------------------------ */

HOOK_PART uint64_t hook_own_size(struct hook *h, uint64_t object, const struct hook_type *type, bool gc);
HOOK_PART uint32_t hook_field_name(struct hook *h, enum hook_field field);
HOOK_PART void hook_fields_of(struct hook_type *type);
HOOK_PART void hook_match(struct hook *h, uint64_t address, uint32_t name, uint64_t name_address);
HOOK_PART void hook_names(struct hook *h, uint64_t object, const struct hook_type *type);
HOOK_PART bool hook_lists_step(struct hook *h);
HOOK_PART bool hook_lists_resume(struct hook *h);
HOOK_PART void hook_roots(struct hook *h);
HOOK_PART void hook_walk(struct hook *h);
HOOK_PART void hook_walk_resume(struct hook *h);
