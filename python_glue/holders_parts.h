/* What the finders of holders share. Nothing outside holders*.c includes this. */
#pragma once

#include "holders.h"

/* What the instances of a type are, here. */
enum holder_role {
	ROLE_NONE,
	ROLE_MODULE,
	ROLE_INT,
	ROLE_CAPSULE,
	ROLE_CTYPES_LIBRARY,
	ROLE_CTYPES_FUNCTION_TYPE, /* the metatype */
	ROLE_CTYPES_FUNCTION,
	ROLE_CTYPES_THUNK,
	ROLE_CFFI_CLIBRARY, /* what the object of FFI.dlopen() has inside, in line */
	ROLE_CFFI_LIB,	    /* and out of line */
	ROLE_CFFI_TYPE,
	ROLE_CFFI_DATA,
	ROLE_CFFI_CALLBACK, /* a callback, or a handle of new_handle() */
	ROLE_CFFI_FACE,	    /* what FFI.dlopen() returns, in line: a class of Python's for each */
};

/* Numbers, ascending once set_sort() has been called. */
struct set {
	uint64_t *item;
	size_t count;
};

_must_check_ struct hg_error *set_add(struct set *set, uint64_t item);
void set_sort(struct set *set);
bool set_has(const struct set *set, uint64_t item); /* O(log n) */

struct cffi {
	bool is_there;	      /* any of its types */
	bool is_known;	      /* its structures are where they are looked for */
	struct set functions; /* addresses of the function types */
	struct set pointers;  /* addresses of the types `void *` */
	struct set inside;    /* addresses of the CLibrary objects that have a face */
};

/* Objects that wait to be looked at together. */
enum { PEEK_MAX = MEMORY_GATHER };
struct peek {
	uint32_t object[PEEK_MAX];
	uint32_t count;
};

struct finder {
	const struct py_holders_source *source;
	const struct snapshot *heap;
	const struct instances *all;
	uint8_t *role; /* of each object that is a type: enum holder_role */
	struct cffi cffi;
	struct peek peek;
	struct set handles; /* of the libraries that are loaded */
	size_t handle_digits; /* of the smallest of them */
	struct set own;	    /* objects that an owner has as its handle */
	struct py_holders_found found;
};

static inline enum holder_role role_of(const struct finder *f, uint32_t object)
{
	uint32_t type = f->heap->type[object];

	return type == HGS_NONE ? ROLE_NONE : (enum holder_role)f->role[type];
}

enum { HOLDER_NAME_MAX = 4096 }; /* PATH_MAX of Linux */

/* --- holders_read.c: what an object has. None of them trusts what it reads. ----------------- */

/* The value of a str key in a dict, an attribute of an instance or module wherever its class keeps
 * it; HGS_NONE where there is none. */
uint32_t holder_key(const struct snapshot *heap, uint32_t dict, const char *name);
uint32_t holder_attribute(const struct snapshot *heap, uint32_t object, const char *name);
/* An int that is an address; -1 where it is negative, larger or no int. */
int holder_address(const struct finder *f, uint32_t object, uint64_t *ret);
/* The same of the two words behind an int's head: ob_size and its first digits. */
int int_value(const struct py_layout *layout, const uint64_t words[2], uint64_t *ret);
/* A str or bytes, whole; false for others. */
bool holder_name(const struct finder *f, uint32_t object, char *buffer, size_t size);
/* Whether a program of x86-64 can have code or data there. Constants that are no addresses (SIG_IGN,
 * SQLITE_TRANSIENT) stand in pointers too. */
bool holder_is_address(uint64_t value);
uint32_t library_by_handle(const struct py_holders_source *s, uint64_t handle);
uint32_t library_by_address(const struct py_holders_source *s, uint64_t address);
/* Came into the process later than the interpreter, and may go before it. False for HGS_NONE. */
bool library_is_foreign(const struct py_holders_source *s, uint32_t library);

/* --- holders.c ------------------------------------------------------------------------------ */

/* Calls for each object whose type has this role, until one gives an error. */
typedef struct hg_error *holder_look(struct finder *f, uint32_t object);
_must_check_ struct hg_error *for_each(struct finder *f, enum holder_role role, holder_look *look);

_must_check_ struct hg_error *holder_add(struct finder *f, const struct hgs_holder *holder);

_must_check_ struct hg_error *capsule_add(struct finder *f, const struct hgs_capsule *capsule);

/* --- holders_peek.c ------------------------------------------------------------------------- */

/* Puts off the look at an object of role ROLE_INT, ROLE_CFFI_DATA or ROLE_CFFI_CALLBACK to the end of a
 * batch; the last one ends with peek_flush(). The holders found come out of order. */
_must_check_ struct hg_error *peek_at(struct finder *f, uint32_t object);
_must_check_ struct hg_error *peek_flush(struct finder *f);

/* --- the finders: each looks at one object --------------------------------------------------- */

_must_check_ struct hg_error *holder_ctypes(struct finder *f, uint32_t object);
_must_check_ struct hg_error *holder_module(struct finder *f, uint32_t object);
_must_check_ struct hg_error *holder_type(struct finder *f, uint32_t object);
_must_check_ struct hg_error *holder_capsule(struct finder *f, uint32_t object);
/* Puts an int off that by its text may be a handle. */
_must_check_ struct hg_error *holder_maybe_handle(struct finder *f, uint32_t object);
/* An int, a void pointer of cffi with this value: a holder where it is a handle. */
_must_check_ struct hg_error *holder_integer(struct finder *f, uint32_t object, const uint64_t words[2]);
_must_check_ struct hg_error *holder_pointer(struct finder *f, uint32_t object, uint64_t value);
/* Before these: which handles there are, and which ints are the owners' own. */
_must_check_ struct hg_error *integers_prepare(struct finder *f);

/* Proves where this build of cffi keeps what is read, before any is read; the library that it cannot
 * be proved of is marked HGS_LIB_OPAQUE. */
_must_check_ struct hg_error *cffi_prepare(struct finder *f);
void cffi_deinit(struct cffi *cffi);
_must_check_ struct hg_error *holder_cffi(struct finder *f, uint32_t object);
_must_check_ struct hg_error *holder_cffi_data(struct finder *f, uint32_t object,
					       const uint64_t words[2]);

/* Gives functions that a library object has as attributes its library's name. */
void cffi_name_functions(struct finder *f);
/* The functions that extern "Python" calls, which belong to no object. O(references) where there are
 * any. */
_must_check_ struct hg_error *holders_cffi_extern(struct finder *f);
