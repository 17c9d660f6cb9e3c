/* Which objects of two heaps are the same: what is at one address, and what speaks against it. The
 * heaps are made alike, so that the objects have the same addresses in both; then one differs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../graph/identity.h"
#include "../../graph/sequence.h"
#include "answers.h"

/* Of the two heaps: 0 the old one, 1 the new one. */
struct scene {
	struct heap *heap[2];
	struct snapshot *s[2];
	struct identity *identity;
};

static void compare(struct scene *scene)
{
	for (int k = 0; k < 2; k++)
		scene->s[k] = heap_snapshot(scene->heap[k]);
	assert_null(identity_create(scene->s[0], scene->s[1], &scene->identity));
}

static void end(struct scene *scene)
{
	identity_destroy(scene->identity);
	for (int k = 0; k < 2; k++) {
		snapshot_close(scene->s[k]);
		heap_destroy(scene->heap[k]);
	}
}

static bool is_same(const struct scene *scene, uint32_t object)
{
	bool forwards = scene->identity->newer[object] == object;

	assert_int_equal(forwards, scene->identity->older[object] == object);
	if (!forwards) {
		assert_int_equal(scene->identity->newer[object], HGS_NONE);
		assert_int_equal(scene->identity->older[object], HGS_NONE);
	}
	return forwards;
}

/* Each object of a heap that did not change is itself. */
static void test_unchanged(void **state)
{
	struct scene scene = {0};

	for (int k = 0; k < 2; k++) {
		uint32_t app = 0, list;

		scene.heap[k] = heap_create();
		app = heap_module(scene.heap[k], "app", NULL);
		list = heap_object(scene.heap[k], "list");
		heap_key(scene.heap[k], app, "items", list);
		for (uint32_t i = 0; i < 100; i++)
			heap_refer(scene.heap[k], list, HGS_EDGE_NAME(HGS_EDGE_INDEX, i),
				   heap_object(scene.heap[k], "app.Item"));
	}
	compare(&scene);
	for (uint32_t i = 0; i < scene.s[1]->n; i++)
		assert_true(is_same(&scene, i));
	assert_int_equal(scene.identity->reused, 0);
	assert_int_equal(scene.identity->unproven, 0);
	end(&scene);
}

/* One object, referred to by the global `name` of app or, without, by position of app.items; its
 * attribute `number` has a value. */
struct one {
	const char *type, *name, *number;
	uint32_t flags;
};

static bool same(struct one old, struct one new, uint64_t *reused, uint64_t *unproven)
{
	struct scene scene = {0};
	const struct one ones[2] = {old, new};
	uint32_t object = 0;
	bool ret;

	for (int k = 0; k < 2; k++) {
		struct heap *heap = scene.heap[k] = heap_create();
		uint32_t app = heap_module(heap, "app", NULL);
		uint32_t list = heap_object(heap, "list");

		heap_type(heap, "app.A");
		heap_type(heap, "app.B");
		heap_type(heap, "int");
		heap_str(heap, "number");
		heap_str(heap, "one");
		heap_str(heap, "two");
		heap_int(heap, "17");
		heap_int(heap, "18");
		heap_key(heap, app, "items", list);
		object = heap_object(heap, ones[k].type);
		if (ones[k].flags)
			heap_flags(heap, object, ones[k].flags);
		if (ones[k].number)
			heap_attr(heap, object, "number", heap_int(heap, ones[k].number));
		if (ones[k].name)
			heap_key(heap, app, ones[k].name, object);
		else
			heap_refer(heap, list, HGS_EDGE_NAME(HGS_EDGE_INDEX, 0), object);
	}
	compare(&scene);
	ret = is_same(&scene, object);
	*reused = scene.identity->reused;
	*unproven = scene.identity->unproven;
	end(&scene);
	return ret;
}

#define OLDER (HGS_OBJ_TRACKED | HGS_OBJ_GC | 2u << HGS_OBJ_GENERATION_SHIFT)
#define YOUNGEST (HGS_OBJ_TRACKED | HGS_OBJ_GC)

