/* The forest of reach.c, continued into garbage, where it has none. There a way begins in each cyclic
 * component that nothing else in the garbage leads to, at the member that says most: an instance of
 * a class written in Python, and of several the first by the name of its type, so that equal cycles
 * begin alike in every run. */
#include "forest.h"

#include <string.h>

struct seed {
	uint32_t component, object;
	const char *type;
	bool user;
};

/* Components are numbered in reverse topological order: the sources come first here. */
static int by_source(const void *a, const void *b)
{
	const struct seed *x = a, *y = b;
	int order;

	if (x->component != y->component)
		return x->component < y->component ? 1 : -1;
	if (x->user != y->user)
		return x->user ? -1 : 1;
	order = strcmp(x->type, y->type);
	return order ? order : (x->object > y->object) - (x->object < y->object);
}

static void spread(const struct answer *answer, struct forest *forest, uint8_t *seen, uint32_t *queue,
		   uint32_t seed)
{
	const struct snapshot *s = answer->s;
	uint32_t head = 0, tail = 0;

	seen[seed] = 1;
	queue[tail++] = seed;
	while (head < tail) {
		uint32_t object = queue[head++];

		for (uint64_t e = s->start[object]; e < s->start[object + 1ul]; e++) {
			uint32_t target = s->target[e];

			if (seen[target] || answer->reach->state[target] != REACH_GARBAGE)
				continue;
			seen[target] = 1;
			forest->parent[target] = object;
			forest->edge[target] = (uint32_t)e;
			queue[tail++] = target;
		}
	}
}

static struct hg_error *reach_garbage(const struct answer *answer, struct forest *forest)
{
	const struct snapshot *s = answer->s;
	size_t garbage = answer->reach->garbage, count = 0;
	_cleanup_free_ struct seed *seeds = malloc((garbage + 1) * sizeof(*seeds));
	_cleanup_free_ uint32_t *queue = malloc((garbage + 1) * sizeof(*queue));
	_cleanup_free_ uint8_t *seen = calloc(s->n + 1ul, sizeof(*seen));

	if (!seeds || !queue || !seen)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < s->n; i++)
		if (answer->reach->state[i] == REACH_GARBAGE)
			seeds[count++] = (struct seed){answer->component[i], i,
						       snapshot_type_name(s, i),
						       s->flags[i] & HGS_OBJ_USER};
	qsort(seeds, count, sizeof(*seeds), by_source);
	for (size_t i = 0; i < count; i++)
		if (!seen[seeds[i].object])
			spread(answer, forest, seen, queue, seeds[i].object);
	return NULL;
}

/* Climbs from each object to one that has its place in the order, and comes back down. */
static struct hg_error *sort(uint32_t n, struct forest *forest)
{
	_cleanup_free_ uint32_t *stack = malloc((n + 1ul) * sizeof(*stack));
	_cleanup_free_ uint8_t *placed = calloc(n + 1ul, sizeof(*placed));
	uint32_t used = 0;

	if (!stack || !placed)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t depth = 0;

		for (uint32_t at = i; at != HGS_NONE && !placed[at]; at = forest->parent[at]) {
			placed[at] = 1;
			stack[depth++] = at;
		}
		while (depth)
			forest->order[used++] = stack[--depth];
	}
	return NULL;
}

static struct hg_error *fill(const struct answer *answer, struct forest *forest)
{
	const struct reach *reach = answer->reach;
	struct hg_error *error = NULL;

	for (uint32_t i = 0; i < answer->s->n; i++) {
		forest->parent[i] = reach->parent_edge[i] == UINT64_MAX ? HGS_NONE : reach->parent[i];
		forest->edge[i] = (uint32_t)reach->parent_edge[i];
	}
	if (reach->garbage)
		error = reach_garbage(answer, forest);
	return error ? error : sort(answer->s->n, forest);
}

struct hg_error *forest_create(const struct answer *answer, struct forest **ret)
{
	size_t n = answer->s->n + 1ul;
	struct forest *forest = calloc(1, sizeof(*forest));
	struct hg_error *error = &hg_error_no_memory;

	if (!forest)
		return error;
	forest->parent = malloc(n * sizeof(*forest->parent));
	forest->edge = malloc(n * sizeof(*forest->edge));
	forest->order = malloc(n * sizeof(*forest->order));
	if (forest->parent && forest->edge && forest->order)
		error = fill(answer, forest);
	if (error)
		forest_destroy(forest);
	else
		*ret = forest;
	return error;
}

void forest_destroy(struct forest *forest)
{
	if (!forest)
		return;
	free(forest->parent);
	free(forest->edge);
	free(forest->order);
	free(forest);
}
