/* Fewest changes, by branching on witnesses.
 *
 * A witness is a cycle that keeps the object, with the way from it to the object. Every cut takes
 * something of every witness away; so try each change of one witness in turn, and go on with what
 * is left (a bounded search tree, as for hitting sets: Niedermeier, "Invitation to Fixed-Parameter
 * Algorithms", 2006, chapter 8). Whatever was tried at a level is forbidden below its successors,
 * so that no set is tried twice; the limit on the cost is raised from one possible sum to the next
 * (iterative deepening, Korf 1985), so the first cut found is a cheapest one.
 *
 * A minimum cut by flows would be quicker where many references must go, but it can neither charge
 * one line of code once for a thousand references, nor break the cycles that do not go through the
 * object. What people can use is a cut of one or two lines, and that is found in a few searches. */
#include "cut_search.h"

#include <stdbool.h>
#include <string.h>

#include "list.h"

enum { FREE, TAKEN, FORBIDDEN, MET };

struct candidate {
	uint32_t change, cost, place;
};

struct level {
	uint32_t first, next, end; /* of struct search.pool: changes to try */
};

struct search {
	const struct cut_problem *p;
	uint64_t *work;
	uint8_t *state;	 /* by change */
	uint32_t *after; /* by object: 1 + the object it refers to on the way to where spread() began */
	uint32_t *by;	 /* the change of that reference */
	uint32_t *queue, *cursor;
	uint8_t *color;
	struct candidate *pool; /* witnesses of all levels */
	uint32_t pooled;
	struct level level[CUT_MOST + 1];
	uint32_t chosen[CUT_MOST], taken, spent;
	uint32_t beyond; /* the limit: the smallest cost above it that was met */
	bool exhausted, no_memory;
};

static void charge(struct search *search, uint32_t looks)
{
	search->exhausted |= *search->work < looks;
	*search->work -= search->exhausted ? *search->work : looks;
}

static bool passable(struct search *search, uint32_t reference)
{
	charge(search, 1);
	return search->state[search->p->change[reference]] != TAKEN;
}

/* Breadth-first against the references from `from` until `to` is met (again, where they are the
 * same): after[to] tells whether it was. */
static void spread(struct search *search, uint32_t from, uint32_t to)
{
	const struct cut_problem *p = search->p;
	uint32_t used = 0, object = from;

	charge(search, p->n / 8);
	memset(search->after, 0, p->n * sizeof(*search->after));
	for (uint32_t next = 0;; object = search->queue[next++]) {
		for (uint32_t i = p->start[object]; i < p->start[object + 1]; i++) {
			uint32_t source = p->source[i];

			if (!passable(search, i) || search->after[source])
				continue;
			search->after[source] = object + 1;
			search->by[source] = p->change[i];
			search->queue[used++] = source;
			if (source == to)
				return;
		}
		if (next == used || search->exhausted)
			return;
	}
}

static void add_change(struct search *search, uint32_t change)
{
	struct candidate *candidate = list_add(&search->pool, &search->pooled);

	search->no_memory |= !candidate;
	if (candidate)
		*candidate = (struct candidate){.change = change, .cost = search->p->cost[change]};
}

/* Adds the changes on the way from `from` to where the last spread() began. */
static void add_way(struct search *search, uint32_t from, uint32_t to)
{
	uint32_t object = from;

	do {
		add_change(search, search->by[object]);
		object = search->after[object] - 1;
	} while (object != to);
}

/* An object on a cycle among those that lead to the object, or p->n. Depth-first, colours as
 * usual: 1 on the stack, 2 done. */
static uint32_t find_cycle(struct search *search)
{
	const struct cut_problem *p = search->p;
	uint32_t depth = 0;

	charge(search, p->n / 4);
	memset(search->color, 0, p->n);
	memset(search->cursor, 0, p->n * sizeof(*search->cursor));
	search->queue[depth++] = p->object;
	search->color[p->object] = 1;
	while (depth && !search->exhausted) {
		uint32_t object = search->queue[depth - 1];
		uint32_t i = p->start[object] + search->cursor[object]++;

		if (i == p->start[object + 1]) {
			search->color[object] = 2;
			depth--;
		} else if (passable(search, i) && search->color[p->source[i]] == 1) {
			return p->source[i];
		} else if (search->state[p->change[i]] != TAKEN && !search->color[p->source[i]]) {
			search->color[p->source[i]] = 1;
			search->queue[depth++] = p->source[i];
		}
	}
	return p->n;
}

/* Fills the pool from `first` on with the changes of a witness; false: nothing keeps the object. */
static bool find_witness(struct search *search)
{
	const struct cut_problem *p = search->p;
	uint32_t other;

	spread(search, p->object, p->object);
	if (search->after[p->object]) {
		add_way(search, p->object, p->object);
		return true;
	}
	other = find_cycle(search);
	if (other == p->n)
		return false;
	spread(search, p->object, other);
	if (search->after[other])
		add_way(search, other, p->object);
	spread(search, other, other);
	if (search->after[other])
		add_way(search, other, other);
	return true;
}

