/* Types, capsules and plain numbers as holders, on heaps made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "answers.h"

enum { CODE = 0x1010, HOLE = 0x3010 };

/* An object in a global, that holds something. */
static uint32_t global(struct heap *heap, uint32_t main, const char *name, const char *type,
		       struct hgs_holder holder)
{
	holder.object = heap_object(heap, type);
	heap_key(heap, main, name, holder.object);
	heap_holder(heap, holder);
	return holder.object;
}

static void code_segment(struct heap *heap)
{
	heap_segment(heap, (struct hgs_segment){.start = 0x1000, .end = 0x2000, .library = 0, .prot = 5});
}

static void test_code_that_is_gone(void **state)
{
	static const uint32_t kinds[] = {HGS_HOLDER_TYPE, HGS_HOLDER_CAPSULE};

	for (unsigned i = 0; i < 2; i++) {
		struct heap *heap = heap_create();
		uint32_t main = heap_module(heap, "__main__", "/srv/app.py");
		const struct finding *finding;
		struct answer *answer;
		struct snapshot *s;

		library(heap, "/opt/native.so", 1, 0);
		code_segment(heap);
		global(heap, main, "there", "thing",
		       (struct hgs_holder){.code = CODE, .kind = kinds[i], .library = 0});
		global(heap, main, "gone", "thing",
		       (struct hgs_holder){.code = HOLE, .kind = kinds[i], .library = HGS_NONE});
		answer = answer_of(heap, &s);
		assert_int_equal(answer->holders[0].state, HOLDER_LIVE);
		assert_int_equal(answer->holders[1].state, HOLDER_DANGLING);
		assert_int_equal(answer->libraries[0].num_holders, 1);
		assert_int_equal(answer->libraries[0].owners, 0);
		finding = find(answer, FINDING_DANGLING_FUNCTION);
		assert_non_null(finding);
		assert_int_equal(finding->severity, SEVERITY_ERROR);
		assert_int_equal(finding->count, 1);
		assert_non_null(strstr(finding->evidence, "__main__.gone"));
		done(heap, s, answer);
	}
}

/* gc will call the destructor: an error, though nothing reaches it. A function in garbage is none. */
static void test_garbage(void **state)
{
	struct heap *heap = heap_create();
	uint32_t list = heap_object(heap, "list"), object;
	const struct finding *finding;
	struct answer *answer;
	struct snapshot *s;

	heap_refer(heap, list, HGS_EDGE_NAME(HGS_EDGE_INDEX, 0), list);
	code_segment(heap);
	library(heap, "/opt/native.so", 1, 0);
	for (unsigned i = 0; i < 2; i++) {
		object = heap_object(heap, i ? "PyCapsule" : "ctypes._FuncPtr");
		heap_refer(heap, list, HGS_EDGE_NAME(HGS_EDGE_INDEX, i + 1), object);
		heap_holder(heap, (struct hgs_holder){
			.code = HOLE, .object = object, .library = HGS_NONE,
			.kind = i ? HGS_HOLDER_CAPSULE : HGS_HOLDER_FUNCTION});
	}
	answer = answer_of(heap, &s);
	finding = find(answer, FINDING_DANGLING_FUNCTION);
	assert_non_null(finding);
	assert_int_equal(finding->severity, SEVERITY_ERROR);
	assert_int_equal(finding->count, 1);
	assert_string_equal(finding->title, "1 capsule: the code that frees it is no longer mapped");
	done(heap, s, answer);
}

/* As many opens as numbers: a warning that names one. More: an error. Objects that could not be read:
 * never an error. */
static void test_numbers(void **state)
{
	static const struct {
		uint32_t opens, flags;
		enum severity severity;
	} cases[] = {{1, 0, SEVERITY_WARNING},
		     {2, 0, SEVERITY_ERROR},
		     {2, HGS_LIB_OPAQUE, SEVERITY_WARNING}};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct heap *heap = heap_create();
		uint32_t main = heap_module(heap, "__main__", "/srv/app.py");
		const struct finding *finding;
		struct answer *answer;
		struct snapshot *s;

		library(heap, "/opt/libbar.so", cases[i].opens, 0);
		/* Would explain the open, were it not for the number. */
		library(heap, "/opt/libloader.so", 0,
			HGS_LIB_NEEDED | HGS_LIB_LOADS_LIBRARIES | cases[i].flags);
		global(heap, main, "handle", "int",
		       (struct hgs_holder){.handle = HANDLE, .kind = HGS_HOLDER_INTEGER});
		answer = answer_of(heap, &s);
		assert_int_equal(answer->libraries[0].owners, 0);
		assert_int_equal(answer->libraries[0].integers, 1);
		assert_int_equal(answer->libraries[0].leaked_opens, cases[i].opens);
		finding = find(answer, FINDING_LEAKED_OPEN);
		assert_non_null(finding);
		assert_int_equal(finding->severity, cases[i].severity);
		assert_non_null(strstr(finding->evidence,
				       "held as an integer in `__main__.handle`"));
		assert_true(!strstr(finding->evidence, "libloader.so") == !cases[i].flags);
		done(heap, s, answer);
	}
}

static void test_capsules(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", "/srv/app.py");
	uint32_t names[] = {heap_string(heap, "native.table"), heap_string(heap, "_socket.CAPI"), 0};
	struct answer *answer;
	struct snapshot *s;

	heap_module(heap, "os", "/usr/lib/python3.11/os.py");
	library(heap, "/opt/native.so", 1, 0);
	library(heap, "/usr/lib/python3.11/lib-dynload/_socket.so", 1, HGS_LIB_EXTENSION);
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t object = heap_object(heap, "PyCapsule");

		if (i < 2)
			heap_key(heap, main, i ? "sockets" : "table", object);
		heap_capsule(heap, (struct hgs_capsule){.object = object,
							.name = names[i],
							.points_into = i < 2 ? i : HGS_NONE,
							.destructor_in = HGS_NONE});
	}
	answer = answer_of(heap, &s);
	assert_int_equal(answer->num_capsules, 3);
	assert_string_equal(answer->capsules[0].name, "native.table");
	assert_string_equal(answer->capsules[0].path, "__main__.table");
	assert_true(answer->capsules[0].foreign);
	assert_false(answer->capsules[1].foreign);
	assert_false(answer->capsules[2].foreign);
	assert_null(answer->capsules[2].path);
	done(heap, s, answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_code_that_is_gone),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_capsules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
