/* Types by their full names, sizes from their C structures: Modules/arraymodule.c (arrayobject),
 * Modules/mmapmodule.c (mmap_object), Modules/_io/bytesio.c, all the same on 3.8 to 3.14; and
 * numpy/ndarraytypes.h (PyArrayObject_fields), part of numpy's ABI in 1.x and 2.x.
 *
 * sys.getsizeof() counts these buffers too, but for those of mmap; the hook leaves them out, since it
 * knows no module but builtins. */
#include "buffers.h"

#include <string.h>

#include "../graph/list.h"

enum { TP_BASE = 256, MAX_BASES = 64 }; /* PyTypeObject; no hierarchy is deeper */
enum { STRUCTURE = 72, PAGE = 4096, MAX_DIMENSIONS = 64, OWNS_DATA = 4 };
enum { BYTES_OVERHEAD = 33 }; /* of a bytes object: header, hash, the final NUL */

/* What a field of a structure is, as read. */
struct array {
	uint64_t head[2];
	int64_t length;
	uint64_t items;
	int64_t allocated;
	uint64_t description;
};

struct map {
	uint64_t head[2];
	uint64_t data, size;
};

struct ndarray {
	uint64_t head[2];
	uint64_t data;
	int32_t dimensions, padding;
	uint64_t shape, strides, base, description;
	int32_t flags, more;
};

static const char *const types[] = {
	[HGS_BUFFER_ARRAY] = "array.array",
	[HGS_BUFFER_MMAP] = "mmap.mmap",
	[HGS_BUFFER_NDARRAY] = "numpy.ndarray",
	[HGS_BUFFER_BYTESIO] = "_io.BytesIO",
};
enum { KINDS = sizeof(types) / sizeof(types[0]) };

struct finder {
	const struct snapshot *heap;
	const struct instances *all;
	const struct memory *memory;
	uint64_t base[KINDS]; /* address of the type; 0: not loaded */
};

static bool find_bases(struct finder *f)
{
	bool any = false;

	for (uint32_t i = 0; i < f->all->num_types; i++)
		for (unsigned k = 1; k < KINDS; k++)
			if (strcmp(snapshot_text(f->heap, f->all->type[i]), types[k]) == 0) {
				f->base[k] = f->heap->addr[f->all->type[i]];
				any = true;
			}
	return any;
}

/* By tp_base, which leads to the type that lays out the instances (best_base()). */
static uint8_t kind_of(const struct finder *f, uint64_t type)
{
	for (unsigned depth = 0; type && depth < MAX_BASES; depth++) {
		for (unsigned k = 1; k < KINDS; k++)
			if (type == f->base[k])
				return (uint8_t)k;
		if (memory_read_u64(f->memory, type + TP_BASE, &type))
			break;
	}
	return 0;
}

static uint64_t array_bytes(const struct finder *f, const struct array *array)
{
	uint64_t description; /* of arraydescr: char typecode; int itemsize */
	uint32_t width;

	if (!array->items || array->length < 0 || array->allocated < array->length ||
	    array->allocated > INT64_MAX / 16 ||
	    memory_read_u64(f->memory, array->description, &description))
		return 0;
	width = (uint32_t)(description >> 32);
	if (width != 1 && width != 2 && width != 4 && width != 8)
		return 0;
	return (uint64_t)array->allocated * width;
}

/* numpy allocates what its first shape needs, in one piece: the longest stride times its dimension. */
static uint64_t ndarray_bytes(const struct finder *f, const struct ndarray *array)
{
	size_t count = (size_t)array->dimensions;
	int64_t shape[MAX_DIMENSIONS], strides[MAX_DIMENSIONS];
	uint64_t most = 0;

	if (array->dimensions < 1 || array->dimensions > MAX_DIMENSIONS || !array->data ||
	    !(array->flags & OWNS_DATA) ||
	    memory_read(f->memory, array->shape, shape, count * sizeof(*shape)) ||
	    memory_read(f->memory, array->strides, strides, count * sizeof(*strides)))
		return 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t stride = (uint64_t)(strides[i] < 0 ? -strides[i] : strides[i]), bytes;

		if (shape[i] <= 0 || __builtin_mul_overflow((uint64_t)shape[i], stride, &bytes))
			return 0;
		if (bytes > most)
			most = bytes;
	}
	return most;
}

/* The buffer is a bytes object that nobody else sees; some versions' tp_traverse shows it. */
static uint64_t bytesio_bytes(const struct finder *f, uint32_t object, uint64_t buffer)
{
	const struct snapshot *s = f->heap;
	struct {
		int64_t references;
		uint64_t type;
		int64_t length;
	} bytes;

	for (uint64_t e = s->start[object]; e < s->start[object + 1ul]; e++)
		if (s->addr[s->target[e]] == buffer)
			return 0;
	if (!buffer || memory_read(f->memory, buffer, &bytes, sizeof(bytes)) ||
	    (uint32_t)bytes.references != 1 || bytes.length < 0 || bytes.length > INT64_MAX / 2)
		return 0;
	return (uint64_t)bytes.length + BYTES_OVERHEAD;
}

static uint64_t bytes_of(const struct finder *f, uint32_t object, unsigned kind)
{
	union {
		struct array array;
		struct map map;
		struct ndarray ndarray;
		uint64_t word[STRUCTURE / 8];
	} at;

	_Static_assert(sizeof(at) == STRUCTURE, "the structures fit");
	if (memory_read(f->memory, f->heap->addr[object], &at, sizeof(at)))
		return 0;
	switch (kind) {
	case HGS_BUFFER_ARRAY:
		return array_bytes(f, &at.array);
	case HGS_BUFFER_MMAP: /* data is NULL when closed */
		return at.map.data && at.map.data % PAGE == 0 ? at.map.size : 0;
	case HGS_BUFFER_NDARRAY:
		return ndarray_bytes(f, &at.ndarray);
	default:
		return bytesio_bytes(f, object, at.word[2]);
	}
}

static struct hg_error *add(const struct finder *f, uint32_t object, uint8_t kind,
			    struct hgs_buffer **rows, uint32_t *count)
{
	uint64_t bytes = bytes_of(f, object, kind);
	struct hgs_buffer *row;

	if (!bytes)
		return NULL;
	row = list_add(rows, count);
	if (!row)
		return &hg_error_no_memory;
	*row = (struct hgs_buffer){ .object = object, .kind = kind, .bytes = bytes };
	return NULL;
}

static int by_object(const void *a, const void *b)
{
	const struct hgs_buffer *x = a, *y = b;

	return (x->object > y->object) - (x->object < y->object);
}

struct hg_error *py_buffers(const struct snapshot *heap, const struct instances *all,
			    const struct memory *memory, struct hgs_buffer **ret, uint32_t *count)
{
	struct finder f = { .heap = heap, .all = all, .memory = memory };
	struct hg_error *error = NULL;

	*ret = NULL;
	*count = 0;
	if (!find_bases(&f))
		return NULL;
	for (uint32_t k = 0; k < all->num_types && !error; k++) {
		uint8_t kind = kind_of(&f, heap->addr[all->type[k]]);

		for (uint32_t i = all->first[k]; kind && i < all->first[k + 1] && !error; i++)
			error = add(&f, all->object[i], kind, ret, count);
	}
	if (*count)
		qsort(*ret, *count, sizeof(**ret), by_object);
	return error;
}
