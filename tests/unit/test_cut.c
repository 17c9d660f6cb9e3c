/* The cut against trying every set of changes, on random graphs (a failure prints its seed), and on
 * shapes that would take a careless search for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../graph/cut_search.h"

#define OBJECTS 7u
#define CHANGES 9u
#define REFERENCES 16u
#define ROUNDS 20000u

struct sample {
	uint32_t from[REFERENCES], to[REFERENCES], by[REFERENCES];
	uint32_t start[OBJECTS + 1], source[REFERENCES], change[REFERENCES], cost[CHANGES];
	uint32_t references;
	struct cut_problem problem;
};

static uint64_t next_random(uint64_t *seed) /* xorshift64* */
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 0x2545f4914f6cdd1dull >> 33;
}

static void make(struct sample *sample, uint64_t seed)
{
	uint32_t n = 1 + (uint32_t)(next_random(&seed) % OBJECTS);
	uint32_t changes = 1 + (uint32_t)(next_random(&seed) % CHANGES), used = 0;

	*sample = (struct sample){.references = (uint32_t)(next_random(&seed) % REFERENCES)};
	for (uint32_t i = 0; i < sample->references; i++) {
		sample->from[i] = (uint32_t)(next_random(&seed) % n);
		sample->to[i] = (uint32_t)(next_random(&seed) % n);
		sample->by[i] = (uint32_t)(next_random(&seed) % changes);
	}
	for (uint32_t object = 0; object < n; object++) {
		sample->start[object] = used;
		for (uint32_t i = 0; i < sample->references; i++)
			if (sample->to[i] == object) {
				sample->source[used] = sample->from[i];
				sample->change[used++] = sample->by[i];
			}
	}
	sample->start[n] = used;
	for (uint32_t i = 0; i < changes; i++)
		sample->cost[i] = 1 + (uint32_t)(next_random(&seed) % 5);
	sample->problem = (struct cut_problem){
		.n = n, .object = (uint32_t)(next_random(&seed) % n), .start = sample->start,
		.source = sample->source, .change = sample->change, .changes = changes,
		.cost = sample->cost, .most = 1000};
}

/* By the definition: is the object on no cycle, and led to by none, without the changes of `set`? */
static bool frees(const struct sample *sample, uint32_t set)
{
	bool reaches[OBJECTS][OBJECTS] = {{false}};
	uint32_t n = sample->problem.n, object = sample->problem.object;

	for (uint32_t i = 0; i < sample->references; i++)
		if (!(set >> sample->by[i] & 1))
			reaches[sample->from[i]][sample->to[i]] = true;
	for (uint32_t k = 0; k < n; k++)
		for (uint32_t i = 0; i < n; i++)
			for (uint32_t j = 0; j < n; j++)
				reaches[i][j] |= reaches[i][k] && reaches[k][j];
	for (uint32_t i = 0; i < n; i++)
		if (reaches[i][i] && (i == object || reaches[i][object]))
			return false;
	return true;
}

static uint32_t cost_of(const struct sample *sample, uint32_t set)
{
	uint32_t cost = 0;

	for (uint32_t i = 0; i < sample->problem.changes; i++)
		cost += set >> i & 1 ? sample->cost[i] : 0;
	return cost;
}

static void test_by_force(void **state)
{
	uint32_t several = 0;

	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		struct sample sample;
		struct cut cut;
		uint64_t work = 1000000;
		uint32_t best = UINT32_MAX, set = 0;

		make(&sample, seed * 7919);
		for (uint32_t i = 0; i < 1u << sample.problem.changes; i++)
			if (cost_of(&sample, i) < best && frees(&sample, i))
				best = cost_of(&sample, i);
		assert_null(cut_search(&sample.problem, &work, &cut));
		for (uint32_t i = 0; i < cut.count; i++)
			set |= 1u << cut.change[i];
		if (cut.verdict == CUT_NONE) /* CUT_MOST changes do not suffice */
			continue;
		if (cut.verdict != CUT_FOUND || cut.cost != best || cost_of(&sample, set) != best ||
		    !frees(&sample, set))
			fail_msg("seed %llu: verdict %d, cost %u, by force %u",
				 (unsigned long long)seed, cut.verdict, cut.cost, best);
		several += cut.count > 1;
	}
	assert_true(several > ROUNDS / 50);
}

static void test_limits(void **state)
{
	struct sample sample;
	struct cut cut;
	uint64_t work = 10;

	memset(&sample, 0, sizeof(sample));
	sample.cost[0] = 10;
	sample.start[1] = 1;
	sample.problem = (struct cut_problem){
		.n = 1, .start = sample.start, .source = sample.source, .change = sample.change,
		.changes = 1, .cost = sample.cost, .most = 9};
	assert_null(cut_search(&sample.problem, &work, &cut));
	assert_int_equal(cut.verdict, CUT_NONE);
	work = 10;
	sample.problem.most = 10;
	assert_null(cut_search(&sample.problem, &work, &cut));
	assert_int_equal(cut.verdict, CUT_FOUND);
	work = 1;
	assert_null(cut_search(&sample.problem, &work, &cut));
	assert_int_equal(cut.verdict, CUT_TOO_LARGE);
	assert_int_equal(work, 0);
}

/* A ring of a million objects that n - 1 changes hold but for one, and every object with itself. */
static void test_large(void **state)
{
	uint32_t n = 1000000;
	uint32_t *start = calloc(n + 1ul, sizeof(*start)), *source = calloc(n, sizeof(*source));
	uint32_t *change = calloc(n, sizeof(*change)), *cost = calloc(n, sizeof(*cost));
	struct cut_problem ring = {.n = n, .start = start, .source = source, .change = change,
				   .changes = n, .cost = cost, .most = 30};
	uint64_t work = 100000000;
	struct cut cut;

	for (uint32_t i = 0; i < n; i++) {
		start[i] = change[i] = i;
		source[i] = i ? i - 1 : n - 1;
		cost[i] = i == 777 ? 9 : 10;
	}
	start[n] = n;
	assert_null(cut_search(&ring, &work, &cut));
	assert_int_equal(cut.verdict, CUT_FOUND);
	assert_int_equal(cut.count, 1);
	assert_int_equal(cut.change[0], 777);
	free(start);
	free(source);
	free(change);
	free(cost);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_force),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
