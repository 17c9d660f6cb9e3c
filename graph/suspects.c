/* Leak suspects after Eclipse MAT's idea: follow the dominator tree down as long as one object
 * carries a large share; where the load suddenly spreads over many small ones, there it gathers.
 *
 * The rule has no list of known caches and no threshold in numbers of objects that a user would have
 * to know: a share of the live heap decides, so that a small service with nothing wrong has no rows
 * and a large one has those that matter. */
#include "suspects.h"

#include <string.h>

#include "columns.h"
#include "edge_text.h"
#include "list.h"
#include "modules.h"

enum {
	SHARE = 10,	   /* a tenth of the live bytes */
	ALIKE = 100,	   /* fewer are not many */
	LARGEST_PART = 4,  /* one of many has less than a fourth of what all have */
	LINKS = 300,	   /* references followed to tell a chain */
	LINKED = 50,	   /* of them to an object of the first one's type */
};
#define LEAST_BYTES 1000000u

struct scan {
	const struct answer *answer;
	const struct dominators *d;
	uint64_t least;
	uint64_t *bytes;   /* by type object, of the children looked at; 0 in between */
	uint64_t *largest; /* the same: of a single one of them */
	uint32_t *count;
	uint32_t *heaviest;
	struct suspects *found;
};

static bool is_module_dict(const struct answer *answer, uint32_t object)
{
	uint32_t parent = answer->reach->parent[object];

	return (answer->s->flags[object] & HGS_OBJ_DICT) && parent != HGS_NONE &&
	       answer->s->flags[parent] & (HGS_OBJ_MODULE | HGS_OBJ_TYPE_OBJECT);
}

static bool add(struct scan *scan, struct suspect suspect)
{
	struct suspect *row = list_add(&scan->found->row, &scan->found->count);

	if (row)
		*row = suspect;
	return row;
}

/* The type whose instances among the children of `parent` retain most, those that are large by
 * themselves not counted at the top; HGS_NONE where they are few, or one of them is most of it. */
static uint32_t main_type(struct scan *scan, uint32_t parent, uint64_t *bytes, uint32_t *count)
{
	const struct dominators *d = scan->d;
	const uint32_t *type = scan->answer->s->type;
	uint32_t best = HGS_NONE;

	for (uint32_t child = d->first_child[parent]; child != HGS_NONE;
	     child = d->next_sibling[child]) {
		uint32_t of = type[child];

		if (of == HGS_NONE || (parent == d->n && d->retained[child] >= scan->least))
			continue;
		scan->bytes[of] += d->retained[child];
		scan->count[of]++;
		if (d->retained[child] > scan->largest[of])
			scan->largest[of] = d->retained[child];
		if (best == HGS_NONE || scan->bytes[of] > scan->bytes[best] ||
		    (scan->bytes[of] == scan->bytes[best] && of < best))
			best = of;
	}
	if (best != HGS_NONE) {
		*bytes = scan->bytes[best];
		*count = scan->count[best];
		if (*count < ALIKE || scan->largest[best] > *bytes / LARGEST_PART)
			best = HGS_NONE;
	}
	for (uint32_t child = d->first_child[parent]; child != HGS_NONE;
	     child = d->next_sibling[child])
		if (type[child] != HGS_NONE)
			scan->bytes[type[child]] = scan->largest[type[child]] =
				scan->count[type[child]] = 0;
	return best;
}

/* Of each object's children in the tree the one that retains most. */
static void find_heaviest(struct scan *scan)
{
	const struct dominators *d = scan->d;

	memset(scan->heaviest, 0xff, (d->n + 1ul) * sizeof(*scan->heaviest));
	for (uint32_t i = 0; i < d->n; i++) {
		uint32_t *best;

		if (d->parent[i] == HGS_NONE)
			continue;
		best = &scan->heaviest[d->parent[i]];
		if (*best == HGS_NONE || d->retained[i] > d->retained[*best])
			*best = i;
	}
}

/* A linked list: the objects of one type below each other. */
static bool is_chain(const struct scan *scan, uint32_t object)
{
	const struct snapshot *s = scan->answer->s;
	uint32_t at = object, alike = 0;

	for (uint32_t i = 0; i < LINKS && at != HGS_NONE; i++) {
		at = scan->heaviest[at];
		alike += at != HGS_NONE && s->type[at] == s->type[object];
	}
	return alike >= LINKED;
}

/* How many objects of the chain's type are below its first one, itself included. */
static uint64_t links(const struct scan *scan, uint32_t object)
{
	const uint32_t *type = scan->answer->s->type;
	uint64_t count = 0;

	for (uint32_t i = object; i != HGS_NONE; i = dominators_next(scan->d, object, i))
		count += type[i] == type[object];
	return count;
}

/* Who refers to most of the children of `parent` that are of the type, and to how many. */
static uint32_t main_referrer(struct scan *scan, uint32_t parent, uint32_t type, uint32_t *held)
{
	const struct dominators *d = scan->d;
	const struct graph *graph = scan->answer->graph;
	uint32_t best = HGS_NONE, last;

	*held = 0;
	for (uint32_t child = d->first_child[parent]; child != HGS_NONE;
	     child = d->next_sibling[child]) {
		if (scan->answer->s->type[child] != type)
			continue;
		last = HGS_NONE;
		for (uint64_t i = graph->in_start[child]; i < graph->in_start[child + 1ul]; i++) {
			uint32_t from = graph->in_source[i];

			if (from == last || d->parent[from] == HGS_NONE)
				continue;
			last = from;
			if (++scan->count[from] > *held || (scan->count[from] == *held && from < best)) {
				best = from;
				*held = scan->count[from];
			}
		}
	}
	memset(scan->count, 0, d->n * sizeof(*scan->count));
	return best;
}

