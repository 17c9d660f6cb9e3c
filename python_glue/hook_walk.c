/* The walk: breadth-first over the table of objects, which grows while it is walked.
 *
 * It begins with what the roots name and, object by object, takes in what gc tracks; it goes on into
 * all that these refer to, gc objects or not. Each object is visited once: one row in every column,
 * one range of references. */
#include "hook_private.h"

#define AHEAD 12 /* objects whose headers are fetched before their turn */

typedef int visitor(uint64_t object, void *data);
typedef int traverse(uint64_t object, visitor *visit, void *data);
typedef int is_gc(uint64_t object);

/* A tp_traverse may follow a list that has become a ring: that of 3.12's _asyncio module does, over
 * its freelist of futures' iterators, once gc.get_referents() has revived one (module_traverse() in
 * Modules/_asynciomodule.c). Nothing in the process runs into it until a collection hangs there.
 * What visits more than this, and more than its own size has room for, is given up. */
enum { RUNAWAY = 1 << 24 };

/* References of all objects visited up to here; the last few are still in the queue. */
static uint64_t edges_found(struct hook *h)
{
	return h->control->references + h->queued;
}

static int visit(uint64_t object, void *data)
{
	struct hook *h = data;

	hook_edge(h, object, HGS_EDGE_UNNAMED, 0);
	return edges_found(h) - h->first_edge > h->most_edges;
}

/* Room for the row of every known object; fresh memory is 0, the default of most columns. */
static void grow_rows(struct hook *h)
{
	static const struct {
		uint8_t column, width;
	} rows[] = { { HOOK_TYPE, 4 }, { HOOK_REFS, 4 },  { HOOK_SIZE, 8 },
		     { HOOK_TEXT, 4 }, { HOOK_START, 8 } };
	unsigned i;

	h->rows = h->control->objects * 2;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		hook_reserve(h, hook_column(h, rows[i].column), (h->rows + 1) * rows[i].width);
}

/* A complete row of defaults, before anything of the object is read. */
static void begin_row(struct hook *h, uint64_t i)
{
	if (i >= h->rows)
		grow_rows(h);
	*hook_at32(h, HOOK_TYPE, i) = HGS_NONE;
	h->first_edge = edges_found(h);
	((uint64_t *)hook_column(h, HOOK_START)->data)[i] = h->first_edge;
}

/* The rows are complete: how many bytes they take. */
static void end_rows(struct hook *h)
{
	uint64_t n = h->control->objects;

	begin_row(h, n);
	hook_column(h, HOOK_TYPE)->used = n * 4;
	hook_column(h, HOOK_REFS)->used = n * 4;
	hook_column(h, HOOK_SIZE)->used = n * 8;
	hook_column(h, HOOK_TEXT)->used = n * 4;
	hook_column(h, HOOK_START)->used = (n + 1) * 8;
}

static bool has_gc_header(uint64_t object, const struct hook_type *type)
{
	if (!(type->flags & TPF_HAVE_GC))
		return false;
	if (type->kind == KIND_TYPE) /* type_is_gc() */
		return get64(object + TP_FLAGS) & TPF_HEAPTYPE;
	return !type->is_gc || ((is_gc *)type->is_gc)(object);
}

/* Immortal objects (3.12+, Include/refcount.h): the low 32 bits of the count are negative. */
static void reference_count(struct hook *h, uint32_t i, uint64_t object)
{
	uint64_t count = get64(object);

	if (h->minor >= 12) {
		count &= UINT32_MAX;
		if ((int32_t)count < 0)
			*hook_at32(h, HOOK_FLAGS, i) |= HGS_OBJ_IMMORTAL;
	}
	*hook_at32(h, HOOK_REFS, i) = count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
}

/* A static type is not gc's: what it holds is added here, and it is a root by itself. In 3.12 and
 * later the interpreter keeps a builtin one's dict and subclasses, and its own fields are NULL and a
 * number; the driver tells what they are. */
static void static_type(struct hook *h, uint32_t i, uint64_t type)
{
	static const uint16_t held[] = { TP_BASES, TP_MRO, TP_BASE, TP_SUBCLASSES };
	const struct hook_given *given = (const struct hook_given *)h->control->given;
	struct hook_array *roots = hook_column(h, HOOK_ROOTS);
	struct hgs_root *root = hook_push(h, roots, sizeof(*root));
	bool managed = h->minor >= 12 && get64(type + TP_FLAGS) & TPF_STATIC_BUILTIN;
	uint64_t k;

	*root = (struct hgs_root){ .object = i, .kind = HGS_ROOT_STATIC, .thread = HGS_NONE };
	hook_edge(h, get64(type + TP_DICT), HGS_EDGE_ATTR_DICT, 0);
	for (k = 0; k < sizeof(held) / sizeof(held[0]) - managed; k++)
		hook_edge(h, get64(type + held[k]), HGS_EDGE_UNNAMED, 0);
	for (k = 0; k < h->control->num_given; k++)
		if (given[k].owner == type)
			hook_edge(h, given[k].object, given[k].kind, 0);
}

