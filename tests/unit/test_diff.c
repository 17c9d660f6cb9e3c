/* What grew between heaps made by hand: each is the one before and more, so that what is there in both
 * has one address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../graph/baseline.h"
#include "../../graph/diff.h"
#include "../../graph/pattern.h"
#include "answers.h"

#define STEP 10u

/* As many snapshots as the diff has, of one heap that a function grows. */
struct scene {
	struct heap *heap;
	struct snapshot *s[DIFF_SNAPSHOTS];
	struct answer *answer[DIFF_SNAPSHOTS];
	const struct answer *answers[DIFF_SNAPSHOTS];
	unsigned count;
	struct diff *diff;
};

static void look(struct scene *scene)
{
	unsigned k = scene->count++;

	scene->s[k] = heap_snapshot(scene->heap);
	assert_null(answer_create(scene->s[k], &scene->answer[k]));
	scene->answers[k] = scene->answer[k];
}

static void compare(struct scene *scene)
{
	const struct sequence sequence = {.proven = true};

	assert_null(diff_create(scene->answers, scene->count, &sequence, &scene->diff));
}

static void end(struct scene *scene)
{
	diff_destroy(scene->diff);
	for (unsigned k = 0; k < scene->count; k++) {
		answer_destroy(scene->answer[k]);
		snapshot_close(scene->s[k]);
	}
	heap_destroy(scene->heap);
}

static const struct growth *row(const struct diff *diff, const char *words)
{
	for (uint32_t i = 0; i < diff->num_growth; i++)
		if (!strcmp(diff->growth[i].words, words))
			return &diff->growth[i];
	for (uint32_t i = 0; i < diff->num_growth; i++)
		print_message("have: %s\n", diff->growth[i].words);
	fail_msg("no row: %s", words);
	return NULL;
}

/* STEP sessions more in a table, by keys of their own, each with a list. */
static void add_sessions(struct heap *heap, uint32_t table, unsigned from)
{
	for (unsigned i = from; i < from + STEP; i++) {
		uint32_t session = heap_object(heap, "app.Session");
		char key[32];

		snprintf(key, sizeof(key), "user %u", i);
		heap_attr(heap, session, "data", heap_object(heap, "list"));
		heap_refer(heap, table,
			   HGS_EDGE_NAME(HGS_EDGE_DICT_KEY, 0), heap_str(heap, key));
		heap_key(heap, table, key, session);
	}
}

static void test_table(void **state)
{
	struct scene scene = {.heap = heap_create()};
	uint32_t app = heap_module(scene.heap, "app", NULL);
	uint32_t table = heap_object(scene.heap, "dict");
	const struct growth *growth;

	heap_key(scene.heap, app, "sessions", table);
	heap_str(scene.heap, "data");
	add_sessions(scene.heap, table, 0);
	look(&scene);
	add_sessions(scene.heap, table, STEP);
	look(&scene);
	add_sessions(scene.heap, table, 2 * STEP);
	look(&scene);
	compare(&scene);
	growth = row(scene.diff, "module app > .sessions dict > [*] app.Session");
	assert_true(growth->growing);
	assert_int_equal(growth->population[0], STEP);
	assert_int_equal(growth->population[1], 2 * STEP);
	assert_int_equal(growth->population[2], 3 * STEP);
	assert_int_equal(growth->tops, STEP);
	assert_int_equal(growth->objects, 3 * STEP); /* the session, its list, its key */
	assert_int_equal(growth->bytes, 3 * STEP * 64);
	assert_int_equal(growth->retained, growth->bytes);
	assert_int_equal(growth->point, table);
	assert_int_equal(growth->points, 1);
	assert_int_equal(growth->at_point, STEP);
	assert_int_equal(scene.diff->kept, 3 * STEP);
	assert_int_equal(scene.diff->num_containers, 1);
	assert_int_equal(scene.diff->containers[0].object, table);
	assert_int_equal(scene.diff->containers[0].items[0], STEP);
	assert_int_equal(scene.diff->containers[0].items[1], 3 * STEP);
	assert_int_equal(scene.diff->intervals[0].appeared, 3 * STEP);
	assert_int_equal(scene.diff->intervals[0].gone, 0);
	end(&scene);
}

