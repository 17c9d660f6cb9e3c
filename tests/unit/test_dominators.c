/* Dominators against the definition: take an object away and see what no root reaches any more. On
 * random graphs (a failure prints its seed), and on shapes that break recursion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../graph/dominators.h"

#define MAX 28 /* objects of a random graph */
#define ROUNDS 6000
#define LARGE 1000000u

/* A graph in the making: what the algorithm reads of a snapshot. */
struct sample {
	struct snapshot s;
	uint64_t *start, *size;
	uint32_t *target;
	uint8_t *is_root;
};

static uint64_t next_random(uint64_t *seed) /* xorshift64* */
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 0x2545f4914f6cdd1dull >> 33;
}

static struct sample sample_create(uint32_t n, uint64_t m)
{
	struct sample sample = {
		.start = calloc(n + 1ul, sizeof(uint64_t)),
		.size = calloc(n + 1ul, sizeof(uint64_t)),
		.target = calloc(m + 1, sizeof(uint32_t)),
		.is_root = calloc(n + 1ul, 1),
	};

	assert_true(sample.start && sample.size && sample.target && sample.is_root);
	sample.s = (struct snapshot){.n = n,
				     .m = m,
				     .start = sample.start,
				     .size = sample.size,
				     .target = sample.target};
	for (uint32_t i = 0; i < n; i++)
		sample.size[i] = 1 + i;
	return sample;
}

static void sample_deinit(struct sample *sample)
{
	free(sample->start);
	free(sample->size);
	free(sample->target);
	free(sample->is_root);
}

/* Self-loops, equal references, objects that nothing reaches, none to a third of them roots. */
static struct sample random_sample(uint64_t *seed)
{
	uint32_t n = 1 + (uint32_t)(next_random(seed) % MAX);
	uint64_t density = 1 + next_random(seed) % 4, roots = 3 + next_random(seed) % 20, m = 0;
	struct sample sample = sample_create(n, MAX * 8);

	for (uint32_t i = 0; i < n; i++) {
		uint64_t count = next_random(seed) % (2 * density);

		sample.start[i] = m;
		while (count--)
			sample.target[m++] = (uint32_t)(next_random(seed) % n);
		sample.is_root[i] = next_random(seed) % roots == 0;
	}
	sample.start[n] = m;
	sample.s.m = m;
	return sample;
}

/* What roots reach without `gone` (n: with all). */
static void reach_without(const struct sample *sample, uint32_t gone, bool *reached)
{
	const struct snapshot *s = &sample->s;
	bool changed = true;

	for (uint32_t i = 0; i < s->n; i++)
		reached[i] = sample->is_root[i] && i != gone;
	while (changed) {
		changed = false;
		for (uint32_t i = 0; i < s->n; i++)
			for (uint64_t e = s->start[i]; reached[i] && e < s->start[i + 1]; e++) {
				uint32_t target = s->target[e];

				changed |= target != gone && !reached[target];
				reached[target] |= target != gone;
			}
	}
}

#define check(condition)                                                                  \
	do {                                                                              \
		if (!(condition))                                                         \
			fail_msg("seed %llu: %s", (unsigned long long)start, #condition); \
	} while (0)

/* below[i]: the walk of the subtree of `top` meets i. */
static void walk(const struct dominators *d, uint32_t top, uint64_t start, bool *below)
{
	memset(below, 0, MAX * sizeof(*below));
	for (uint32_t i = top; i != HGS_NONE; i = dominators_next(d, top, i)) {
		if (i == d->n)
			continue;
		check(!below[i]);
		check(i == top || d->parent[i] == d->n || below[d->parent[i]]);
		below[i] = true;
	}
}

static void check_sample(const struct sample *sample, const struct dominators *d, uint64_t start)
{
	bool all[MAX], without[MAX], below[MAX];
	uint32_t n = sample->s.n, reached = 0;

	reach_without(sample, n, all);
	walk(d, n, start, below);
	for (uint32_t i = 0; i < n; i++) {
		reached += all[i];
		check(below[i] == all[i]);
		check(all[i] == (d->parent[i] != HGS_NONE));
	}
	check(d->reached == reached && d->objects[n] == reached);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t bytes = 0;
		uint32_t objects = 0;

		reach_without(sample, i, without);
		if (all[i])
			walk(d, i, start, below);
		for (uint32_t j = 0; j < n; j++) {
			bool freed = all[i] && all[j] && !without[j];

			check(!all[i] || below[j] == freed);
			bytes += freed ? sample->s.size[j] : 0;
			objects += freed;
		}
		check(d->retained[i] == bytes);
		check(d->objects[i] == objects);
	}
}

