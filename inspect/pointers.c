/* Which words say that unloading a library would leave something behind.
 *
 * Looked at are libraries that came by dlopen() after the start. Not taken are a library's words in
 * itself; what the dynamic linker and the unwinder keep of it, which they forget at dlclose(): the link
 * map, the table for _dl_find_object() (elf/dl-find_object.c), versions' names in its string table,
 * caches of libgcc; what __cxa_finalize() is given to find its handlers. On stacks only addresses behind
 * a call instruction count, above the stack pointer, and where threads stand. */
#include "pointers.h"

#include <string.h>

#include "../graph/list.h"
#include "../graph/unload.h"
#include "inside.h"
#include "maps.h"

enum { LINK_MAP_BYTES = 1280, BEFORE_CALL = 7 };

struct target {
	uint64_t start, end;
	uint64_t body; /* where its first mapping ends: headers, symbols and strings */
	uint32_t library;
	bool extension;
};

struct pointers {
	const struct native_source *source;
	struct target *targets; /* ascending */
	uint32_t num_targets;
	struct hgs_pointer *rows;
	uint32_t count;
};

static int by_start(const void *a, const void *b)
{
	const struct target *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static const struct hgs_segment *segment_at(const struct linkmap *map, uint64_t address)
{
	const struct mapping *m = maps_find(map->maps, map->num_segments, address);

	return m ? &map->segments[m - map->maps] : NULL;
}

struct hg_error *pointers_create(const struct native_source *source, struct pointers **ret)
{
	const struct linkmap *map = source->map;
	struct pointers *p = calloc(1, sizeof(*p));

	if (p)
		p->targets = calloc(map->num_libraries + 1, sizeof(*p->targets));
	if (!p || !p->targets) {
		free(p);
		return &hg_error_no_memory;
	}
	p->source = source;
	for (size_t i = 0; i < map->num_libraries; i++) {
		const struct hgs_library *library = &map->libraries[i].fact;
		const struct hgs_segment *first;

		if (!may_be_unloaded(library))
			continue;
		first = segment_at(map, library->start);
		p->targets[p->num_targets++] = (struct target){
			.start = library->start,
			.end = library->end,
			.body = first && !(first->prot & 4) ? first->end : library->start,
			.library = (uint32_t)i,
			.extension = library->flags & HGS_LIB_EXTENSION,
		};
	}
	qsort(p->targets, p->num_targets, sizeof(*p->targets), by_start);
	*ret = p;
	return NULL;
}

void pointers_destroy(struct pointers *pointers)
{
	if (!pointers)
		return;
	free(pointers->targets);
	free(pointers->rows);
	free(pointers);
}

struct hg_error *pointers_want(const struct pointers *p, struct scan *scan)
{
	struct hg_error *error = NULL;

	for (uint32_t i = 0; i < p->num_targets && !error; i++)
		error = scan_want_range(scan, p->targets[i].start, p->targets[i].end);
	return error;
}

static const struct target *target_of(const struct pointers *p, uint64_t value)
{
	uint32_t low = 0, high = p->num_targets;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (p->targets[middle].end <= value)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == p->num_targets || p->targets[low].start > value)
		return NULL;
	return &p->targets[low];
}

/* Of libraries whose data has addresses that dlclose() takes away or that are checked before use. */
static bool is_keeper_of_maps(const struct pointers *p, uint32_t from)
{
	const struct linkmap_library *library = &p->source->map->libraries[from];
	const char *name = strrchr(library->path, '/');

	return library->fact.flags & HGS_LIB_LOADER ||
	       !strncmp(name ? name + 1 : library->path, "libgcc_s", 8);
}

/* In a link map, or beside the address of the target's: an entry of a table of the linker's. */
static bool is_linkers(const struct pointers *p, const struct target *target, uint64_t at)
{
	const struct linkmap *map = p->source->map;
	uint64_t handle = map->libraries[target->library].fact.handle, words[7];

	for (size_t i = 0; i < map->num_libraries; i++)
		if (at - map->libraries[i].fact.handle < LINK_MAP_BYTES)
			return true;
	if (memory_read(p->source->memory, at - 24, words, sizeof(words)))
		return false;
	for (unsigned i = 0; i < 7; i++)
		if (words[i] == handle)
			return true;
	return false;
}

/* __dso_handle is a word that holds its own address (crtstuff.c); it goes to __cxa_atexit(). */
static bool is_dso_handle(const struct pointers *p, uint64_t value)
{
	uint64_t word;

	return !memory_read_u64(p->source->memory, value, &word) && word == value;
}

/* How long "call r/m64" (FF /2) is, by its ModRM byte; 0: it is another instruction. A prefix in front of
 * it makes no difference. */
static unsigned call_length(uint8_t modrm)
{
	unsigned mod = modrm >> 6, rm = modrm & 7, sib = mod != 3 && rm == 4;

	if ((modrm >> 3 & 7) != 2)
		return 0;
	if (mod == 0 && rm == 5) /* relative to rip */
		return 6;
	return 2 + sib + (mod == 1 ? 1 : mod == 2 ? 4 : 0);
}

/* Behind a call: of an address relative to it that can be executed (E8 rel32), or an indirect one. */
static bool is_return_address(const struct pointers *p, uint64_t value)
{
	uint8_t code[BEFORE_CALL];
	int32_t distance;

	if (memory_read(p->source->memory, value - BEFORE_CALL, code, sizeof(code)))
		return false;
	memcpy(&distance, &code[BEFORE_CALL - 4], sizeof(distance));
	if (code[BEFORE_CALL - 5] == 0xe8) {
		const struct hgs_segment *called =
			segment_at(p->source->map, value + (uint64_t)(int64_t)distance);

		if (called && called->prot & 4)
			return true;
	}
	for (unsigned length = 2; length <= BEFORE_CALL; length++)
		if (code[BEFORE_CALL - length] == 0xff &&
		    call_length(code[BEFORE_CALL - length + 1]) == length)
			return true;
	return false;
}

