/* The search of a process's own memory.
 *
 * What the walk has found is subtracted from what the counts say. Of the objects for which something is
 * left over, and of all callbacks, the addresses are looked for in one pass over the writable private
 * memory: data of libraries, stacks, heap, other anonymous memory, in this order. A word in a library's
 * data is told one by one; elsewhere, where the references lie that are known anyhow, words are only
 * counted. */
#include "native.h"

#include "../graph/list.h"
#include "../graph/surplus.h"
#include "closures.h"
#include "inside.h"
#include "opaque.h"
#include "pointers.h"
#include "regions.h"
#include "scan.h"

/* The bound of the search: what a heap of this size costs to walk is several times this. */
#define MOST_BYTES (UINT64_C(256) << 20)
#define MOST_BYTES_PER_OBJECT 512

struct search {
	const struct native_source *source;
	const struct snapshot *heap;
	struct scan *scan;
	struct hgs_surplus *surplus;
	uint32_t num_surplus;
	uint32_t *callbacks; /* indices of holders; ids from num_surplus on */
	uint32_t num_callbacks;
	struct hgs_word *words, *loose; /* loose: callbacks' addresses outside libraries */
	uint32_t num_words, num_loose;
	uint32_t segment;
	enum hgs_place place;
	uint64_t live; /* below it a stack is free */
	struct regions regions;
	struct pointers *pointers;
	struct hgs_search total;
};

static struct hg_error *add(struct hgs_word **list, uint32_t *count, const struct hgs_word *word)
{
	struct hgs_word *row = list_add(list, count);

	if (!row)
		return &hg_error_no_memory;
	*row = *word;
	return NULL;
}

static bool in_library(enum hgs_place place)
{
	return place == HGS_PLACE_DATA || place == HGS_PLACE_BSS;
}

static uint32_t *counter(struct hgs_surplus *surplus, enum hgs_place place)
{
	switch (place) {
	case HGS_PLACE_STACK:
		return &surplus->in_stacks;
	case HGS_PLACE_HEAP:
		return &surplus->in_heap;
	case HGS_PLACE_ANONYMOUS:
		return &surplus->in_anonymous;
	default:
		return &surplus->in_libraries;
	}
}

static struct hg_error *take(void *context, uint64_t at, uint64_t value, uint32_t id)
{
	struct search *s = context;
	struct hgs_word word = { .at = at, .value = value, .segment = s->segment,
				 .target = HGS_NONE };

	if (at < s->live)
		return NULL;
	regions_locate(&s->regions, s->place, &word);
	if (id == SCAN_NO_VALUE) {
		word.kind = HGS_WORD_FREED;
		if (!in_library(word.place) || !closures_at(s->source->map, s->source->memory, value))
			return pointers_take(s->pointers, &word);
	} else if (id < s->num_surplus) {
		word.kind = HGS_WORD_OBJECT;
		word.target = s->surplus[id].object;
		++*counter(&s->surplus[id], word.place);
		if (!in_library(word.place))
			return NULL;
	} else {
		word.kind = HGS_WORD_CALLBACK;
		word.target = s->heap->holders[s->callbacks[id - s->num_surplus]].object;
		if (!in_library(word.place))
			return add(&s->loose, &s->num_loose, &word);
	}
	return add(&s->words, &s->num_words, &word);
}

/* What is to be searched: the segments, and where each lies. */
struct plan {
	struct scan_range *ranges;
	uint32_t *segments;
	uint32_t num_ranges, num_segments;
	uint64_t bytes;
};

static void plan_deinit(struct plan *plan)
{
	free(plan->ranges);
	free(plan->segments);
}

static struct hg_error *plan_segment(struct search *s, uint32_t i, uint64_t most, struct plan *plan)
{
	const struct hgs_segment *segment = &s->source->map->segments[i];
	/* Of a library's data a core has the pages that nobody has written as well. */
	bool whole = regions_use(&s->regions, i) == HGS_PLACE_DATA &&
		     *s->source->map->maps[i].path == '/';
	uint64_t bytes = whole ? segment->end - segment->start :
			 scan_resident(s->scan, segment->start, segment->end);
	struct scan_range *range;
	uint32_t *row;

	if (plan->bytes + bytes > most) {
		s->total.left_out += bytes;
		return NULL;
	}
	range = list_add(&plan->ranges, &plan->num_ranges);
	row = list_add(&plan->segments, &plan->num_segments);
	if (!range || !row)
		return &hg_error_no_memory;
	*range = (struct scan_range){ segment->start, segment->end, whole };
	*row = i;
	plan->bytes += bytes;
	return NULL;
}

