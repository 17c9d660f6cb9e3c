/* Holders are recognised by type: by the names of the types that C defines, and by inheritance from
 * them. What each has is read from memory by the finder of its kind (holders_*.c). */
#include "holders_parts.h"

#include <string.h>

#include "../graph/list.h"

enum { TP_MRO = 344 }; /* PyTypeObject */

static const struct {
	const char *type;
	enum holder_role role;
} base_roles[] = {
	{ "module", ROLE_MODULE },
	{ "int", ROLE_INT },
	{ "PyCapsule", ROLE_CAPSULE },
	{ "ctypes.CDLL", ROLE_CTYPES_LIBRARY },
	{ "_ctypes.PyCFuncPtrType", ROLE_CTYPES_FUNCTION_TYPE },
	{ "_ctypes.CThunkObject", ROLE_CTYPES_THUNK },
	{ "_cffi_backend.CLibrary", ROLE_CFFI_CLIBRARY },
	{ "_cffi_backend.Lib", ROLE_CFFI_LIB },
	{ "_cffi_backend.CType", ROLE_CFFI_TYPE },
	{ "_cffi_backend._CDataBase", ROLE_CFFI_DATA },
	{ "_cffi_backend.__CDataOwnGC", ROLE_CFFI_CALLBACK },
};

static enum holder_role base_role(const struct snapshot *heap, uint32_t type)
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

static enum holder_role inherited_role(const struct finder *f, const struct bases *bases, uint32_t type)
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
	for (uint32_t k = 0; k < f->all->num_types; k++) {
		uint32_t *row;

		if (base_role(f->heap, f->all->type[k]) == ROLE_NONE)
			continue;
		row = list_add(&bases->type, &bases->count);
		if (!row)
			return &hg_error_no_memory;
		*row = f->all->type[k];
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
	struct hg_error *error = find_bases(f, &bases);

	if (error || !bases.count)
		return error;
	for (uint32_t k = 0; k < f->all->num_types; k++)
		f->role[f->all->type[k]] = (uint8_t)inherited_role(f, &bases, f->all->type[k]);
	for (uint32_t k = 0; k < f->all->num_types; k++)
		if (role_of(f, f->all->type[k]) == ROLE_CTYPES_FUNCTION_TYPE)
			f->role[f->all->type[k]] = ROLE_CTYPES_FUNCTION;
	return NULL;
}

struct hg_error *holder_add(struct finder *f, const struct hgs_holder *holder)
{
	struct hgs_holder *row = list_add(&f->found.holder, &f->found.count);

	if (!row)
		return &hg_error_no_memory;
	*row = *holder;
	return NULL;
}

struct hg_error *capsule_add(struct finder *f, const struct hgs_capsule *capsule)
{
	struct hgs_capsule *row = list_add(&f->found.capsule, &f->found.num_capsules);

	if (!row)
		return &hg_error_no_memory;
	*row = *capsule;
	return NULL;
}

/* What looks at the instances of a type; NULL where nobody does. */
static holder_look *finder_of(enum holder_role role)
{
	switch (role) {
	case ROLE_MODULE:
		return holder_module;
	case ROLE_INT:
		return holder_maybe_handle;
	case ROLE_CAPSULE:
		return holder_capsule;
	case ROLE_CTYPES_LIBRARY:
	case ROLE_CTYPES_FUNCTION:
	case ROLE_CTYPES_THUNK:
		return holder_ctypes;
	case ROLE_CFFI_CLIBRARY:
	case ROLE_CFFI_LIB:
	case ROLE_CFFI_DATA:
	case ROLE_CFFI_CALLBACK:
	case ROLE_CFFI_FACE:
		return holder_cffi;
	default:
		return NULL;
	}
}

/* Calls for each instance of the k-th type. */
static struct hg_error *for_instances(struct finder *f, uint32_t k, holder_look *look)
{
	struct hg_error *error = NULL;

	for (uint32_t i = f->all->first[k]; i < f->all->first[k + 1] && !error; i++)
		error = look(f, f->all->object[i]);
	return error;
}

struct hg_error *for_each(struct finder *f, enum holder_role role, holder_look *look)
{
	struct hg_error *error = NULL;

	for (uint32_t k = 0; k < f->all->num_types && !error; k++)
		if (f->role[f->all->type[k]] == role)
			error = for_instances(f, k, look);
	return error;
}

static struct hg_error *find_in_all(struct finder *f)
{
	struct hg_error *error = NULL;

	for (uint32_t k = 0; k < f->all->num_types && !error; k++) {
		holder_look *look = finder_of((enum holder_role)f->role[f->all->type[k]]);

		error = holder_type(f, f->all->type[k]);
		if (!error && look)
			error = for_instances(f, k, look);
	}
	return error ? error : peek_flush(f);
}

static int by_object(const void *a, const void *b)
{
	uint32_t x = ((const struct hgs_holder *)a)->object, y = ((const struct hgs_holder *)b)->object;

	return (x > y) - (x < y);
}

static struct hg_error *find(struct finder *f)
{
	struct hg_error *error = find_roles(f);

	if (!error)
		error = integers_prepare(f);
	if (!error)
		error = cffi_prepare(f);
	if (!error)
		error = find_in_all(f);
	if (error)
		return error;
	if (f->found.count)
		qsort(f->found.holder, f->found.count, sizeof(*f->found.holder), by_object);
	cffi_name_functions(f);
	return holders_cffi_extern(f);
}

struct hg_error *py_holders(const struct py_holders_source *source, struct py_holders_found *ret)
{
	_cleanup_free_ uint8_t *role = calloc((size_t)source->heap->n + 1, 1);
	struct finder f = { .source = source, .heap = source->heap,
			    .all = source->instances, .role = role };
	struct hg_error *error = role ? find(&f) : &hg_error_no_memory;

	if (!error && !f.cffi.is_known)
		f.found.unread = "objects of cffi could not be read: this _cffi_backend has them in "
				 "another form than those of 1.14.1 to 2.1";
	cffi_deinit(&f.cffi);
	free(f.handles.item);
	free(f.own.item);
	*ret = f.found;
	return error;
}

void py_holders_deinit(struct py_holders_found *found)
{
	free(found->holder);
	free(found->capsule);
}
