/* The index of references that searches of the module ask: before and after it is sorted, and beyond
 * the room that it begins with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../python_glue/module/heap_index.h"

#define SOURCES 4300000u /* more than the first room of each area holds */
#define ANSWERS 1024

static uint64_t address(uint64_t number)
{
	return 0x7f0000000000 + number * 16;
}

/* A source refers to 0 to 4 others; one in 5000 to object 7. */
static unsigned num_targets(uint32_t source)
{
	return source % 5;
}

static uint64_t target(uint32_t source, unsigned i, uint32_t sources)
{
	return !i && source % 5000 == 1 ? 7 : (source * 2654435761u + i * 40503u) % sources;
}

static void fill(struct heap_index *index, uint32_t sources)
{
	for (uint32_t source = 0; source < sources; source++) {
		assert_true(heap_index_source(index, (void *)address(source)));
		for (unsigned i = 0; i < num_targets(source); i++)
			assert_true(heap_index_target(index, (void *)address(target(source, i, sources))));
	}
}

/* The sources that refer to an object, by looking at all. */
static size_t expected(uint32_t sources, uint64_t object, uint32_t found[static ANSWERS])
{
	size_t n = 0;

	for (uint32_t source = 0; source < sources; source++)
		for (unsigned i = 0; i < num_targets(source); i++)
			if (target(source, i, sources) == object &&
			    (!n || found[n - 1] != source))
				found[n++] = source;
	return n;
}

static void check(struct heap_index *index, uint32_t sources, uint64_t object)
{
	struct heap_question question;
	uint32_t found[ANSWERS];
	size_t n = expected(sources, object, found), at = 0;
	const void *source;

	heap_index_ask(index, (void *)address(object), &question);
	for (; (source = heap_question_next(&question)); at++) {
		assert_true(at < n);
		assert_int_equal((uint64_t)source, address(found[at]));
	}
	assert_int_equal(at, n);
}

static void test_answers(void **state)
{
	struct heap_index index = { 0 };
	const uint32_t sources = 30011;

	fill(&index, sources);
	for (uint64_t object = 0; object < 200; object++)
		check(&index, sources, object * 11 % 100);
	assert_null(index.chunks); /* sorted on the way */
	heap_index_deinit(&index);
}

static void test_growth(void **state)
{
	struct heap_index index = { 0 };

	fill(&index, SOURCES);
	for (unsigned i = 0; i < 60; i++)
		check(&index, SOURCES, i % 3 ? 7 : i * 1000 + 3);
	heap_index_deinit(&index);
}

static void test_empty(void **state)
{
	struct heap_index index = { 0 };
	struct heap_question question;

	heap_index_ask(&index, &index, &question);
	assert_null(heap_question_next(&question));
	assert_true(heap_index_source(&index, &index));
	heap_index_ask(&index, &index, &question);
	assert_null(heap_question_next(&question));
	heap_index_deinit(&index);
	assert_int_equal(index.num_sources, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