static void test_evidence(void **state)
{
	static const struct {
		const char *what;
		struct one old, new;
		bool same;
		uint64_t reused, unproven;
	} cases[] = {
		{"another type", {"app.A", "one", NULL, 0},
		 {"app.B", "one", NULL, 0}, false, 1, 0},
		{"a name, another value", {"app.A", "one", "17", 0},
		 {"app.A", "one", "18", 0}, true, 0, 0},
		{"another name, the value", {"app.A", "one", "17", 0},
		 {"app.A", "two", "17", 0}, true, 0, 0},
		{"another name and value", {"app.A", "one", "17", 0},
		 {"app.A", "two", "18", 0}, false, 1, 0},
		{"another name, no value", {"app.A", "one", NULL, 0},
		 {"app.A", "two", NULL, 0}, true, 0, 1},
		{"a position, the value", {"app.A", NULL, "17", 0},
		 {"app.A", NULL, "17", 0}, true, 0, 0},
		{"a position, another value", {"app.A", NULL, "17", 0},
		 {"app.A", NULL, "18", 0}, false, 1, 0},
		{"a position, no value", {"app.A", NULL, NULL, 0},
		 {"app.A", NULL, NULL, 0}, true, 0, 0},
		{"older", {"app.A", "one", NULL, YOUNGEST},
		 {"app.A", "one", NULL, OLDER}, true, 0, 0},
		{"younger", {"app.A", "one", NULL, OLDER},
		 {"app.A", "one", NULL, YOUNGEST}, false, 1, 0},
		{"a dict that is tracked again", {"dict", "one", NULL, OLDER | HGS_OBJ_DICT},
		 {"dict", "one", NULL, YOUNGEST | HGS_OBJ_DICT}, true, 0, 0},
		{"finalized, and not", {"app.A", "one", NULL, YOUNGEST | HGS_OBJ_FINALIZED},
		 {"app.A", "one", NULL, YOUNGEST}, false, 1, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t reused, unproven;
		bool found = same(cases[i].old, cases[i].new, &reused, &unproven);

		if (found != cases[i].same || reused != cases[i].reused ||
		    unproven != cases[i].unproven)
			fail_msg("%s: same %d, reused %d, unproven %d", cases[i].what, found,
				 (int)reused, (int)unproven);
	}
}

/* Two that refer to each other do not prove each other: what nothing known refers to is judged by
 * its values. */
static void test_island(void **state)
{
	struct scene scene = {0};
	uint32_t a = 0, b = 0;

	for (int k = 0; k < 2; k++) {
		struct heap *heap = scene.heap[k] = heap_create();

		heap_str(heap, "number");
		heap_str(heap, "other");
		heap_int(heap, "17");
		heap_int(heap, "18");
		a = heap_object(heap, "app.A");
		b = heap_object(heap, "app.A");
		heap_attr(heap, a, "other", b);
		heap_attr(heap, b, "other", a);
		heap_attr(heap, a, "number", heap_int(heap, k ? "17" : "18"));
		heap_attr(heap, b, "number", heap_int(heap, k ? "18" : "17"));
	}
	compare(&scene);
	assert_false(is_same(&scene, a));
	assert_false(is_same(&scene, b));
	assert_int_equal(scene.identity->reused, 2);
	end(&scene);
}

static void check_sequence(struct heap *a, struct heap *b, const char *why)
{
	struct snapshot *s[2] = {heap_snapshot(a), heap_snapshot(b)};
	const struct snapshot *both[2] = {s[0], s[1]};
	const char *const names[] = {"a.hgs", "b.hgs"};
	struct sequence sequence;
	struct hg_error *error = sequence_check(both, names, 2, &sequence);

	if (why) {
		assert_non_null(error);
		assert_int_equal(error->code, HG_EXIT_USAGE);
		assert_non_null(strstr(error->message, why));
		hg_error_free(error);
	} else {
		assert_null(error);
		assert_false(sequence.proven);
		assert_int_equal(sequence.ns[0], 5);
	}
	snapshot_close(s[0]);
	snapshot_close(s[1]);
}

static void test_sequence(void **state)
{
	struct heap *a = heap_create(), *b = heap_create();

	heap_meta(a)->time_ns = 10;
	heap_meta(b)->time_ns = 15;
	check_sequence(a, b, NULL);
	check_sequence(b, a, "a.hgs was taken after b.hgs");
	heap_meta(b)->python_version++;
	check_sequence(a, b, "runs another program");
	heap_meta(b)->pid++;
	check_sequence(a, b, "two processes, 4242 and 4243");
	heap_destroy(a);
	heap_destroy(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unchanged),
		cmocka_unit_test(test_evidence),
		cmocka_unit_test(test_island),
		cmocka_unit_test(test_sequence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