/* True where the object is a row, and what is below it is told by that. */
static bool judge(struct scan *scan, uint32_t object, bool *no_memory)
{
	const struct snapshot *s = scan->answer->s;
	struct suspect suspect = {.object = object, .bytes = scan->d->retained[object]};
	uint64_t bytes = 0;
	uint32_t count = 0;

	suspect.type = main_type(scan, object, &bytes, &count);
	suspect.count = count;
	if (is_scaffold(s, object) || is_module_dict(scan->answer, object))
		return false;
	if (suspect.type != HGS_NONE && bytes >= scan->least / 2) {
		uint32_t held, from = main_referrer(scan, object, suspect.type, &held);

		suspect.kind = from == object ? SUSPECT_MANY : SUSPECT_SHARED;
		if (from != object && held > count / 2) {
			suspect.object = from;
			suspect.bytes = bytes;
		}
	} else if (is_chain(scan, object)) {
		suspect.kind = SUSPECT_CHAIN;
		suspect.type = s->type[object];
		suspect.count = links(scan, object);
	} else if (s->size[object] >= scan->least) {
		suspect.kind = SUSPECT_ONE;
		suspect.type = HGS_NONE;
		suspect.count = 1;
	} else {
		return false;
	}
	*no_memory |= !add(scan, suspect);
	return true;
}

/* Walks the part of the tree that is large enough. */
static bool descend(struct scan *scan)
{
	const struct dominators *d = scan->d;
	uint32_t at = dominators_next(d, d->n, d->n);
	bool no_memory = false;

	while (at != HGS_NONE && !no_memory) {
		bool skip = d->retained[at] < scan->least || judge(scan, at, &no_memory);

		at = skip ? dominators_skip(d, d->n, at) : dominators_next(d, d->n, at);
	}
	return !no_memory;
}

static bool is_root(const struct snapshot *s, uint32_t object)
{
	for (uint32_t i = 0; i < s->num_roots; i++)
		if (s->roots[i].object == object)
			return true;
	return false;
}

/* What two tables hold belongs to neither of them in the tree: the objects stand at its top. */
static bool look_at_top(struct scan *scan)
{
	const struct answer *answer = scan->answer;
	uint64_t bytes = 0;
	uint32_t count = 0, held, type = main_type(scan, scan->d->n, &bytes, &count), object;

	if (type == HGS_NONE || bytes < scan->least)
		return true;
	object = main_referrer(scan, scan->d->n, type, &held);
	if (object == HGS_NONE || held < count / 2 || is_scaffold(answer->s, object) ||
	    is_module_dict(answer, object) || is_root(answer->s, object))
		return true;
	return add(scan, (struct suspect){SUSPECT_SHARED, object, type, count, bytes});
}

static int by_size(const void *a, const void *b)
{
	const struct suspect *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return (x->object > y->object) - (x->object < y->object);
}

struct hg_error *suspects_create(const struct answer *answer, const struct dominators *d,
				 struct suspects *ret)
{
	size_t n = d->n + 1ul;
	_cleanup_free_ uint64_t *bytes = column_zalloc(n, sizeof(*bytes));
	_cleanup_free_ uint64_t *largest = column_zalloc(n, sizeof(*largest));
	_cleanup_free_ uint32_t *count = column_zalloc(n, sizeof(*count));
	_cleanup_free_ uint32_t *heaviest = column_alloc(n, sizeof(*heaviest));
	struct scan scan = {.answer = answer, .d = d, .least = d->retained[d->n] / SHARE,
			    .bytes = bytes, .largest = largest, .count = count,
			    .heaviest = heaviest, .found = ret};
	bool ok = bytes && largest && count && heaviest;

	*ret = (struct suspects){.live_bytes = d->retained[d->n]};
	if (scan.least < LEAST_BYTES)
		scan.least = LEAST_BYTES;
	if (ok)
		find_heaviest(&scan);
	if (!ok || !descend(&scan) || !look_at_top(&scan)) {
		suspects_deinit(ret);
		return &hg_error_no_memory;
	}
	if (ret->count)
		qsort(ret->row, ret->count, sizeof(*ret->row), by_size);
	return NULL;
}

void suspects_deinit(struct suspects *suspects)
{
	free(suspects->row);
	*suspects = (struct suspects){0};
}

const char *suspect_kind_name(enum suspect_kind kind)
{
	static const char *const names[] = {"many", "shared", "chain", "one"};

	return names[kind];
}

char *suspect_advice(const struct answer *answer, const struct suspect *suspect)
{
	const struct snapshot *s = answer->s;
	const char *advice = "drop it when it is done with, or keep what is needed of it";

	if (suspect->kind == SUSPECT_CHAIN)
		advice = "cut the chain where its older part is done with";
	else if (suspect->kind != SUSPECT_ONE && type_is(s, suspect->object, "collections.deque"))
		advice = "give the deque a maxlen, or drop entries when they are done with";
	else if (suspect->kind != SUSPECT_ONE)
		advice = "give it a bound (a size, an age), or drop entries when they are done with";
	return strdup(advice);
}
