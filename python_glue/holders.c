/* Holders are recognised by type, through the heap as the walk recorded it, and their handles and
 * code addresses are read from memory, because a text in the snapshot may be cut or redacted.
 *
 * ctypes: a CDLL is an ordinary instance with _handle and _name (Lib/ctypes/__init__.py); a function
 * is an instance of a class whose metatype is PyCFuncPtrType and keeps the code's address in the
 * buffer that b_ptr points to; the closure of a callback is a CThunkObject (Modules/_ctypes/ctypes.h;
 * offsets the same in 3.8 to 3.14). An extension module's PyModuleDef lies in its library. */
#include "holders.h"

#include <string.h>

#include "unicode.h"

enum { TP_MRO = 344 };			   /* PyTypeObject */
enum { CDATA_PTR = 16, CFUNC_THUNK = 96, THUNK_EXEC = 32 };
enum { NAME_MAX_BYTES = 4096 };		   /* PATH_MAX of Linux */
enum { INT_DIGITS = 3, INT_DIGIT_BITS = 30 }; /* 64 bits */

enum role { ROLE_NONE, ROLE_LIBRARY, ROLE_FUNCTION_TYPE, ROLE_FUNCTION, ROLE_THUNK };

struct finder {
	const struct py_holders_source *source;
	const struct snapshot *heap;
	uint8_t *role; /* of each object that is a type: what its instances are */
	struct hgs_holder *found;
	uint32_t count, room;
};

static const struct {
	const char *type;
	enum role role;
} base_roles[] = {
	{ "ctypes.CDLL", ROLE_LIBRARY },
	{ "_ctypes.PyCFuncPtrType", ROLE_FUNCTION_TYPE },
	{ "_ctypes.CThunkObject", ROLE_THUNK },
};

static enum role base_role(const struct snapshot *heap, uint32_t type)
{
	const char *name = snapshot_text(heap, type);

	for (size_t i = 0; i < sizeof(base_roles) / sizeof(base_roles[0]); i++)
		if (!strcmp(name, base_roles[i].type))
			return base_roles[i].role;
	return ROLE_NONE;
}

static int read_tuple(const struct finder *f, uint64_t tuple, uint64_t **items, uint64_t *n)
{
	if (memory_read_u64(f->source->memory, tuple + 16, n) || *n > 1 << 16)
		return -1;
	*items = malloc((*n + 1) * sizeof(**items));
	/* 3.14 has a cached hash in front of the items. */
	if (!*items || memory_read(f->source->memory, tuple + (f->source->layout->minor >= 14 ? 32 : 24),
				   *items, *n * sizeof(**items)))
		return -1;
	return 0;
}

/* The types with a role of their own: few, as a rule one each. */
struct bases {
	uint32_t *type;
	uint32_t count;
};

static enum role inherited_role(const struct finder *f, const struct bases *bases, uint32_t type)
{
	_cleanup_free_ uint64_t *mro = NULL;
	uint64_t tuple, n;

	if (memory_read_u64(f->source->memory, f->heap->addr[type] + TP_MRO, &tuple) ||
	    read_tuple(f, tuple, &mro, &n))
		return ROLE_NONE;
	for (uint64_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < bases->count; k++)
			if (mro[i] == f->heap->addr[bases->type[k]])
				return base_role(f->heap, bases->type[k]);
	return ROLE_NONE;
}

static struct hg_error *find_bases(const struct finder *f, struct bases *bases)
{
	for (uint32_t i = 0; i < f->heap->n; i++) {
		uint32_t *grown;

		if (!(f->heap->flags[i] & HGS_OBJ_TYPE_OBJECT) || base_role(f->heap, i) == ROLE_NONE)
			continue;
		grown = realloc(bases->type, (bases->count + 1) * sizeof(*grown));
		if (!grown)
			return &hg_error_no_memory;
		bases->type = grown;
		bases->type[bases->count++] = i;
	}
	return NULL;
}

static void bases_free(struct bases *bases)
{
	free(bases->type);
}

/* A function type is an instance of a metatype, so metatypes come first. */
static struct hg_error *find_roles(struct finder *f)
{
	_cleanup_(bases_free) struct bases bases = { 0 };
	const struct snapshot *heap = f->heap;
	struct hg_error *error = find_bases(f, &bases);

