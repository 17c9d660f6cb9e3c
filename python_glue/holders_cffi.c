/* cffi: its library objects, and its data objects that are functions or callbacks.
 *
 * All are structures of C in _cffi_backend (src/c/_cffi_backend.c, src/c/lib_obj.c), the same from cffi
 * 1.14.1 to 2.1 but for the head of a CType. No version is asked for: the types must be there under
 * these names and of the known sizes, every CType must end in a name as long as it says, and every library object must
 * have a name and a flag where they are looked for. If any does not, none of cffi's objects is read,
 * and the report says that their owners are not known.
 *
 * A library object of dlopen() closes its handle when it goes; close_lib() and dlclose() set it to
 * NULL. A function keeps no reference to the library that it was looked up in, but that one has it
 * among its attributes until it is closed. */
#include "holders_parts.h"

#include <string.h>

#include "unicode.h"

enum { TP_BASICSIZE = 32, VAR_SIZE = 16 }; /* PyTypeObject, PyVarObject */
enum { CLIBRARY_SIZE = 40, CLIBRARY_HANDLE = 16, CLIBRARY_NAME = 24, CLIBRARY_AUTO_CLOSE = 32 };
enum { LIB_SIZE = 64, LIB_NAME = 32, LIB_HANDLE = 48, LIB_AUTO_CLOSE = 56 };
enum { CDATA_SIZE = 40, CALLBACK_SIZE = 48 }; /* c_type at 16, c_data at 24 */
/* CTypeDescrObject; its name follows at once. From 2.0 on there are more flags in front of it. */
enum { CTYPE_SIZE = 88, CTYPE_SIZE_2 = 96, CTYPE_ITEM_SIZE = 64, CTYPE_FLAGS = 80 };
enum { CT_BASE_FLAGS = 0x7ff, CT_FUNCTIONPTR = 0x100, CT_IS_VOID_PTR = 0x200000 };
enum { CTYPE_NAME_MAX = 1 << 16 };

static bool is_of_cffi(const struct finder *f, uint32_t type)
{
	return !strncmp(snapshot_text(f->heap, type), "_cffi_backend.", 14);
}

static bool size_is_known(enum holder_role role, uint64_t size)
{
	switch (role) {
	case ROLE_CFFI_CLIBRARY:
		return size == CLIBRARY_SIZE;
	case ROLE_CFFI_LIB:
		return size == LIB_SIZE;
	case ROLE_CFFI_TYPE:
		return size == CTYPE_SIZE || size == CTYPE_SIZE_2;
	case ROLE_CFFI_CALLBACK:
		return size == CALLBACK_SIZE;
	case ROLE_CFFI_DATA:
		return size >= CDATA_SIZE;
	default: /* not read */
		return true;
	}
}

static bool types_are_known(struct finder *f)
{
	const uint32_t all = 1u << ROLE_CFFI_CLIBRARY | 1u << ROLE_CFFI_LIB | 1u << ROLE_CFFI_TYPE |
			     1u << ROLE_CFFI_DATA | 1u << ROLE_CFFI_CALLBACK;
	uint32_t seen = 0;

	for (uint32_t k = 0; k < f->all->num_types; k++) {
		uint32_t type = f->all->type[k];
		uint64_t size;

		if (!is_of_cffi(f, type))
			continue;
		f->cffi.is_there = true;
		seen |= 1u << f->role[type];
		if (memory_read_u64(f->source->memory, f->heap->addr[type] + TP_BASICSIZE, &size) ||
		    !size_is_known((enum holder_role)f->role[type], size))
			return false;
	}
	return !f->cffi.is_there || (seen & all) == all;
}

/* Exactly one of the base flags is set, and the name has the length that ob_size says. */
static bool type_is_sound(const struct finder *f, uint64_t address, uint64_t end,
			  const uint8_t *fields, uint32_t *flags)
{
	_cleanup_free_ char *name = NULL;
	uint64_t length;

	memcpy(&length, fields + VAR_SIZE, sizeof(length));
	memcpy(flags, fields + CTYPE_FLAGS, sizeof(*flags));
	if (__builtin_popcount(*flags & CT_BASE_FLAGS) != 1 || !length || length > CTYPE_NAME_MAX)
		return false;
	name = malloc(length);
	return name && !memory_read(f->source->memory, address + end, name, length) &&
	       memchr(name, '\0', length) == name + length - 1;
}

static struct hg_error *learn_type(struct finder *f, uint32_t object)
{
	uint64_t address = f->heap->addr[object], end;
	uint8_t fields[CTYPE_SIZE];
	uint32_t flags;

	if (memory_read_u64(f->source->memory, f->heap->addr[f->heap->type[object]] + TP_BASICSIZE,
			    &end) ||
	    memory_read(f->source->memory, address, fields, sizeof(fields)) ||
	    !type_is_sound(f, address, end, fields, &flags)) {
		f->cffi.is_known = false;
		return NULL;
	}
	if (flags & CT_FUNCTIONPTR)
		return set_add(&f->cffi.functions, address);
	return flags & CT_IS_VOID_PTR ? set_add(&f->cffi.pointers, address) : NULL;
}

