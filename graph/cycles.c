/* The rows of the answer's cycles: which loops to list, equal ones as one row, a ring for each.
 *
 * Listed are the loops that keep a handle's owner, all other garbage loops, and of the living ones
 * those with an instance of a class of the user's (frameworks and the standard library are full of
 * cycles that live as long as the process). Left out is garbage that is only a class with its
 * method resolution order and descriptors: each class is such a cycle, and pins nothing. */
#include "answer_parts.h"
#include "signature.h"

struct entry {
	uint64_t signature;
	uint32_t loop, row;
};

struct rows {
	struct entry *entries; /* listed loops */
	uint32_t count;
};

static bool holds_handle(const struct making *making, const struct loop *loop)
{
	return loop->owner != HGS_NONE &&
	       making->answer->holders[loop->owner].fact->kind == HGS_HOLDER_HANDLE;
}

/* A handle of a library that came by dlopen: those of the main program and of libc say nothing. */
static bool holds_opened(const struct making *making, const struct loop *loop)
{
	const struct answer *answer = making->answer;
	uint32_t library;

	if (!holds_handle(making, loop))
		return false;
	library = answer->holders[loop->owner].library;
	return library == HGS_NONE || is_opened(&answer->libraries[library]);
}

/* Further down from a source lies the handle's own loop; the source's row tells of it. */
static bool is_inner(const struct making *making, const struct loop *loop)
{
	for (uint32_t k = loop->first; !loop->source && k < loop->first + loop->size; k++)
		if (holder_at(making, making->loops.members[k], HGS_HOLDER_HANDLE))
			return true;
	return false;
}

static bool is_listed(const struct making *making, const struct loop *loop)
{
	if (loop->state == REACH_GARBAGE || loop->state == REACH_FROZEN)
		return holds_handle(making, loop) ||
		       ((!loop->types || loop->user) && !is_inner(making, loop));
	return loop->foreign || holds_opened(making, loop);
}

static int by_signature(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->signature != y->signature)
		return x->signature < y->signature ? -1 : 1;
	return (x->loop > y->loop) - (x->loop < y->loop);
}

static struct hg_error *list_loops(struct making *making, struct rows *rows)
{
	struct loops *loops = &making->loops;

	rows->entries = malloc(((size_t)loops->count + 1) * sizeof(*rows->entries));
	if (!rows->entries)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < loops->count; i++) {
		struct loop *loop = &loops->loop[i];

		if (!is_listed(making, loop))
			continue;
		rows->entries[rows->count++] = (struct entry){
			.signature = loop_signature(making, loop), .loop = i, .row = HGS_NONE};
	}
	qsort(rows->entries, rows->count, sizeof(*rows->entries), by_signature);
	return NULL;
}

/* Whether it is the attribute dictionary of another object of the loop. */
static bool is_attribute_dict(const struct answer *answer, uint32_t object)
{
	const struct graph *graph = answer->graph;

	for (uint64_t k = graph->in_start[object]; k < graph->in_start[object + 1ul]; k++)
		if (HGS_EDGE_KIND(answer->s->name[graph->in_edge[k]]) == HGS_EDGE_ATTR_DICT &&
		    graph->in_source[k] != object &&
		    answer->component[graph->in_source[k]] == answer->component[object])
			return true;
	return false;
}

/* An object and its attribute dictionary count as one, as they do in the ring: whether there is a
 * dictionary depends on the version of CPython (to 3.10 always), not on the program.
 * O(members and what refers to them). */
static uint32_t count_objects(const struct making *making, const struct loop *loop)
{
	uint32_t count = loop->size;

	for (uint32_t k = loop->first; k < loop->first + loop->size; k++)
		count -= is_attribute_dict(making->answer, making->loops.members[k]);
	return count;
}

static struct hg_error *fill_row(struct making *making, struct cycle *row, const struct loop *loop)
{
	struct answer *answer = making->answer;
	struct chain chain = {0};
	struct hg_error *error;

