/* The objects that were kept, by what keeps them. A session and all that it refers to is one thing to
 * whoever reads this, so kept objects are counted with the topmost kept object above them whose
 * pattern grows, and these are grouped by pattern. (Only where nothing above grows, with the topmost
 * of all: `items = items + [item]` makes a new list each time, and it is the items that grow.) */
#include <string.h>

#include "diff_parts.h"
#include "list.h"
#include "modules.h"
#include "retained.h"

struct grouping {
	struct diffing *diffing;
	const struct answer *last;
	uint32_t *top;	 /* [n] the topmost kept object at or above it, or HGS_NONE */
	uint32_t *group; /* [patterns] index into rows + 1; 0: none */
	uint64_t *population[DIFF_SNAPSHOTS]; /* [patterns] */
	struct growth *rows;
	uint32_t count;
	uint32_t *first_top, *next_top; /* [n] tops below each parent */
};

static void grouping_deinit(struct grouping *g)
{
	free(g->top);
	free(g->group);
	for (unsigned k = 0; k < DIFF_SNAPSHOTS; k++)
		free(g->population[k]);
	free(g->first_top);
	free(g->next_top);
}

static struct hg_error *count_populations(struct grouping *g)
{
	struct diff *diff = g->diffing->diff;
	size_t patterns = patterns_count(g->diffing->patterns);

	for (unsigned k = 0; k < diff->count; k++) {
		const struct snapshot *s = diff->answers[k]->s;

		g->population[k] = calloc(patterns + 1, sizeof(*g->population[k]));
		if (!g->population[k])
			return &hg_error_no_memory;
		for (uint32_t i = 0; i < s->n; i++) {
			uint32_t pattern = g->diffing->pattern[k][i];

			if (!(pattern & PATTERN_FOLDED) && diff_counts(s, i))
				g->population[k][pattern]++;
		}
	}
	return NULL;
}

static uint32_t pattern_of(const struct grouping *g, uint32_t object)
{
	return g->diffing->pattern[g->diffing->diff->count - 1][object] & ~PATTERN_FOLDED;
}

static struct growth *row_of(const struct grouping *g, uint32_t top)
{
	return &g->rows[g->group[pattern_of(g, top)] - 1];
}

static bool grows(const struct grouping *g, uint32_t pattern)
{
	for (unsigned k = 0; k + 1 < g->diffing->diff->count; k++)
		if (g->population[k][pattern] >= g->population[k + 1][pattern])
			return false;
	return true;
}

static void find_tops(struct grouping *g)
{
	const struct forest *forest = g->diffing->forest;

	for (uint32_t i = 0; i < g->last->s->n; i++) {
		uint32_t object = forest->order[i], parent = forest->parent[object];
		uint32_t above = parent == HGS_NONE ? HGS_NONE : g->top[parent];
		bool kept = g->diffing->kept[object];

		if (above != HGS_NONE && (!kept || grows(g, pattern_of(g, above)) ||
					  !grows(g, pattern_of(g, object))))
			g->top[object] = above;
		else
			g->top[object] = kept ? object : HGS_NONE;
	}
}

/* The key of a kept entry belongs to its value: who reads this thinks of one entry. */
static void fold_keys(struct grouping *g)
{
	const struct snapshot *s = g->last->s;
	const struct forest *forest = g->diffing->forest;

	for (uint32_t i = 0; i < s->n; i++) {
		if (!(s->flags[i] & HGS_OBJ_DICT) || g->top[i] != HGS_NONE)
			continue;
		for (uint64_t e = s->start[i]; e < s->start[i + 1ul]; e++) {
			uint32_t key = HGS_EDGE_PAYLOAD(s->name[e]), value = s->target[e];

			if (HGS_EDGE_KIND(s->name[e]) == HGS_EDGE_KEY && key != value &&
			    g->top[key] == key && forest->parent[key] == i &&
			    g->top[value] == value)
				g->top[key] = value;
		}
	}
	for (uint32_t i = 0; i < s->n; i++)
		if (g->top[i] != HGS_NONE && g->top[i] != i)
			g->top[i] = g->top[g->top[i]];
}

static bool add_row(struct grouping *g, uint32_t top)
{
	struct diffing *diffing = g->diffing;
	uint32_t pattern = pattern_of(g, top);
	struct growth *row;

	if (g->group[pattern])
		return true;
	row = list_add(&g->rows, &g->count);
	if (!row)
		return false;
	*row = (struct growth){
		.signature = pattern_signature(diffing->patterns, pattern),
		.words = pattern_words(diffing->patterns, pattern),
		.example = top,
		.point = HGS_NONE,
		.growing = grows(g, pattern),
	};
	for (unsigned k = 0; k < diffing->diff->count; k++)
		row->population[k] = g->population[k][pattern];
	g->group[pattern] = g->count;
	return row->words;
}

