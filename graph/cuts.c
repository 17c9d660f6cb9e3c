/* The references worth cutting: for each row of the cycles, the cheapest changes that free the
 * object which the row is about (cut_search.c says what that means, changes.c what a change is).
 *
 * The whole component is asked first, so that what is named frees the object and not only breaks
 * the ring that is drawn. Where that would take too much work, or too many changes to be of use,
 * the ring alone is asked, and the row says so. Left aside are the references by which ctypes keeps
 * a library for its cached functions: every CDLL has that cycle, and no line of a program makes it. */
#include <string.h>

#include "changes.h"
#include "cut_search.h"
#include "cut_words.h"
#include "edge_text.h"

#define WORK_OF_ROW 4000000ull /* references looked at, some 30 ms */
#define WORK_OF_ALL 40000000ull

/* References of a component or ring, in the form of struct cut_problem. */
struct part {
	uint32_t objects, references;
	uint32_t *start, *source, *change, *cost;
	uint32_t *where; /* of each reference: in in_source[], or the step of the ring */
	struct keyed *keyed;
	bool aside; /* some were left aside */
};

struct keyed {
	uint64_t key;
	uint32_t cost, reference;
};

struct cutter {
	struct making *making;
	uint32_t *place; /* by object: its number in the part */
	uint64_t work;
};

static void part_deinit(struct part *part)
{
	free(part->start);
	free(part->source);
	free(part->change);
	free(part->cost);
	free(part->where);
	free(part->keyed);
}

static bool part_init(struct part *part, uint32_t objects, uint64_t references)
{
	size_t m = references + 1;

	*part = (struct part){
		.start = malloc((objects + 1ul) * sizeof(*part->start)),
		.source = malloc(m * sizeof(*part->source)),
		.change = malloc(m * sizeof(*part->change)),
		.cost = malloc(m * sizeof(*part->cost)),
		.where = malloc(m * sizeof(*part->where)),
		.keyed = malloc(m * sizeof(*part->keyed)),
	};
	return part->start && part->source && part->change && part->cost && part->where &&
	       part->keyed;
}

static void begin_object(struct part *part)
{
	part->start[part->objects++] = part->references;
}

static void add_reference(struct part *part, uint32_t source, uint32_t where,
			  struct change change)
{
	part->source[part->references] = source;
	part->where[part->references] = where;
	part->keyed[part->references] =
		(struct keyed){change.key, change.cost, part->references};
	part->references++;
}

static int by_key(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->reference > y->reference) - (x->reference < y->reference);
}

/* Numbers the changes. One costs what its dearest reference does. */
static struct cut_problem finish(struct part *part, uint32_t object)
{
	uint32_t changes = 0;

	part->start[part->objects] = part->references;
	if (part->references)
		qsort(part->keyed, part->references, sizeof(*part->keyed), by_key);
	for (uint32_t i = 0; i < part->references; i++) {
		const struct keyed *keyed = &part->keyed[i];

		if (!i || keyed->key != keyed[-1].key)
			part->cost[changes++] = 0;
		part->change[keyed->reference] = changes - 1;
		if (part->cost[changes - 1] < keyed->cost)
			part->cost[changes - 1] = keyed->cost;
	}
	return (struct cut_problem){
		.n = part->objects, .object = object, .start = part->start,
		.source = part->source, .change = part->change, .changes = changes,
		.cost = part->cost, .most = CHANGE_MOST};
}

static bool is_function_cache(const struct making *making, uint32_t source, uint32_t edge)
{
	return HGS_EDGE_KIND(edge) == HGS_EDGE_MEMBER &&
	       holder_at(making, source, HGS_HOLDER_FUNCTION) &&
	       strcmp(snapshot_string(making->answer->s, HGS_EDGE_PAYLOAD(edge)), "_objects") == 0;
}

static bool take_component(struct cutter *cutter, const struct loop *loop, struct part *part)
{
	struct making *making = cutter->making;
	const struct answer *answer = making->answer;
	const uint32_t *members = making->loops.members + loop->first;
	const struct graph *graph = answer->graph;
	uint64_t references = 0;

	for (uint32_t k = 0; k < loop->size; k++) {
		cutter->place[members[k]] = k;
		references += graph->in_start[members[k] + 1ul] - graph->in_start[members[k]];
	}
	if (references > WORK_OF_ROW || references > cutter->work)
		return true;
	if (!part_init(part, loop->size, references))
		return false;
	cutter->work -= references;
	for (uint32_t k = 0; k < loop->size; k++) {
		begin_object(part);
		for (uint64_t i = graph->in_start[members[k]];
		     i < graph->in_start[members[k] + 1ul]; i++) {
			uint32_t source = graph->in_source[i];
			uint32_t edge = answer->s->name[graph->in_edge[i]];

			if (answer->component[source] != loop->component)
				continue;
			if (is_function_cache(making, source, edge))
				part->aside = true;
			else
				add_reference(part, cutter->place[source], (uint32_t)i,
					      change_of(making, source, edge, members[k]));
		}
	}
	return true;
}

/* Object i of the part is ring->object[i]; the reference to it is step i, that to object 0 the
 * last step. */
static bool take_ring(struct cutter *cutter, const struct chain *ring, struct part *part)
{
	uint32_t n = ring->steps - 1;

	if (!part_init(part, n, n))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t step = i ? i : n;

		begin_object(part);
		add_reference(part, step - 1, step,
			      change_of(cutter->making, ring->object[step - 1],
					ring->edge[step], ring->object[step]));
	}
	return true;
}

/* The reference of the ring that the change takes away: the last one, which is the way back. 0: none. */
static uint32_t step_of(struct making *making, const struct chain *ring, uint64_t key)
{
	for (uint32_t i = ring->steps - 1; i; i--)
		if (change_of(making, ring->object[i - 1], ring->edge[i], ring->object[i]).key ==
		    key)
			return i;
	return 0;
}