	row->component = loop->component;
	row->frees = HGS_NONE;
	row->holder = holds_handle(making, loop) ? loop->owner : HGS_NONE;
	row->objects = count_objects(making, loop);
	row->bytes = loop->bytes;
	row->finalizer = loop->finalizer;
	row->state = loop->state == REACH_GARBAGE  ? CYCLE_GARBAGE
		     : loop->state == REACH_FROZEN ? CYCLE_FROZEN
						   : CYCLE_REACHABLE;
	error = loop_ring(making, loop, &row->ring);
	if (error || row->state != CYCLE_REACHABLE)
		return error;
	error = chain_of(answer->s, answer->reach, row->ring.object[0], &chain);
	if (!error) {
		row->held_by = path_text(answer->s, &chain);
		error = row->held_by ? NULL : &hg_error_no_memory;
	}
	chain_deinit(&chain);
	return error;
}

/* One row for each run of equal signatures; the first loop stands for all. */
static struct hg_error *make_rows(struct making *making, struct rows *rows)
{
	struct answer *answer = making->answer;
	struct hg_error *error = NULL;

	answer->cycles = calloc((size_t)rows->count + 1, sizeof(*answer->cycles));
	if (!answer->cycles)
		return &hg_error_no_memory;
	for (uint32_t i = 0; !error && i < rows->count; i++) {
		struct entry *entry = &rows->entries[i];

		if (!i || entry->signature != entry[-1].signature)
			error = fill_row(making, &answer->cycles[answer->num_cycles++],
					 &making->loops.loop[entry->loop]);
		if (error)
			break;
		entry->row = answer->num_cycles - 1;
		answer->cycles[entry->row].count++;
		answer->all_cycles++;
	}
	return error;
}

static void add_pin(struct cycle *row, uint32_t library, bool *no_memory)
{
	uint32_t *grown;

	for (uint32_t i = 0; i < row->num_pins; i++)
		if (row->pins[i] == library)
			return;
	grown = realloc(row->pins, (row->num_pins + 1) * sizeof(*grown));
	if (!grown) {
		*no_memory = true;
		return;
	}
	row->pins = grown;
	row->pins[row->num_pins++] = library;
}

/* Tells each holder its row and each row its libraries. */
static struct hg_error *link_holders(struct making *making)
{
	struct answer *answer = making->answer;
	bool no_memory = false;

	for (uint32_t i = 0; i < answer->num_holders; i++) {
		struct holder *holder = &answer->holders[i];
		bool above = holder->tail.steps > 0;
		uint32_t object = above ? holder->tail.object[0] : holder->fact->object;
		const struct loop *loop = loop_of(&making->loops, answer->component[object]);

		if (!loop || loop->row == HGS_NONE)
			continue;
		holder->cycle = loop->row;
		if (holder->fact->kind == HGS_HOLDER_HANDLE && holder->library != HGS_NONE)
			add_pin(&answer->cycles[loop->row], holder->library, &no_memory);
		if (holder->tail.steps == 1 ||
		    (above && answer->component[holder->fact->object] == loop->component))
			chain_deinit(&holder->tail);
	}
	return no_memory ? &hg_error_no_memory : NULL;
}

/* Pinning and unreached first, then pinning, then by what the row's loops weigh. */
static int by_weight(const void *a, const void *b, void *context)
{
	const struct cycle *cycles = context;
	const struct cycle *x = &cycles[*(const uint32_t *)a], *y = &cycles[*(const uint32_t *)b];
	int px = x->num_pins ? 2 - (x->state == CYCLE_REACHABLE) : 0;
	int py = y->num_pins ? 2 - (y->state == CYCLE_REACHABLE) : 0;
	uint64_t wx = x->bytes * x->count, wy = y->bytes * y->count;

	if (px != py)
		return py - px;
	if (wx != wy)
		return wx < wy ? 1 : -1;
	return (x > y) - (x < y);
}