static bool is_folded_key(const struct grouping *g, uint32_t i)
{
	uint32_t parent = g->diffing->forest->parent[i];

	return g->top[i] != i && (parent == HGS_NONE || g->top[parent] == HGS_NONE);
}

static struct hg_error *make_rows(struct grouping *g, const struct dominators *d)
{
	const struct snapshot *s = g->last->s;

	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t parent = g->diffing->forest->parent[i];
		struct growth *row;

		if (g->top[i] != i)
			continue;
		if (!add_row(g, i))
			return &hg_error_no_memory;
		row = row_of(g, i);
		row->tops++;
		row->retained += d->retained[i];
		if (parent != HGS_NONE) {
			g->next_top[i] = g->first_top[parent];
			g->first_top[parent] = i;
		}
	}
	for (uint32_t i = 0; i < s->n; i++) {
		struct growth *row;

		if (!g->diffing->kept[i])
			continue;
		row = row_of(g, g->top[i]);
		row->objects++;
		row->bytes += s->size[i];
		row->retained += is_folded_key(g, i) ? d->retained[i] : 0;
	}
	/* Nothing retains garbage; it goes as a whole. */
	for (uint32_t k = 0; k < g->count; k++)
		if (!g->rows[k].retained)
			g->rows[k].retained = g->rows[k].bytes;
	return NULL;
}

/* Where most objects of each row hang. */
static struct hg_error *find_points(struct grouping *g)
{
	_cleanup_free_ uint64_t *here = calloc(g->count + 1ul, sizeof(*here));
	_cleanup_free_ uint32_t *seen = malloc((g->count + 1ul) * sizeof(*seen));

	if (!here || !seen)
		return &hg_error_no_memory;
	memset(seen, 0xff, (g->count + 1ul) * sizeof(*seen));
	for (uint32_t parent = 0; parent < g->last->s->n; parent++) {
		for (uint32_t top = g->first_top[parent]; top != HGS_NONE; top = g->next_top[top]) {
			struct growth *row = row_of(g, top);
			size_t k = (size_t)(row - g->rows);

			row->points += seen[k] != parent;
			here[k] = seen[k] == parent ? here[k] + 1 : 1;
			seen[k] = parent;
			if (here[k] <= row->at_point)
				continue;
			row->at_point = here[k];
			row->point = parent;
			row->example = top;
		}
	}
	return NULL;
}

/* Before: the instance, of which the attribute dictionary is a part. */
static void fold_point(const struct grouping *g, struct growth *row)
{
	const struct forest *forest = g->diffing->forest;
	uint32_t point = row->point;

	if (point != HGS_NONE && forest->parent[point] != HGS_NONE &&
	    HGS_EDGE_KIND(g->last->s->name[forest->edge[point]]) == HGS_EDGE_ATTR_DICT)
		row->point = forest->parent[point];
}

static int by_growth(const void *a, const void *b)
{
	const struct growth *x = a, *y = b;

	if (x->growing != y->growing)
		return x->growing ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	if (x->tops != y->tops)
		return x->tops < y->tops ? 1 : -1;
	return (x->signature > y->signature) - (x->signature < y->signature);
}

static struct hg_error *make_groups(struct grouping *g)
{
	_cleanup_dominators_ struct dominators *d = NULL;
	struct hg_error *error = count_populations(g);

	if (error)
		return error;
	find_tops(g);
	fold_keys(g);
	error = retained_dominators(g->last, &d);
	if (!error)
		error = make_rows(g, d);
	if (!error)
		error = find_points(g);
	if (error)
		return error;
	for (uint32_t i = 0; i < g->count; i++)
		fold_point(g, &g->rows[i]);
	if (g->count)
		qsort(g->rows, g->count, sizeof(*g->rows), by_growth);
	return NULL;
}

struct hg_error *growth_make(struct diffing *diffing)
{
	const struct answer *last = diff_last(diffing->diff);
	size_t n = last->s->n + 1ul;
	_cleanup_(grouping_deinit) struct grouping g = {
		.diffing = diffing,
		.last = last,
		.top = malloc(n * sizeof(*g.top)),
		.group = calloc(patterns_count(diffing->patterns) + 1ul, sizeof(*g.group)),
		.first_top = malloc(n * sizeof(*g.first_top)),
		.next_top = malloc(n * sizeof(*g.next_top)),
	};
	struct hg_error *error = &hg_error_no_memory;

	if (g.top && g.group && g.first_top && g.next_top) {
		memset(g.first_top, 0xff, n * sizeof(*g.first_top));
		memset(g.next_top, 0xff, n * sizeof(*g.next_top));
		error = make_groups(&g);
	}
	diffing->diff->growth = g.rows;
	diffing->diff->num_growth = g.count;
	return error;
}