	if (error || !bases.count)
		return error;
	for (uint32_t i = 0; i < heap->n; i++)
		if (heap->flags[i] & HGS_OBJ_TYPE_OBJECT)
			f->role[i] = (uint8_t)inherited_role(f, &bases, i);
	for (uint32_t i = 0; i < heap->n; i++)
		if (heap->flags[i] & HGS_OBJ_TYPE_OBJECT && heap->type[i] != HGS_NONE &&
		    f->role[heap->type[i]] == ROLE_FUNCTION_TYPE)
			f->role[i] = ROLE_FUNCTION;
	return NULL;
}

static uint32_t value_of_key(const struct snapshot *heap, uint32_t dict, const char *name)
{
	for (uint64_t e = heap->start[dict]; e < heap->start[dict + 1]; e++)
		if (HGS_EDGE_KIND(heap->name[e]) == HGS_EDGE_KEY &&
		    !strcmp(snapshot_text(heap, HGS_EDGE_PAYLOAD(heap->name[e])), name))
			return heap->target[e];
	return HGS_NONE;
}

/* An attribute of an instance or module, wherever its class keeps it; HGS_NONE where it has none. */
static uint32_t attribute(const struct snapshot *heap, uint32_t object, const char *name)
{
	uint32_t ret = HGS_NONE;

	for (uint64_t e = heap->start[object]; e < heap->start[object + 1] && ret == HGS_NONE; e++) {
		uint32_t payload = HGS_EDGE_PAYLOAD(heap->name[e]);

		switch (HGS_EDGE_KIND(heap->name[e])) {
		case HGS_EDGE_ATTR:
			if (!strcmp(snapshot_text(heap, payload), name))
				ret = heap->target[e];
			break;
		case HGS_EDGE_MEMBER:
			if (!strcmp(snapshot_string(heap, payload), name))
				ret = heap->target[e];
			break;
		case HGS_EDGE_ATTR_DICT:
			ret = value_of_key(heap, heap->target[e], name);
			break;
		default:
			break;
		}
	}
	return ret;
}

/* An int that is an address. To 3.11 ob_size is the count of digits, from 3.12 on a tag holds it
 * above three bits (Include/cpython/longintrepr.h). -1 where it is negative, larger or no int. */
static int read_address(const struct finder *f, uint32_t object, uint64_t *ret)
{
	const struct snapshot *heap = f->heap;
	uint32_t digits[INT_DIGITS] = { 0 };
	uint64_t size, count;

	if (object == HGS_NONE || strcmp(snapshot_type_name(heap, object), "int") ||
	    memory_read_u64(f->source->memory, heap->addr[object] + 16, &size))
		return -1;
	count = f->source->layout->minor >= 12 ? size >> 3 : size;
	if (count > INT_DIGITS || (f->source->layout->minor >= 12 && (size & 3) == 2))
		return -1;
	if (memory_read(f->source->memory, heap->addr[object] + 24, digits, count * sizeof(*digits)))
		return -1;
	*ret = 0;
	for (uint64_t i = count; i-- > 0;)
		*ret = *ret << INT_DIGIT_BITS | digits[i];
	return 0;
}

/* A str or bytes, whole; false for others (CDLL(None) has None). */
static bool read_name(const struct finder *f, uint32_t object, char *buffer, size_t size)
{
	uint64_t address, length;
	const char *type;

	if (object == HGS_NONE)
		return false;
	type = snapshot_type_name(f->heap, object);
	address = f->heap->addr[object];
	if (!strcmp(type, "bytes")) {
		if (memory_read_u64(f->source->memory, address + 16, &length) || length >= size ||
		    memory_read(f->source->memory, address + 32, buffer, length))
			return false;
		buffer[length] = '\0';
		return true;
	}
	return !strcmp(type, "str") &&
	       !py_unicode_read(f->source->memory, f->source->layout, address, buffer, size);
}

static uint32_t library_by_handle(const struct py_holders_source *s, uint64_t handle)
{
	for (uint32_t i = 0; handle && i < s->num_libraries; i++)
		if (s->libraries[i].handle == handle)
			return i;
	return HGS_NONE;
}

static uint32_t library_by_address(const struct py_holders_source *s, uint64_t address)
{
	for (uint32_t i = 0; address && i < s->num_libraries; i++)
		if (address >= s->libraries[i].start && address < s->libraries[i].end)
			return i;
	return HGS_NONE;
}

static struct hg_error *add(struct finder *f, const struct hgs_holder *holder)
{
	if (f->count == f->room) {
		uint32_t room = f->room ? f->room * 2 : 64;
		struct hgs_holder *grown = realloc(f->found, room * sizeof(*grown));

		if (!grown)
			return &hg_error_no_memory;
		f->found = grown;
		f->room = room;
	}
	f->found[f->count++] = *holder;
	return NULL;
}