static struct dominators *solve(const struct sample *sample)
{
	struct dominators *d;
	struct graph *graph;

	assert_null(graph_create_sources(&sample->s, &graph));
	assert_null(dominators_create(graph, sample->is_root, &d));
	graph_destroy(graph);
	return d;
}

static void test_by_force(void **state)
{
	uint64_t nested = 0, shared = 0, unreached = 0;

	for (uint64_t start = 1; start <= ROUNDS; start++) {
		uint64_t seed = start * 7919;
		struct sample sample = random_sample(&seed);
		struct dominators *d = solve(&sample);

		check_sample(&sample, d, start);
		for (uint32_t i = 0; i < d->n; i++) {
			nested += d->parent[i] < d->n;
			shared += d->parent[i] == d->n && !sample.is_root[i];
			unreached += d->parent[i] == HGS_NONE;
		}
		dominators_destroy(d);
		sample_deinit(&sample);
	}
	assert_true(nested > ROUNDS && shared > ROUNDS && unreached > ROUNDS);
}

static void test_list(void **state)
{
	struct sample sample = sample_create(LARGE, LARGE);
	struct dominators *d;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < LARGE; i++) { /* and back to its first from the last */
		sample.start[i + 1] = i + 1;
		sample.target[i] = (i + 1) % LARGE;
	}
	sample.is_root[0] = 1;
	d = solve(&sample);
	for (uint32_t i = LARGE; i-- > 0;) {
		bytes += sample.size[i];
		assert_true(d->parent[i] == (i ? i - 1 : LARGE) && d->retained[i] == bytes);
	}
	dominators_destroy(d);
	sample_deinit(&sample);
}

static void test_star(void **state)
{
	struct sample sample = sample_create(LARGE, 2ul * (LARGE - 1));
	struct dominators *d;

	for (uint32_t i = 1; i < LARGE; i++) { /* and back from each ray */
		sample.target[i - 1] = i;
		sample.start[i] = LARGE - 2 + i;
	}
	sample.start[LARGE] = 2ul * (LARGE - 1);
	sample.is_root[0] = 1;
	d = solve(&sample);
	assert_int_equal(d->objects[0], LARGE);
	for (uint32_t i = 1; i < LARGE; i++)
		assert_true(d->parent[i] == 0 && d->retained[i] == sample.size[i]);
	dominators_destroy(d);
	sample_deinit(&sample);
}

/* A ladder with rungs across: each step is reached by two ways, so that all are shared, and the
 * longest compressed paths come up. */
static void test_ladder(void **state)
{
	uint32_t steps = LARGE / 2;
	struct sample sample = sample_create(LARGE, 2ul * LARGE);
	struct dominators *d;
	uint64_t m = 0;

	for (uint32_t i = 0; i < LARGE; i++) {
		sample.start[i] = m;
		sample.target[m++] = i % 2 ? i - 1 : i + 1;
		if (i / 2 + 1 < steps)
			sample.target[m++] = i + 2;
	}
	sample.start[LARGE] = m;
	sample.s.m = m;
	sample.is_root[0] = sample.is_root[1] = 1;
	d = solve(&sample);
	for (uint32_t i = 0; i < LARGE; i++)
		assert_true(d->parent[i] == LARGE && d->objects[i] == 1);
	dominators_destroy(d);
	sample_deinit(&sample);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_force),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_star),
		cmocka_unit_test(test_ladder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