/* `items = items + [item]`: the list is another each time, what grows is what it holds. */
static void test_list_made_anew(void **state)
{
	struct scene scene = {.heap = heap_create()};
	uint32_t app = heap_module(scene.heap, "app", NULL), items[3 * STEP];
	const struct growth *growth;

	for (unsigned k = 0; k < 3; k++) {
		uint32_t list = heap_object(scene.heap, "list");

		for (unsigned i = k * STEP; i < (k + 1) * STEP; i++)
			items[i] = heap_object(scene.heap, "app.Item");
		heap_key(scene.heap, app, "items", list);
		for (unsigned i = 0; i < (k + 1) * STEP; i++)
			heap_refer(scene.heap, list, HGS_EDGE_NAME(HGS_EDGE_INDEX, i), items[i]);
		look(&scene);
		/* The name leads to the next list from now on, and nothing leads to this one. */
		heap_forget(scene.heap, app, list);
		for (unsigned i = 0; i < (k + 1) * STEP; i++)
			heap_forget(scene.heap, list, items[i]);
	}
	compare(&scene);
	growth = row(scene.diff, "module app > .items list > [*] app.Item");
	assert_true(growth->growing);
	assert_int_equal(growth->tops, STEP);
	assert_int_equal(growth->population[2], 3 * STEP);
	end(&scene);
}

/* The pattern of the one object of a type. */
static char *pattern_of_type(struct heap *heap, const char *type)
{
	struct snapshot *s = heap_snapshot(heap);
	struct patterns *patterns;
	struct forest *forest;
	struct answer *answer;
	uint32_t *of;
	char *ret = NULL;

	assert_null(answer_create(s, &answer));
	assert_null(forest_create(answer, &forest));
	assert_null(patterns_create(&patterns));
	assert_null(patterns_of(patterns, answer, forest, &of));
	for (uint32_t i = 0; i < s->n; i++)
		if (!ret && !strcmp(snapshot_type_name(s, i), type))
			ret = pattern_words(patterns, of[i] & ~PATTERN_FOLDED);
	free(of);
	patterns_destroy(patterns);
	forest_destroy(forest);
	answer_destroy(answer);
	snapshot_close(s);
	return ret;
}

/* However the instance stores its attributes, they are called the same. */
static void test_dictionary_or_values(void **state)
{
	char *found[2];

	for (int k = 0; k < 2; k++) {
		struct heap *heap = heap_create();
		uint32_t app = heap_module(heap, "app", NULL);
		uint32_t owner = heap_object(heap, "app.Owner"), held = heap_object(heap, "app.Held");

		heap_key(heap, app, "owner", owner);
		if (k)
			heap_attr(heap, owner, "held", held);
		else
			heap_key(heap, heap_dict_of(heap, owner), "held", held);
		found[k] = pattern_of_type(heap, "app.Held");
		heap_destroy(heap);
	}
	assert_string_equal(found[0], "module app > .owner app.Owner > .held app.Held");
	assert_string_equal(found[0], found[1]);
	free(found[0]);
	free(found[1]);
}

/* A list of nodes has one pattern however long it is; so has one whose links alternate. */
static void test_repetition(void **state)
{
	for (unsigned links = 3; links < 200; links += 60) {
		struct heap *heap = heap_create();
		uint32_t app = heap_module(heap, "app", NULL), at = heap_object(heap, "app.Node");
		char *words;

		heap_key(heap, app, "head", at);
		for (unsigned i = 0; i < links; i++) {
			uint32_t list = heap_object(heap, "list");
			uint32_t node = heap_object(heap, i + 1 < links ? "app.Node" : "app.End");

			heap_attr(heap, at, "rest", list);
			heap_refer(heap, list, HGS_EDGE_NAME(HGS_EDGE_INDEX, i), node);
			at = node;
		}
		words = pattern_of_type(heap, "app.End");
		assert_string_equal(words, "module app > .head app.Node > .rest list > [*] app.Node "
					   "... > .rest list > [*] app.End");
		free(words);
		heap_destroy(heap);
	}
}