static struct hg_error *add_library(struct finder *f, uint32_t object)
{
	struct hgs_holder holder = { .object = object, .kind = HGS_HOLDER_HANDLE };
	char name[NAME_MAX_BYTES];
	struct hg_error *error = NULL;

	if (read_address(f, attribute(f->heap, object, "_handle"), &holder.handle))
		return NULL;
	if (read_name(f, attribute(f->heap, object, "_name"), name, sizeof(name)))
		error = f->source->string(f->source->context, name, &holder.names);
	holder.library = library_by_handle(f->source, holder.handle);
	return error ? error : add(f, &holder);
}

/* The name of the library that a function was looked up in: its b_objects is {'0': CDLL}. */
static struct hg_error *name_of_origin(struct finder *f, uint32_t function, uint32_t *ret)
{
	uint32_t kept = attribute(f->heap, function, "_objects"), library;
	char name[NAME_MAX_BYTES];

	if (kept == HGS_NONE || !(f->heap->flags[kept] & HGS_OBJ_DICT))
		return NULL;
	library = value_of_key(f->heap, kept, "0");
	if (library == HGS_NONE || f->heap->type[library] == HGS_NONE ||
	    f->role[f->heap->type[library]] != ROLE_LIBRARY ||
	    !read_name(f, attribute(f->heap, library, "_name"), name, sizeof(name)))
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
	    memory_read_u64(memory, buffer, &holder.code) || !holder.code)
		return NULL;
	holder.library = library_by_address(f->source, holder.code);
	error = name_of_origin(f, object, &holder.names);
	return error ? error : add(f, &holder);
}

static struct hg_error *add_thunk(struct finder *f, uint32_t object)
{
	struct hgs_holder holder = { .object = object, .kind = HGS_HOLDER_CALLBACK };

	if (memory_read_u64(f->source->memory, f->heap->addr[object] + THUNK_EXEC, &holder.code))
		return NULL;
	holder.library = library_by_address(f->source, holder.code);
	return add(f, &holder);
}

static uint32_t library_by_path(const struct finder *f, uint32_t module)
{
	char path[NAME_MAX_BYTES];

	if (!read_name(f, attribute(f->heap, module, "__file__"), path, sizeof(path)))
		return HGS_NONE;
	for (uint32_t i = 0; i < f->source->num_libraries; i++)
		if (!strcmp(f->source->paths[i], path))
			return i;
	return HGS_NONE;
}

/* Modules built into the interpreter have their definition there, and hold no library open. */
static struct hg_error *add_module(struct finder *f, uint32_t object)
{
	struct hgs_holder holder = { .object = object, .kind = HGS_HOLDER_MODULE };
	const struct py_holders_source *s = f->source;
	uint64_t definition = 0;

	if (s->layout->module_def != PY_ABSENT &&
	    memory_read_u64(s->memory, f->heap->addr[object] + (uint64_t)s->layout->module_def,
			    &definition))
		return NULL;
	holder.library = library_by_address(s, definition);
	if (holder.library == HGS_NONE)
		holder.library = library_by_path(f, object);
	if (holder.library == HGS_NONE ||
	    s->libraries[holder.library].flags & (HGS_LIB_PYTHON | HGS_LIB_MAIN))
		return NULL;
	holder.handle = s->libraries[holder.library].handle;
	return add(f, &holder);
}

static struct hg_error *look_at(struct finder *f, uint32_t object)
{
	uint32_t type = f->heap->type[object];

	if (type == HGS_NONE)
		return NULL;
	if (f->heap->flags[object] & HGS_OBJ_MODULE)
		return add_module(f, object);
	switch (f->role[type]) {
	case ROLE_LIBRARY:
		return add_library(f, object);
	case ROLE_FUNCTION:
		return add_function(f, object);
	case ROLE_THUNK:
		return add_thunk(f, object);
	default:
		return NULL;
	}
}

struct hg_error *py_holders(const struct py_holders_source *source, struct hgs_holder **ret,
			    uint32_t *count)
{
	_cleanup_free_ uint8_t *role = calloc((size_t)source->heap->n + 1, 1);
	struct finder f = { .source = source, .heap = source->heap, .role = role };
	struct hg_error *error = role ? find_roles(&f) : &hg_error_no_memory;

	for (uint32_t i = 0; !error && i < f.heap->n; i++)
		error = look_at(&f, i);
	if (error) {
		free(f.found);
		return error;
	}
	*ret = f.found;
	*count = f.count;
	return NULL;
}