/* The most telling first: the search is bounded. */
static struct hg_error *make_plan(struct search *s, struct plan *plan)
{
	static const enum hgs_place order[] = { HGS_PLACE_DATA, HGS_PLACE_STACK, HGS_PLACE_HEAP,
						HGS_PLACE_ANONYMOUS };
	uint64_t most = MOST_BYTES + MOST_BYTES_PER_OBJECT * (uint64_t)s->heap->n;
	struct hg_error *error = NULL;

	for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++)
		for (uint32_t i = 0; i < s->source->map->num_segments && !error; i++)
			if (regions_use(&s->regions, i) == order[k])
				error = plan_segment(s, i, most, plan);
	return error;
}

static void begin_segment(struct search *s, uint32_t segment)
{
	s->segment = segment;
	s->place = regions_use(&s->regions, segment);
	s->live = s->place == HGS_PLACE_STACK ? regions_live(&s->regions, segment) : 0;
}

static struct hg_error *search_from_here(struct search *s, const struct plan *plan)
{
	struct hg_error *error = NULL;

	for (uint32_t i = 0; i < plan->num_ranges && !error; i++) {
		begin_segment(s, plan->segments[i]);
		error = scan_run(s->scan, &plan->ranges[i], take, s, &s->total.bytes);
	}
	return error;
}

static struct hg_error *take_hits(struct search *s, const struct plan *plan, const struct scan_hits *hits)
{
	const struct scan_hit *hit = hits->hit, *end = hit + hits->count;
	struct hg_error *error = NULL;

	for (uint32_t i = 0; i < plan->num_ranges && !error; i++) {
		const struct scan_range *range = &plan->ranges[i];

		begin_segment(s, plan->segments[i]);
		for (; hit < end && hit->at >= range->start && hit->at < range->end && !error; hit++)
			error = take(s, hit->at, hit->value, hit->id);
	}
	s->total.bytes += hits->searched;
	return error;
}

static struct hg_error *search_memory(struct search *s)
{
	_cleanup_(plan_deinit) struct plan plan = { 0 };
	const struct freeze *freeze = s->source->freeze;
	struct scan_hits hits = { 0 };
	struct hg_error *error = regions_init(s->source->memory, s->source->map, freeze->threads,
					      freeze->num_threads, s->heap, &s->regions);

	if (!error)
		error = make_plan(s, &plan);
	if (!error && freeze->search)
		error = freeze->search(freeze->search_context, s->scan, plan.ranges, plan.num_ranges,
				       &hits);
	if (!error)
		error = hits.done ? take_hits(s, &plan, &hits) : search_from_here(s, &plan);
	free(hits.hit);
	return error;
}

/* What is in registers is on no stack. */
static void search_registers(struct search *s)
{
	for (size_t i = 0; i < s->source->freeze->num_threads; i++) {
		const struct freeze_thread *thread = &s->source->freeze->threads[i];

		for (size_t k = 0; k < sizeof(thread->registers) / sizeof(thread->registers[0]); k++) {
			uint32_t id = scan_lookup(s->scan, thread->registers[k]);

			if (id < s->num_surplus)
				s->surplus[id].in_stacks++;
		}
	}
}

static int by_address(const void *a, const void *b)
{
	const struct hgs_word *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* A callback's own objects hold its address, and so does what ctypes was given it in: what lies inside
 * a Python object is no native memory. Nor is libffi's own list of closures worth a word. */
static struct hg_error *keep_native(struct search *s)
{
	_cleanup_free_ uint64_t *addresses = calloc((size_t)s->num_loose + 1, sizeof(*addresses));
	_cleanup_free_ uint32_t *objects = calloc((size_t)s->num_loose + 1, sizeof(*objects));
	struct hg_error *error = addresses && objects ? NULL : &hg_error_no_memory;

	if (error || !s->num_loose)
		return error;
	qsort(s->loose, s->num_loose, sizeof(*s->loose), by_address);
	for (uint32_t i = 0; i < s->num_loose; i++)
		addresses[i] = s->loose[i].at;
	inside_objects(s->heap, addresses, s->num_loose, objects);
	for (uint32_t i = 0; i < s->num_loose && !error; i++)
		if (objects[i] == HGS_NONE &&
		    !closures_record(s->source->memory, s->loose[i].at, s->loose[i].value))
			error = add(&s->words, &s->num_words, &s->loose[i]);
	return error;
}

static struct hg_error *find_surplus(struct search *s, const uint8_t *traits)
{
	const struct snapshot *heap = s->heap;
	_cleanup_free_ uint32_t *found = calloc((size_t)heap->n + 1, sizeof(*found));
	uint32_t count = 0;

	if (!found)
		return &hg_error_no_memory;
	surplus_find(heap, found, NULL);
	for (uint32_t i = 0; i < heap->n; i++) {
		found[i] = surplus_matters(heap, traits, i) ? surplus_of(heap, i, found[i]) : 0;
		count += found[i] > 0;
	}
	s->surplus = calloc((size_t)count + 1, sizeof(*s->surplus));
	if (!s->surplus)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < heap->n; i++)
		if (found[i])
			s->surplus[s->num_surplus++] =
				(struct hgs_surplus){ .object = i, .surplus = found[i] };
	return NULL;
}