static struct hg_error *sort_rows(struct answer *answer)
{
	uint32_t count = answer->num_cycles;
	_cleanup_free_ uint32_t *order = malloc(((size_t)count + 1) * sizeof(*order));
	_cleanup_free_ uint32_t *place = malloc(((size_t)count + 1) * sizeof(*place));
	struct cycle *sorted = calloc((size_t)count + 1, sizeof(*sorted));

	if (!order || !place || !sorted) {
		free(sorted);
		return &hg_error_no_memory;
	}
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	qsort_r(order, count, sizeof(*order), by_weight, answer->cycles);
	for (uint32_t i = 0; i < count; i++) {
		sorted[i] = answer->cycles[order[i]];
		place[order[i]] = i;
	}
	free(answer->cycles);
	answer->cycles = sorted;
	for (uint32_t i = 0; i < answer->num_holders; i++)
		if (answer->holders[i].cycle != HGS_NONE)
			answer->holders[i].cycle = place[answer->holders[i].cycle];
	return NULL;
}

/* Rows whose rings are equal become one, though their loops differ in what hangs on them. */
static struct hg_error *merge_rows(struct making *making, struct rows *rows)
{
	struct answer *answer = making->answer;
	uint32_t count = answer->num_cycles;
	_cleanup_free_ struct entry *keys = malloc(((size_t)count + 1) * sizeof(*keys));
	_cleanup_free_ uint32_t *place = malloc(((size_t)count + 1) * sizeof(*place));

	if (!keys || !place)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < rows->count; i++) {
		const struct loop *loop = &making->loops.loop[rows->entries[i].loop];
		uint32_t row = rows->entries[i].row;

		keys[row].loop = row;
		keys[row].signature = ring_signature(answer->s, &answer->cycles[row].ring) * 8 +
				      answer->cycles[row].state * 2 + holds_handle(making, loop);
	}
	qsort(keys, count, sizeof(*keys), by_signature);
	for (uint32_t i = 0; i < count; i++) {
		bool same = i && keys[i].signature == keys[i - 1].signature;

		place[keys[i].loop] = same ? place[keys[i - 1].loop] : keys[i].loop;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (place[i] == i)
			continue;
		answer->cycles[place[i]].count += answer->cycles[i].count;
		answer->cycles[i].count = 0;
	}
	for (uint32_t i = 0; i < rows->count; i++)
		rows->entries[i].row = place[rows->entries[i].row];
	return NULL;
}

static void drop_merged(struct answer *answer, struct rows *rows, uint32_t *place)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < answer->num_cycles; i++) {
		struct cycle row = answer->cycles[i];

		place[i] = kept;
		if (row.count) {
			answer->cycles[kept++] = row;
			continue;
		}
		chain_deinit(&row.ring);
		free(row.held_by);
	}
	answer->num_cycles = kept;
	for (uint32_t i = 0; i < rows->count; i++)
		rows->entries[i].row = place[rows->entries[i].row];
}

static struct hg_error *group(struct making *making, struct rows *rows)
{
	struct answer *answer = making->answer;
	struct hg_error *error = make_rows(making, rows);
	_cleanup_free_ uint32_t *place = NULL;

	if (!error)
		error = merge_rows(making, rows);
	if (error)
		return error;
	place = malloc(((size_t)answer->num_cycles + 1) * sizeof(*place));
	if (!place)
		return &hg_error_no_memory;
	drop_merged(answer, rows, place);
	for (uint32_t i = 0; i < rows->count; i++)
		making->loops.loop[rows->entries[i].loop].row = rows->entries[i].row;
	return NULL;
}

struct hg_error *cycles_make(struct making *making)
{
	struct rows rows = {0};
	struct hg_error *error =
		ring_search_create(making->answer->s, making->answer->component, &making->search);

	if (!error)
		error = list_loops(making, &rows);
	if (!error)
		error = group(making, &rows);
	free(rows.entries);
	if (!error)
		error = cuts_make(making);
	if (!error)
		error = link_holders(making);
	return error ? error : sort_rows(making->answer);
}