static void test_garbage(void **state)
{
	struct heap *heap = heap_create();
	uint32_t node = heap_object(heap, "app.Node"), held = heap_object(heap, "app.Held");
	uint32_t list = heap_object(heap, "list");
	char *words;

	/* The list comes first, and the cycle begins at the instance all the same. */
	heap_refer(heap, list, HGS_EDGE_NAME(HGS_EDGE_INDEX, 0), node);
	heap_attr(heap, node, "items", list);
	heap_refer(heap, list, HGS_EDGE_NAME(HGS_EDGE_INDEX, 1), held);
	words = pattern_of_type(heap, "app.Held");
	assert_string_equal(words, "garbage > app.Node > .items list > [*] app.Held");
	free(words);
	heap_destroy(heap);
}

/* One more owner and open of a library. */
static void test_libraries(void **state)
{
	struct scene scene = {.heap = heap_create()};
	uint32_t app = heap_module(scene.heap, "app", NULL);

	library(scene.heap, "/opt/libfoo.so", 1, 0);
	heap_key(scene.heap, app, "one", heap_cdll(scene.heap, "libfoo.so", HANDLE, 0, false));
	look(&scene);
	heap_key(scene.heap, app, "two", heap_cdll(scene.heap, "libfoo.so", HANDLE, 0, false));
	look(&scene);
	compare(&scene);
	assert_int_equal(scene.diff->num_libraries, 1);
	assert_string_equal(scene.diff->libraries[0].name, "libfoo.so");
	assert_int_equal(scene.diff->libraries[0].owners[0], 1);
	assert_int_equal(scene.diff->libraries[0].owners[1], 2);
	end(&scene);
}

static struct baseline *baseline_of(const char *text, const char *why)
{
	FILE *in = fmemopen((void *)text, strlen(text), "r");
	struct baseline *baseline = NULL;
	struct hg_error *error = baseline_parse(in, "known", &baseline);

	fclose(in);
	if (why) {
		assert_non_null(error);
		assert_int_equal(error->code, HG_EXIT_USAGE);
		assert_non_null(strstr(error->message, why));
		hg_error_free(error);
	} else {
		assert_null(error);
	}
	return baseline;
}

static void test_baseline(void **state)
{
	struct baseline *baseline = baseline_of("# comment\n\n  growth 00000000000000ff words\r\n"
						"leaked-open 0123456789abcdef",
						NULL);

	assert_true(baseline_knows(baseline, FINDING_GROWTH, 0xff));
	assert_true(baseline_knows(baseline, FINDING_LEAKED_OPEN, 0x0123456789abcdef));
	assert_false(baseline_knows(baseline, FINDING_LEAKED_OPEN, 0xff));
	assert_false(baseline_knows(baseline, FINDING_GROWTH, 0xfe));
	baseline_destroy(baseline);
	baseline_of("growth 00000000000000ff\ngrowht 00000000000000ff\n", "line 2");
	baseline_of("growth\n", "line 1");
	baseline_of("growth 0xff\n", "line 1");
	baseline_of("growth 00000000000000FF\n", "line 1");
	baseline = baseline_of("#", NULL);
	assert_false(baseline_knows(baseline, FINDING_GROWTH, 0));
	baseline_destroy(baseline);
}

/* Known findings stand behind the others, and each side keeps its order. */
static void test_mute(void **state)
{
	struct finding findings[5] = {{.code = FINDING_GC_OFF, .signature = 1},
				      {.code = FINDING_GC_OFF, .signature = 2},
				      {.code = FINDING_GC_OFF, .signature = 3},
				      {.code = FINDING_GC_OFF, .signature = 4},
				      {.code = FINDING_GC_OFF, .signature = 5}};
	struct answer answer = {.findings = findings, .num_findings = 5};
	const uint64_t order[] = {2, 5, 1, 3, 4};
	struct baseline *baseline = baseline_of("gc-off 0000000000000003\ngc-off 0000000000000001\n"
						"gc-off 0000000000000004\n",
						NULL);

	baseline_mute(baseline, &answer);
	assert_int_equal(answer.num_findings, 2);
	assert_int_equal(answer.num_known, 3);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(findings[i].signature, order[i]);
	baseline_destroy(baseline);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_list_made_anew),
		cmocka_unit_test(test_dictionary_or_values),
		cmocka_unit_test(test_repetition),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_libraries),
		cmocka_unit_test(test_baseline),
		cmocka_unit_test(test_mute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