/* The handle and the name of a library object; -1 where it is none that is known. */
static int read_library(const struct finder *f, uint32_t object, uint64_t *handle, char *name,
			size_t size)
{
	const struct memory *memory = f->source->memory;
	uint64_t address = f->heap->addr[object], text;
	bool in_line = role_of(f, object) == ROLE_CFFI_CLIBRARY;
	uint32_t owned;

	if (memory_read_u64(memory, address + (in_line ? CLIBRARY_HANDLE : LIB_HANDLE), handle) ||
	    memory_read_u64(memory, address + (in_line ? CLIBRARY_NAME : LIB_NAME), &text) ||
	    memory_read_u32(memory, address + (in_line ? CLIBRARY_AUTO_CLOSE : LIB_AUTO_CLOSE),
			    &owned))
		return -1;
	if (owned > 1 || *handle & 7 ||
	    (in_line ? memory_read_string(memory, text, name, size)
		     : py_unicode_read(memory, f->source->layout, text, name, size)))
		return -1;
	/* dlopen(None), and dlopen() of a handle that was open already: no name of a file. */
	if (!owned || !strcmp(name, "<None>"))
		name[0] = '\0';
	return 0;
}

/* The CLibrary in a function's closure, or HGS_NONE. */
static uint32_t enclosed_library(const struct finder *f, uint32_t function)
{
	const struct snapshot *heap = f->heap;

	for (uint64_t e = heap->start[function]; e < heap->start[function + 1]; e++) {
		uint32_t closure = heap->target[e];

		for (uint64_t k = heap->start[closure]; k < heap->start[closure + 1]; k++) {
			uint32_t cell = heap->target[k];

			if (HGS_EDGE_KIND(heap->name[k]) == HGS_EDGE_CELL &&
			    heap->start[cell] < heap->start[cell + 1] &&
			    role_of(f, heap->target[heap->start[cell]]) == ROLE_CFFI_CLIBRARY)
				return heap->target[heap->start[cell]];
		}
	}
	return HGS_NONE;
}

/* In line, dlopen() makes a class and its only instance, whose methods have the CLibrary in their
 * closures (_make_ffi_library() in cffi/api.py). That instance is the library that people know. */
static uint32_t library_behind(const struct finder *f, uint32_t face)
{
	uint32_t close = holder_attribute(f->heap, f->heap->type[face], "__cffi_close__");

	return close == HGS_NONE ? HGS_NONE : enclosed_library(f, close);
}

static struct hg_error *learn_face(struct finder *f, uint32_t face)
{
	uint32_t library = library_behind(f, face);

	return library == HGS_NONE ? NULL : set_add(&f->cffi.inside, f->heap->addr[library]);
}

static struct hg_error *find_faces(struct finder *f)
{
	for (uint32_t k = 0; k < f->all->num_types; k++)
		if (!strcmp(snapshot_text(f->heap, f->all->type[k]),
			    "cffi.api._make_ffi_library.<locals>.FFILibrary"))
			f->role[f->all->type[k]] = ROLE_CFFI_FACE;
	return for_each(f, ROLE_CFFI_FACE, learn_face);
}

/* The library whose objects cannot be read. The types are static: they lie in it. */
static void mark_opaque(const struct finder *f)
{
	for (uint32_t k = 0; k < f->all->num_types; k++) {
		uint32_t library;

		if (!is_of_cffi(f, f->all->type[k]))
			continue;
		library = library_by_address(f->source, f->heap->addr[f->all->type[k]]);
		if (library != HGS_NONE)
			f->source->libraries[library].flags |= HGS_LIB_OPAQUE;
	}
}

static struct hg_error *prove_library(struct finder *f, uint32_t library)
{
	char name[HOLDER_NAME_MAX];
	uint64_t handle;

	if (read_library(f, library, &handle, name, sizeof(name)))
		f->cffi.is_known = false;
	return NULL;
}

struct hg_error *cffi_prepare(struct finder *f)
{
	struct hg_error *error = NULL;

	f->cffi.is_known = types_are_known(f);
	if (f->cffi.is_known)
		error = for_each(f, ROLE_CFFI_TYPE, learn_type);
	if (!error && f->cffi.is_known)
		error = for_each(f, ROLE_CFFI_CLIBRARY, prove_library);
	if (!error && f->cffi.is_known)
		error = for_each(f, ROLE_CFFI_LIB, prove_library);
	if (!f->cffi.is_known)
		mark_opaque(f);
	if (!error && f->cffi.is_known)
		error = find_faces(f);
	set_sort(&f->cffi.functions);
	set_sort(&f->cffi.pointers);
	set_sort(&f->cffi.inside);
	return error;
}

void cffi_deinit(struct cffi *cffi)
{
	free(cffi->functions.item);
	free(cffi->pointers.item);
	free(cffi->inside.item);
}

static struct hg_error *add_library(struct finder *f, uint32_t object, uint32_t library)
{
	struct hgs_holder holder = { .object = object, .kind = HGS_HOLDER_HANDLE };
	char name[HOLDER_NAME_MAX];
	struct hg_error *error = NULL;

