/* A threading.local() has a dict of the attribute dicts of all threads (Modules/_threadmodule.c).
 *
 * From 3.13 on its keys are objects that the thread states hold, one each: py_roots_find() gave them as
 * roots. To 3.12 the keys are weak references, which say nothing; but each thread state's dict has a
 * dummy for each local, and the dummy the address of its attribute dict, behind its head. That the
 * address is one of those dicts proves that it was read from the right place. */
#include "thread_locals.h"

#include <stdlib.h>
#include <string.h>

#include "../graph/list.h"

enum { DUMMY_DICT = 16 }; /* localdummyobject.localdict, 3.8 to 3.12 */

struct row {
	uint64_t match; /* address of the key, or to 3.12 of the attribute dict */
	struct hgs_thread_local fact;
};

struct finder {
	const struct snapshot *heap;
	const struct instances *all;
	const struct memory *memory;
	struct row *rows;
	uint32_t count;
};

static bool type_is(const struct snapshot *heap, uint32_t object, const char *name)
{
	uint32_t type = heap->type[object];

	return type != HGS_NONE && strcmp(snapshot_text(heap, type), name) == 0;
}

static bool is_dummy(const struct snapshot *heap, uint32_t object)
{
	return type_is(heap, object, "_thread._localdummy");
}

static bool is_dict(const struct snapshot *heap, uint32_t object)
{
	return heap->flags[object] & HGS_OBJ_DICT;
}

static bool refers(const struct snapshot *heap, uint32_t from, uint32_t to)
{
	for (uint64_t e = heap->start[from]; e < heap->start[from + 1]; e++)
		if (heap->target[e] == to)
			return true;
	return false;
}

/* The method resolution order is a tuple that a type refers to. */
static bool inherits(const struct snapshot *heap, uint32_t type, uint32_t from)
{
	for (uint64_t e = heap->start[type]; e < heap->start[type + 1]; e++)
		if (type_is(heap, heap->target[e], "tuple") && refers(heap, heap->target[e], from))
			return true;
	return false;
}

/* threading.local; HGS_NONE where the process has none. */
static uint32_t find_base(const struct finder *f)
{
	for (uint32_t k = 0; k < f->all->num_types; k++)
		if (strcmp(snapshot_text(f->heap, f->all->type[k]), "_thread._local") == 0)
			return f->all->type[k];
	return HGS_NONE;
}

static struct hg_error *add(struct finder *f, const struct row *row)
{
	struct row *added = list_add(&f->rows, &f->count);

	if (!added)
		return &hg_error_no_memory;
	*added = *row;
	return NULL;
}

/* The keyword arguments of its making are a dict as well: with keys that are str. */
static struct hg_error *add_dicts(struct finder *f, uint32_t of_all)
{
	const struct snapshot *heap = f->heap;
	struct hg_error *error = NULL;

	for (uint64_t e = heap->start[of_all]; e < heap->start[of_all + 1ul] && !error; e++) {
		uint32_t key = HGS_EDGE_PAYLOAD(heap->name[e]), dict = heap->target[e];
		struct row row = {.fact = {.dict = dict, .thread = HGS_NONE}};

		if (HGS_EDGE_KIND(heap->name[e]) != HGS_EDGE_KEY || !is_dict(heap, dict) ||
		    type_is(heap, key, "str"))
			continue;
		row.match = is_dummy(heap, key) ? heap->addr[key] : heap->addr[dict];
		error = add(f, &row);
	}
	return error;
}

static struct hg_error *find_dicts(struct finder *f, uint32_t local)
{
	const struct snapshot *heap = f->heap;
	struct hg_error *error = NULL;

	for (uint64_t e = heap->start[local]; e < heap->start[local + 1ul] && !error; e++)
		if (HGS_EDGE_KIND(heap->name[e]) == HGS_EDGE_UNNAMED &&
		    is_dict(heap, heap->target[e]))
			error = add_dicts(f, heap->target[e]);
	return error;
}

static struct hg_error *find_locals(struct finder *f)
{
	const struct instances *all = f->all;
	uint32_t base = find_base(f);
	struct hg_error *error = NULL;

	for (uint32_t k = 0; k < all->num_types && base != HGS_NONE && !error; k++) {
		bool local = all->type[k] == base || inherits(f->heap, all->type[k], base);

		for (uint32_t i = all->first[k]; local && i < all->first[k + 1] && !error; i++)
			error = find_dicts(f, all->object[i]);
	}
	return error;
}

static int by_match(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return (x->match > y->match) - (x->match < y->match);
}

static int by_dict(const void *a, const void *b)
{
	const struct hgs_thread_local *x = a, *y = b;

	return (x->dict > y->dict) - (x->dict < y->dict);
}

static void assign(struct finder *f, uint64_t match, uint32_t thread)
{
	uint32_t low = 0, high = f->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (f->rows[middle].match < match)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < f->count && f->rows[low].match == match; low++)
		f->rows[low].fact.thread = thread;
}

/* What a thread state holds under PyThreadState_GetDict(), and from 3.13 on its key. */
static void look_at(struct finder *f, const struct hgs_root *root)
{
	const struct snapshot *heap = f->heap;
	uint64_t address;

	if (is_dummy(heap, root->object))
		assign(f, heap->addr[root->object], root->thread);
	if (!is_dict(heap, root->object))
		return;
	for (uint64_t e = heap->start[root->object]; e < heap->start[root->object + 1ul]; e++)
		if (is_dummy(heap, heap->target[e]) &&
		    memory_read_u64(f->memory, heap->addr[heap->target[e]] + DUMMY_DICT,
				    &address) == 0)
			assign(f, address, root->thread);
}

static struct hg_error *hand_over(const struct finder *f, struct hgs_thread_local **ret,
				  uint32_t *count)
{
	struct hgs_thread_local *facts = malloc(((size_t)f->count + 1) * sizeof(*facts));

	if (!facts)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < f->count; i++)
		facts[i] = f->rows[i].fact;
	qsort(facts, f->count, sizeof(*facts), by_dict);
	*ret = facts;
	*count = f->count;
	return NULL;
}

struct hg_error *py_thread_locals(const struct snapshot *heap, const struct instances *all,
				  const struct memory *memory, struct hgs_thread_local **ret,
				  uint32_t *count)
{
	struct finder f = {.heap = heap, .all = all, .memory = memory};
	struct hg_error *error = find_locals(&f);

	if (!error && f.count) {
		qsort(f.rows, f.count, sizeof(*f.rows), by_match);
		for (uint32_t i = 0; i < heap->num_roots; i++)
			if (heap->roots[i].kind == HGS_ROOT_THREAD_DICT)
				look_at(&f, &heap->roots[i]);
	}
	if (!error)
		error = hand_over(&f, ret, count);
	free(f.rows);
	return error;
}
