/* An object that gc does not know (no Py_TPFLAGS_HAVE_GC) may hold references all the same: a numpy
 * array its base, an extension's object whatever it was given. A word in its memory that is the address
 * of an object, whose count has references left over, is taken to be one. That is an inference, and is
 * marked as one wherever it is shown.
 *
 * Many objects are read with one system call. */
#include "opaque.h"

#include <stdlib.h>
#include <sys/uio.h>

#include "../graph/list.h"
#include "../graph/surplus.h"

enum { BATCH = 512, MOST = 1024, HEADER = 16 }; /* MOST: of one object; its C structure lies in front */

struct opaque {
	const struct snapshot *heap;
	const struct memory *memory;
	const struct linkmap *map;
	struct scan *wanted;
	struct hgs_surplus *surplus;
	uint32_t num_surplus;
	struct hgs_inferred *found;
	uint32_t count;
	uint32_t objects[BATCH];
	struct iovec remote[BATCH];
	unsigned batched;
	uint64_t words[BATCH][MOST / 8];
};

static bool is_opaque(const struct snapshot *heap, const uint8_t *traits, uint32_t i)
{
	return !(heap->flags[i] & (HGS_OBJ_GC | HGS_OBJ_PSEUDO | HGS_OBJ_BAD)) &&
	       heap->type[i] != HGS_NONE && !(traits[heap->type[i]] & SURPLUS_LEAF) &&
	       heap->size[i] > HEADER;
}

/* Not one of the interpreter's own: a class made at run time, or one that lies in another library. */
static bool is_extensions(const struct opaque *o, uint32_t object)
{
	uint64_t type = o->heap->addr[o->heap->type[object]];

	if (o->heap->flags[object] & HGS_OBJ_TYPE_OBJECT)
		return false;
	if (o->heap->flags[object] & HGS_OBJ_HEAP_TYPE)
		return true;
	for (size_t i = 0; i < o->map->num_libraries; i++) {
		const struct hgs_library *library = &o->map->libraries[i].fact;

		if (type >= library->start && type < library->end)
			return !(library->flags & HGS_LIB_PYTHON);
	}
	return false;
}

static struct hg_error *add(struct opaque *o, uint32_t from, uint32_t to, uint32_t offset)
{
	struct hgs_inferred *row = list_add(&o->found, &o->count);

	if (!row)
		return &hg_error_no_memory;
	*row = (struct hgs_inferred){ .from = from, .to = to, .offset = offset };
	return NULL;
}

static struct hg_error *look(struct opaque *o, unsigned k)
{
	bool kept = is_extensions(o, o->objects[k]);
	struct hg_error *error = NULL;

	for (size_t i = 0; i < o->remote[k].iov_len / 8 && !error; i++) {
		uint32_t id = scan_lookup(o->wanted, o->words[k][i]);

		if (id >= o->num_surplus)
			continue;
		o->surplus[id].inferred++;
		if (kept)
			error = add(o, o->objects[k], o->surplus[id].object,
				    (uint32_t)(HEADER + i * 8));
	}
	return error;
}

/* A batch that cannot be read whole is read one by one, so that one bad object hides no other. */
static struct hg_error *flush(struct opaque *o)
{
	struct iovec local[BATCH];
	struct hg_error *error = NULL;
	size_t bytes = 0;
	ssize_t got;

	for (unsigned k = 0; k < o->batched; k++) {
		local[k] = (struct iovec){ o->words[k], o->remote[k].iov_len };
		bytes += local[k].iov_len;
	}
	got = process_vm_readv(o->memory->pid, local, o->batched, o->remote, o->batched, 0);
	for (unsigned k = 0; k < o->batched && !error; k++)
		if (got == (ssize_t)bytes ||
		    !memory_read(o->memory, (uint64_t)(uintptr_t)o->remote[k].iov_base, o->words[k],
				 o->remote[k].iov_len))
			error = look(o, k);
	o->batched = 0;
	return error;
}

static struct hg_error *put(struct opaque *o, uint32_t object)
{
	uint64_t size = (o->heap->size[object] - HEADER) & ~UINT64_C(7);

	o->objects[o->batched] = object;
	o->remote[o->batched++] = (struct iovec){
		.iov_base = (void *)(uintptr_t)(o->heap->addr[object] + HEADER),
		.iov_len = size < MOST ? size : MOST,
	};
	return o->batched == BATCH ? flush(o) : NULL;
}

struct hg_error *opaque_references(const struct snapshot *heap, const struct memory *memory,
				   const uint8_t *traits, const struct linkmap *map,
				   struct scan *wanted, struct hgs_surplus *surplus,
				   uint32_t num_surplus, struct hgs_inferred **ret, uint32_t *count)
{
	_cleanup_free_ struct opaque *o = calloc(1, sizeof(*o));
	struct hg_error *error = NULL;

	if (!o)
		return &hg_error_no_memory;
	o->heap = heap;
	o->memory = memory;
	o->map = map;
	o->wanted = wanted;
	o->surplus = surplus;
	o->num_surplus = num_surplus;
	for (uint32_t i = 0; i < heap->n && !error; i++)
		if (is_opaque(heap, traits, i))
			error = put(o, i);
	if (!error)
		error = flush(o);
	if (error) {
		free(o->found);
		return error;
	}
	*ret = o->found;
	*count = o->count;
	return NULL;
}