static int by_cost(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->cost != y->cost)
		return x->cost < y->cost ? -1 : 1;
	return (x->place < y->place) - (x->place > y->place);
}

/* The witness's changes once each, the cheapest first, without what is forbidden. Of equals the
 * last one before the object goes first: the way back rather than the way there. */
static void order(struct search *search, struct level *level)
{
	struct candidate *pool = search->pool;
	uint32_t kept = level->first;

	for (uint32_t i = search->pooled; i-- > level->first;) {
		uint8_t *state = &search->state[pool[i].change];

		pool[i].place = *state == FREE ? i + 1 : 0;
		if (*state == FREE)
			*state = MET;
	}
	for (uint32_t i = level->first; i < search->pooled; i++)
		if (pool[i].place)
			pool[kept++] = pool[i];
	for (uint32_t i = level->first; i < kept; i++)
		search->state[pool[i].change] = FREE;
	if (kept > level->first)
		qsort(pool + level->first, kept - level->first, sizeof(*pool), by_cost);
	level->next = level->first;
	level->end = search->pooled = kept;
}

/* What a level tried is open again, but for the change that is taken now. */
static void leave(struct search *search, const struct level *level)
{
	for (uint32_t i = level->first; i < level->end; i++)
		search->state[search->pool[i].change] = FREE;
	search->pooled = level->first;
}

/* Takes the level's next change, if the limit allows; else notes what it would have cost. */
static bool take(struct search *search, struct level *level, uint32_t limit)
{
	const struct candidate *candidate = &search->pool[level->next];

	if (level->next == level->end || search->taken == CUT_MOST)
		return false;
	if (candidate->cost > limit - search->spent) {
		if (candidate->cost + search->spent < search->beyond)
			search->beyond = candidate->cost + search->spent;
		return false;
	}
	search->state[candidate->change] = TAKEN;
	search->chosen[search->taken++] = candidate->change;
	search->spent += candidate->cost;
	level->next++;
	return true;
}

/* Back at a level: what it took last is not to be taken any more. */
static void give_back(struct search *search, const struct level *level)
{
	const struct candidate *candidate = &search->pool[level->next - 1];

	search->state[candidate->change] = FORBIDDEN;
	search->spent -= candidate->cost;
}

/* All cuts that cost `limit` at most. Returns whether one was found: the first search->taken of
 * search->chosen. search->beyond is the smallest cost above the limit that was met. */
static bool deepen(struct search *search, uint32_t limit)
{
	bool down = true, found = false;

	search->taken = search->spent = 0;
	search->beyond = UINT32_MAX;
	while (!search->exhausted && !search->no_memory) {
		struct level *level = &search->level[search->taken];

		if (down) {
			level->first = search->pooled;
			found = !find_witness(search) && !search->exhausted;
			if (found)
				break;
			order(search, level);
		} else {
			give_back(search, level);
		}
		down = take(search, level, limit);
		if (down)
			continue;
		leave(search, level);
		if (!search->taken)
			break;
		search->taken--;
	}
	for (uint32_t i = search->taken; found && i; i--)
		leave(search, &search->level[i - 1]);
	search->pooled = 0;
	return found;
}

static struct hg_error *search_all(struct search *search, struct cut *ret)
{
	uint32_t limit = 0;

	for (; !deepen(search, limit); limit = search->beyond) {
		if (search->no_memory)
			return &hg_error_no_memory;
		ret->verdict = search->exhausted ? CUT_TOO_LARGE : CUT_NONE;
		if (search->exhausted || search->beyond > search->p->most)
			return NULL;
	}
	ret->verdict = CUT_FOUND;
	ret->count = search->taken;
	ret->cost = search->spent;
	memcpy(ret->change, search->chosen, sizeof(ret->change));
	return NULL;
}

struct hg_error *cut_search(const struct cut_problem *problem, uint64_t *work, struct cut *ret)
{
	size_t n = problem->n + 1ul;
	_cleanup_free_ uint8_t *state = calloc(problem->changes + 1ul, 1), *color = malloc(n);
	_cleanup_free_ uint32_t *after = malloc(n * sizeof(*after)), *by = malloc(n * sizeof(*by));
	_cleanup_free_ uint32_t *queue = malloc(n * sizeof(*queue));
	_cleanup_free_ uint32_t *cursor = malloc(n * sizeof(*cursor));
	struct search search = {.p = problem, .work = work, .state = state, .color = color,
				.after = after, .by = by, .queue = queue, .cursor = cursor};
	struct hg_error *error = &hg_error_no_memory;

	*ret = (struct cut){.verdict = CUT_NONE};
	if (state && color && after && by && queue && cursor)
		error = search_all(&search, ret);
	free(search.pool);
	return error;
}