	if (library == HGS_NONE || read_library(f, library, &holder.handle, name, sizeof(name)) ||
	    !holder.handle)
		return NULL; /* closed, or the lib of a compiled module, which has no handle */
	if (name[0])
		error = f->source->string(f->source->context, name, &holder.names);
	holder.library = library_by_handle(f->source, holder.handle);
	return error ? error : holder_add(f, &holder);
}

struct hg_error *holder_cffi_data(struct finder *f, uint32_t object, const uint64_t words[2])
{
	struct hgs_holder holder = { .object = object, .kind = HGS_HOLDER_FUNCTION };
	uint64_t type = words[0], data = words[1];

	if (!holder_is_address(data))
		return NULL;
	if (set_has(&f->cffi.pointers, type))
		return holder_pointer(f, object, data);
	if (!set_has(&f->cffi.functions, type))
		return NULL;
	if (role_of(f, object) == ROLE_CFFI_CALLBACK)
		holder.kind = HGS_HOLDER_CALLBACK;
	holder.code = data;
	holder.library = library_by_address(f->source, holder.code);
	return holder_add(f, &holder);
}

struct hg_error *holder_cffi(struct finder *f, uint32_t object)
{
	if (!f->cffi.is_known)
		return NULL;
	switch (role_of(f, object)) {
	case ROLE_CFFI_FACE:
		return add_library(f, object, library_behind(f, object));
	case ROLE_CFFI_CLIBRARY:
		if (set_has(&f->cffi.inside, f->heap->addr[object]))
			return NULL;
		return add_library(f, object, object);
	case ROLE_CFFI_LIB:
		return add_library(f, object, object);
	case ROLE_CFFI_DATA:
	case ROLE_CFFI_CALLBACK:
		return peek_at(f, object);
	default:
		return NULL;
	}
}

static struct hgs_holder *holder_of(const struct finder *f, uint32_t object)
{
	uint32_t low = 0, high = f->found.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (f->found.holder[middle].object < object)
			low = middle + 1;
		else
			high = middle;
	}
	return low < f->found.count && f->found.holder[low].object == object ? &f->found.holder[low] : NULL;
}

static void name_functions_in(const struct finder *f, uint32_t dict, uint32_t names)
{
	for (uint64_t e = f->heap->start[dict]; e < f->heap->start[dict + 1]; e++) {
		struct hgs_holder *holder = holder_of(f, f->heap->target[e]);

		if (HGS_EDGE_KIND(f->heap->name[e]) == HGS_EDGE_KEY && holder &&
		    holder->kind == HGS_HOLDER_FUNCTION)
			holder->names = names;
	}
}

void cffi_name_functions(struct finder *f)
{
	const struct snapshot *heap = f->heap;

	for (uint32_t i = 0; i < f->found.count; i++) {
		uint32_t object = f->found.holder[i].object;
		enum holder_role role = role_of(f, object);

		if (role != ROLE_CFFI_FACE && role != ROLE_CFFI_LIB)
			continue;
		for (uint64_t e = heap->start[object]; e < heap->start[object + 1]; e++)
			if (HGS_EDGE_KIND(heap->name[e]) == HGS_EDGE_ATTR_DICT)
				name_functions_in(f, heap->target[e], f->found.holder[i].names);
	}
}

/* def_extern() keeps what C calls in a dict of the interpreter, by the address of a structure that the
 * compiled module has for each function (src/c/call_python.c). */
static struct hg_error *add_extern(struct finder *f, uint32_t dict)
{
	const struct snapshot *heap = f->heap;
	struct hg_error *error = NULL;

	for (uint64_t e = heap->start[dict]; !error && e < heap->start[dict + 1]; e++) {
		struct hgs_holder holder = { .object = heap->target[e], .kind = HGS_HOLDER_CALLBACK };
		uint64_t address;

		if (HGS_EDGE_KIND(heap->name[e]) != HGS_EDGE_KEY ||
		    holder_address(f, HGS_EDGE_PAYLOAD(heap->name[e]), &address))
			continue;
		holder.library = library_by_address(f->source, address);
		if (holder.library != HGS_NONE)
			error = holder_add(f, &holder);
	}
	return error;
}

struct hg_error *holders_cffi_extern(struct finder *f)
{
	const struct snapshot *heap = f->heap;
	struct hg_error *error = NULL;
	uint32_t i = 0, name;

	if (!f->cffi.is_there || !f->cffi.is_known)
		return NULL;
	while (i < heap->n && strcmp(snapshot_text(heap, i), "__cffi_backend_extern_py"))
		i++;
	if (i == heap->n)
		return NULL;
	name = HGS_EDGE_NAME(HGS_EDGE_KEY, i);
	for (uint64_t e = 0; !error && e < heap->m; e++)
		if (heap->name[e] == name && heap->flags[heap->target[e]] & HGS_OBJ_DICT)
			error = add_extern(f, heap->target[e]);
	return error;
}