/* One change of a row: how many references it takes away, and one of them, of the ring if it can. */
static struct hg_error *put_cut(struct cutter *cutter, struct cycle *row, const struct part *part,
				bool whole, uint32_t change)
{
	struct making *making = cutter->making;
	const struct graph *graph = making->answer->graph;
	struct cycle_cut *cut = &row->cuts[row->num_cuts++];
	struct hg_error *error;
	uint32_t last = 0, step;
	uint64_t key = 0;

	for (uint32_t i = 0; i < part->references; i++) {
		if (part->change[part->keyed[i].reference] != change)
			continue;
		cut->references++;
		last = part->where[part->keyed[i].reference];
		key = part->keyed[i].key;
	}
	step = whole ? step_of(making, &row->ring, key) : last;
	cut->from = step ? row->ring.object[step - 1] : graph->in_source[last];
	cut->edge = step ? row->ring.edge[step] : making->answer->s->name[graph->in_edge[last]];
	cut->to = step ? row->ring.object[step] : making->answer->s->target[graph->in_edge[last]];
	error = cut_words(making, &row->ring, step, cut);
	if (step) {
		struct cycle_cut first = row->cuts[0];

		row->cut = step;
		row->cuts[0] = *cut;
		*cut = first;
	}
	return error;
}

/* False in *solved where no cut is of use. */
static struct hg_error *solve(struct cutter *cutter, struct cycle *row, struct part *part,
			      bool whole, uint32_t object, bool *solved)
{
	struct cut_problem problem = finish(part, object);
	uint64_t allowed = cutter->work < WORK_OF_ROW ? cutter->work : WORK_OF_ROW, left = allowed;
	struct cut cut;
	struct hg_error *error = cut_search(&problem, &left, &cut);

	cutter->work -= allowed - left;
	*solved = !error && cut.verdict == CUT_FOUND;
	if (!*solved)
		return error;
	row->cuts = calloc(cut.count + 1ul, sizeof(*row->cuts));
	if (!row->cuts)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < cut.count && !error; i++)
		error = put_cut(cutter, row, part, whole, cut.change[i]);
	return error;
}

static bool is_in(const struct chain *ring, uint32_t object)
{
	for (uint32_t i = 0; i < ring->steps; i++)
		if (ring->object[i] == object)
			return true;
	return false;
}

static struct hg_error *cut_row(struct cutter *cutter, struct cycle *row)
{
	struct making *making = cutter->making;
	const struct loop *loop = loop_of(&making->loops, row->component);
	_cleanup_(part_deinit) struct part whole = {0}, ring = {0};
	struct hg_error *error = NULL;
	bool solved = false;
	uint32_t object;

	if (row->ring.steps < 2 || ring_is_function_cache(making, &row->ring) ||
	    ring_is_ffi(making->answer->s, &row->ring))
		return NULL;
	object = loop->exit != HGS_NONE && is_in(&row->ring, loop->exit) ? loop->exit
									   : row->ring.object[0];
	if (!take_component(cutter, loop, &whole))
		return &hg_error_no_memory;
	if (whole.start)
		error = solve(cutter, row, &whole, true, cutter->place[object], &solved);
	if (solved && !whole.aside)
		row->frees = object;
	if (error || solved)
		return error;
	if (!take_ring(cutter, &row->ring, &ring))
		return &hg_error_no_memory;
	return solve(cutter, row, &ring, false, 0, &solved);
}

struct hg_error *cuts_make(struct making *making)
{
	struct answer *answer = making->answer;
	_cleanup_free_ uint32_t *place = malloc((answer->s->n + 1ul) * sizeof(*place));
	struct cutter cutter = {.making = making, .place = place, .work = WORK_OF_ALL};
	struct hg_error *error = place ? NULL : &hg_error_no_memory;

	for (uint32_t i = 0; i < answer->num_cycles && !error; i++)
		error = cut_row(&cutter, &answer->cycles[i]);
	return error;
}

bool ring_is_function_cache(const struct making *making, const struct chain *ring)
{
	const struct snapshot *s = making->answer->s;
	bool function = false;

	for (uint32_t i = 0; i < ring->steps; i++) {
		uint32_t object = ring->object[i];

		if (holder_at(making, object, HGS_HOLDER_FUNCTION))
			function = true;
		else if (!holder_at(making, object, HGS_HOLDER_HANDLE) &&
			 !(s->flags[object] & HGS_OBJ_DICT))
			return false;
	}
	return function;
}

bool is_of_cffi(const struct snapshot *s, uint32_t object)
{
	const char *type = snapshot_type_name(s, object);

	return !strncmp(type, "cffi.", 5) || !strncmp(type, "_cffi_backend.", 14);
}

bool ring_is_ffi(const struct snapshot *s, const struct chain *ring)
{
	static const char *const parts[] = {"dict", "list", "tuple", "cell"};
	static const char made[] = "_make_ffi_library.<locals>.", class[] = "cffi.api.";
	bool any = false;

	for (uint32_t i = 0; i < ring->steps; i++) {
		uint32_t object = ring->object[i];
		const char *text = snapshot_text(s, object);
		bool own = is_of_cffi(s, object);

		any |= own;
		if (s->flags[object] & HGS_OBJ_TYPE_OBJECT)
			own = !strncmp(text, class, strlen(class));
		else if (type_is(s, object, "function"))
			own = !strncmp(text, made, strlen(made));
		for (size_t k = 0; !own && k < sizeof(parts) / sizeof(*parts); k++)
			own = type_is(s, object, parts[k]);
		if (!own)
			return false;
	}
	return any;
}