static bool says_something(const struct pointers *p, const struct target *target,
			   const struct hgs_word *word, bool code)
{
	switch (word->place) {
	case HGS_PLACE_STACK:
		return code && is_return_address(p, word->value);
	case HGS_PLACE_DATA:
	case HGS_PLACE_BSS:
		return word->library != target->library && !is_keeper_of_maps(p, word->library) &&
		       !is_dso_handle(p, word->value);
	default:
		return !target->extension && word->value >= target->body &&
		       !is_linkers(p, target, word->at);
	}
}

static struct hg_error *add(struct pointers *p, const struct hgs_pointer *row)
{
	struct hgs_pointer *added = list_add(&p->rows, &p->count);

	if (!added)
		return &hg_error_no_memory;
	*added = *row;
	return NULL;
}

struct hg_error *pointers_take(struct pointers *p, const struct hgs_word *word)
{
	const struct target *target = target_of(p, word->value);
	const struct hgs_segment *segment;
	struct hgs_pointer row;
	bool code;

	if (!target)
		return NULL;
	segment = segment_at(p->source->map, word->value);
	code = segment && segment->prot & 4;
	if (!says_something(p, target, word, code))
		return NULL;
	row = (struct hgs_pointer){ .at = word->at, .value = word->value,
				    .library = target->library, .place = word->place,
				    .from = word->library, .object = HGS_NONE,
				    .segment = word->segment,
				    .flags = code ? HGS_POINTER_CODE : 0, .count = 1 };
	return add(p, &row);
}

static struct hg_error *add_running(struct pointers *p)
{
	struct hg_error *error = NULL;

	for (size_t i = 0; i < p->source->freeze->num_threads && !error; i++) {
		const struct freeze_thread *thread = &p->source->freeze->threads[i];
		const struct hgs_segment *stack = segment_at(p->source->map, thread->sp);
		const struct target *target = target_of(p, thread->ip);

		if (target && stack)
			error = add(p, &(struct hgs_pointer){
					       .at = thread->sp, .value = thread->ip,
					       .library = target->library, .place = HGS_PLACE_STACK,
					       .from = HGS_NONE, .object = HGS_NONE,
					       .segment = (uint32_t)(stack - p->source->map->segments),
					       .flags = HGS_POINTER_CODE | HGS_POINTER_RUNNING,
					       .count = 1 });
	}
	return error;
}

static int by_address(const void *a, const void *b)
{
	const struct hgs_pointer *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* The object that a word lies in ends within it: what follows is left from an earlier use of the memory. */
static bool is_torn(const struct snapshot *heap, const struct hgs_pointer *row)
{
	return row->object != HGS_NONE &&
	       row->at + sizeof(uint64_t) > heap->addr[row->object] + heap->size[row->object];
}

static struct hg_error *find_objects(struct pointers *p)
{
	uint32_t kept = 0;
	_cleanup_free_ uint64_t *addresses = calloc((size_t)p->count + 1, sizeof(*addresses));
	_cleanup_free_ uint32_t *objects = calloc((size_t)p->count + 1, sizeof(*objects));

	if (!addresses || !objects)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < p->count; i++)
		addresses[i] = p->rows[i].at;
	inside_objects(p->source->heap, addresses, p->count, objects);
	for (uint32_t i = 0; i < p->count; i++) {
		p->rows[i].object = objects[i];
		if (!is_torn(p->source->heap, &p->rows[i]))
			p->rows[kept++] = p->rows[i];
	}
	p->count = kept;
	return NULL;
}

/* Objects of one type are alike; stacks are told apart. */
static int by_likeness(const void *a, const void *b, void *context)
{
	const struct snapshot *heap = context;
	const struct hgs_pointer *x = a, *y = b;
	const uint32_t *type = heap->type;
	const uint32_t keys[][2] = {
		{ x->library, y->library },
		{ x->place, y->place },
		{ x->from, y->from },
		{ x->flags, y->flags },
		{ x->place == HGS_PLACE_STACK ? x->segment : 0,
		  y->place == HGS_PLACE_STACK ? y->segment : 0 },
		{ x->object == HGS_NONE ? HGS_NONE : type[x->object],
		  y->object == HGS_NONE ? HGS_NONE : type[y->object] },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i][0] != keys[i][1])
			return keys[i][0] < keys[i][1] ? -1 : 1;
	return 0;
}

static int in_order(const void *a, const void *b, void *context)
{
	int order = by_likeness(a, b, context);

	return order ? order : by_address(a, b);
}

struct hg_error *pointers_finish(struct pointers *p, const struct hgs_pointer **ret,
				 uint32_t *count)
{
	struct snapshot *heap = (struct snapshot *)p->source->heap;
	struct hg_error *error = add_running(p);
	uint32_t kept = 0;

	if (!error && p->count) {
		qsort(p->rows, p->count, sizeof(*p->rows), by_address);
		error = find_objects(p);
		qsort_r(p->rows, p->count, sizeof(*p->rows), in_order, heap);
	}
	for (uint32_t i = 0; i < p->count; i++) {
		if (kept && !by_likeness(&p->rows[kept - 1], &p->rows[i], heap))
			p->rows[kept - 1].count++;
		else
			p->rows[kept++] = p->rows[i];
	}
	p->count = kept;
	*ret = p->rows;
	*count = kept;
	return error;
}