/* From 3.9 on structseq_traverse() looks the number of fields up in the type's dict, for which it
 * needs a current thread state; where no thread holds the GIL there is none. */
static void structure(struct hook *h, uint64_t object, const struct hook_type *type)
{
	unsigned i;

	for (i = 0; i < type->items; i++)
		hook_edge(h, get64(hook_tuple_items(h, object) + i * 8), HGS_EDGE_UNNAMED, 0);
	if (type->flags & TPF_HEAPTYPE)
		hook_edge(h, type->address, HGS_EDGE_UNNAMED, 0);
}

static void bad(struct hook *h, uint64_t i)
{
	*hook_at32(h, HOOK_FLAGS, i) |= HGS_OBJ_BAD;
	h->control->bad++;
}

static void references(struct hook *h, uint32_t i, uint64_t object, const struct hook_type *type)
{
	if (type->exact && type->kind == KIND_DICT && !hook_dict_embedded(h, object)) {
		hook_dict(h, object, hook_edge);
	} else if (type->exact && type->kind == KIND_LIST) {
		hook_list(h, object, hook_edge);
	} else if (type->exact && type->kind == KIND_TUPLE) {
		hook_tuple(h, object, hook_edge);
	} else if (type->exact && type->kind == KIND_SET) {
		hook_set(h, object, hook_edge);
	} else if (type->traverse) {
		if (type->items && h->minor >= 9)
			structure(h, object, type);
		else if (((traverse *)type->traverse)(object, visit, h))
			bad(h, i);
		hook_flush(h);
		hook_names(h, object, type);
	}
}

static void object(struct hook *h, uint32_t i, uint64_t address)
{
	const struct hook_type *type = address & 7 ? NULL : hook_type_of(h, object_type(address));
	uint64_t size;
	uint32_t flags;
	bool gc;

	if (!type) {
		bad(h, i);
		return;
	}
	*hook_at32(h, HOOK_TYPE, i) = type->object;
	reference_count(h, i, address);
	gc = has_gc_header(address, type);
	flags = type->object_flags | (gc ? HGS_OBJ_GC : 0);
	if (type->kind == KIND_STR && get32(address + 32) & 3)
		flags |= HGS_OBJ_INTERNED;
	*hook_at32(h, HOOK_FLAGS, i) |= flags;
	hook_text(h, i, address, type);
	size = hook_own_size(h, address, type, gc);
	((uint64_t *)hook_column(h, HOOK_SIZE)->data)[i] = size;
	h->most_edges = RUNAWAY + size / 8;
	if (gc) {
		references(h, i, address, type);
	} else if (type->kind == KIND_TYPE) {
		static_type(h, i, address);
	}
	if (type->kind == KIND_GENERATOR)
		hook_generator(h, i, address);
}

/* After a fault: what was found of the object stays, the rest of it is lost. */
void hook_walk_resume(struct hook *h)
{
	if (hook_lists_resume(h))
		return;
	bad(h, h->control->cursor);
	h->control->cursor++;
}

static void visit_next(struct hook *h)
{
	struct hook_control *control = h->control;
	uint32_t i = (uint32_t)control->cursor;
	const uint64_t *addresses = (const uint64_t *)control->columns[HOOK_ADDR].data;

	if (i + AHEAD < control->objects)
		__builtin_prefetch((const void *)addresses[i + AHEAD]);
	begin_row(h, i);
	if (*hook_at32(h, HOOK_FLAGS, i) & HGS_OBJ_PSEUDO)
		hook_pseudo(h, i);
	else
		object(h, i, addresses[i]);
	control->cursor = i + 1;
}

/* References wait in the queue, over objects, until their slots have come or nothing else is left. */
void hook_walk(struct hook *h)
{
	struct hook_control *control = h->control;
	bool more = true;

	while (more || h->queued || control->cursor < control->objects) {
		more = hook_lists_step(h);
		if (control->cursor == control->objects)
			hook_flush(h);
		if (control->cursor < control->objects)
			visit_next(h);
	}
	end_rows(h);
	hook_closures_name(h);
}