static struct hg_error *want(struct search *s)
{
	const struct snapshot *heap = s->heap;
	const struct linkmap *map = s->source->map;
	struct hg_error *error;

	s->callbacks = malloc((heap->num_holders + 1) * sizeof(*s->callbacks));
	if (!s->callbacks)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < heap->num_holders; i++)
		if (heap->holders[i].kind == HGS_HOLDER_CALLBACK && heap->holders[i].code)
			s->callbacks[s->num_callbacks++] = i;
	error = scan_create(s->source->memory, (size_t)s->num_surplus + s->num_callbacks, &s->scan);
	if (error)
		return error;
	for (uint32_t i = 0; i < s->num_surplus; i++)
		scan_want(s->scan, heap->addr[s->surplus[i].object], i);
	for (uint32_t i = 0; i < s->num_callbacks; i++)
		scan_want(s->scan, heap->holders[s->callbacks[i]].code, s->num_surplus + i);
	for (size_t i = 0; i < map->num_segments && !error; i++)
		if (closures_segment(map, i))
			error = scan_want_range(s->scan, map->segments[i].start,
						map->segments[i].end);
	return error ? error : pointers_want(s->pointers, s->scan);
}

/* Rows of what opaque objects account for are no longer of interest. */
static void drop_explained(struct search *s)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < s->num_surplus; i++)
		if (s->surplus[i].surplus > s->surplus[i].inferred)
			s->surplus[kept++] = s->surplus[i];
	s->num_surplus = kept;
}

static struct hg_error *write_all(const struct search *s, struct snapshot_writer *writer)
{
	const struct hgs_pointer *pointers;
	uint32_t count;
	struct hg_error *error = pointers_finish(s->pointers, &pointers, &count);

	if (!error)
		error = snapshot_writer_add(writer, HGS_POINTERS, sizeof(*pointers), pointers,
					    count);
	if (!error)
		error = snapshot_writer_add(writer, HGS_SURPLUS, sizeof(*s->surplus), s->surplus,
					    s->num_surplus);
	if (!error)
		error = snapshot_writer_add(writer, HGS_WORDS, sizeof(*s->words), s->words,
					    s->num_words);
	if (!error)
		error = snapshot_writer_add(writer, HGS_SEARCH, sizeof(s->total), &s->total, 1);
	return error;
}

static void search_deinit(struct search *s)
{
	scan_destroy(s->scan);
	free(s->surplus);
	free(s->callbacks);
	free(s->words);
	free(s->loose);
	regions_deinit(&s->regions);
	pointers_destroy(s->pointers);
}

struct hg_error *native_write(const struct native_source *source, struct snapshot_writer *writer)
{
	_cleanup_(search_deinit) struct search s = { .source = source, .heap = source->heap };
	_cleanup_free_ struct hgs_inferred *inferred = NULL;
	_cleanup_free_ uint8_t *traits = NULL;
	uint32_t num_inferred = 0;
	struct hg_error *error = surplus_types(source->heap, &traits);

	if (!error)
		error = find_surplus(&s, traits);
	if (!error)
		error = pointers_create(source, &s.pointers);
	if (!error)
		error = want(&s);
	if (!error)
		error = opaque_references(source->heap, source->memory, traits, source->map, s.scan,
					  s.surplus, s.num_surplus, &inferred, &num_inferred);
	if (!error)
		error = snapshot_writer_add(writer, HGS_INFERRED, sizeof(*inferred), inferred,
					    num_inferred);
	if (!error)
		error = search_memory(&s);
	if (!error)
		error = keep_native(&s);
	if (error)
		return error;
	search_registers(&s);
	drop_explained(&s);
	return write_all(&s, writer);
}
