/* ctypes: a CDLL is an ordinary instance with _handle and _name (Lib/ctypes/__init__.py); a function
 * is an instance of a class whose metatype is PyCFuncPtrType and keeps the code's address in the
 * buffer that b_ptr points to; the closure of a callback is a CThunkObject (Modules/_ctypes/ctypes.h;
 * offsets the same in 3.8 to 3.14). */
#include "holders_parts.h"

enum { CDATA_PTR = 16, CFUNC_THUNK = 96, THUNK_EXEC = 32 };

static struct hg_error *add_library(struct finder *f, uint32_t object)
{
	struct hgs_holder holder = { .object = object, .kind = HGS_HOLDER_HANDLE };
	char name[HOLDER_NAME_MAX];
	struct hg_error *error = NULL;

	if (holder_address(f, holder_attribute(f->heap, object, "_handle"), &holder.handle))
		return NULL;
	if (holder_name(f, holder_attribute(f->heap, object, "_name"), name, sizeof(name)))
		error = f->source->string(f->source->context, name, &holder.names);
	holder.library = library_by_handle(f->source, holder.handle);
	return error ? error : holder_add(f, &holder);
}

/* The name of the library that a function was looked up in: its b_objects is {'0': CDLL}. */
static struct hg_error *name_of_origin(struct finder *f, uint32_t function, uint32_t *ret)
{
	uint32_t kept = holder_attribute(f->heap, function, "_objects"), library;
	char name[HOLDER_NAME_MAX];

	if (kept == HGS_NONE || !(f->heap->flags[kept] & HGS_OBJ_DICT))
		return NULL;
	library = holder_key(f->heap, kept, "0");
	if (library == HGS_NONE || f->heap->type[library] == HGS_NONE ||
	    f->role[f->heap->type[library]] != ROLE_CTYPES_LIBRARY ||
	    !holder_name(f, holder_attribute(f->heap, library, "_name"), name, sizeof(name)))
		return NULL;
	return f->source->string(f->source->context, name, ret);
}

/* A function that is a callback has a thunk, which is found by itself. */
static struct hg_error *add_function(struct finder *f, uint32_t object)
{
	struct hgs_holder holder = { .object = object, .kind = HGS_HOLDER_FUNCTION };
	const struct memory *memory = f->source->memory;
	uint64_t address = f->heap->addr[object], buffer, thunk;
	struct hg_error *error;

	if (memory_read_u64(memory, address + CFUNC_THUNK, &thunk) || thunk ||
	    memory_read_u64(memory, address + CDATA_PTR, &buffer) ||
	    memory_read_u64(memory, buffer, &holder.code) || !holder_is_address(holder.code))
		return NULL;
	holder.library = library_by_address(f->source, holder.code);
	error = name_of_origin(f, object, &holder.names);
	return error ? error : holder_add(f, &holder);
}

static struct hg_error *add_thunk(struct finder *f, uint32_t object)
{
	struct hgs_holder holder = { .object = object, .kind = HGS_HOLDER_CALLBACK };

	if (memory_read_u64(f->source->memory, f->heap->addr[object] + THUNK_EXEC, &holder.code))
		return NULL;
	holder.library = library_by_address(f->source, holder.code);
	return holder_add(f, &holder);
}

struct hg_error *holder_ctypes(struct finder *f, uint32_t object)
{
	switch (role_of(f, object)) {
	case ROLE_CTYPES_LIBRARY:
		return add_library(f, object);
	case ROLE_CTYPES_FUNCTION:
		return add_function(f, object);
	case ROLE_CTYPES_THUNK:
		return add_thunk(f, object);
	default:
		return NULL;
	}
}
