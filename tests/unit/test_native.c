/* What the answer makes of a search of memory: whose references, which callbacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "../../graph/unload.h"
#include "answers.h"

enum { LIBRARY, PYTHON, LIBRARIES };

/* A heap with two libraries, each with a segment of data, and a module of the application's. */
static struct heap *make(uint32_t *main)
{
	struct heap *heap = heap_create();

	*main = heap_module(heap, "__main__", "/srv/app.py");
	heap_library(heap, (struct hgs_library){.path = heap_string(heap, "/opt/libmeter.so"),
						.handle = 0x1000, .opens = 1,
						.needed_by = HGS_NONE, .bound_by = HGS_NONE});
	heap_library(heap, (struct hgs_library){.path = heap_string(heap, "/usr/lib/libpython3.so"),
						.handle = 0x2000, .opens = 1, .flags = HGS_LIB_PYTHON,
						.needed_by = HGS_NONE, .bound_by = HGS_NONE});
	for (uint32_t i = 0; i < LIBRARIES; i++)
		heap_segment(heap, (struct hgs_segment){.start = 0x10000 * (i + 1),
							.end = 0x10000 * (i + 1) + 0x1000,
							.library = i, .prot = 3});
	heap_segment(heap, (struct hgs_segment){.start = 0x80000, .end = 0x90000,
						.path = heap_string(heap, "[heap]"),
						.library = HGS_NONE, .prot = 3});
	heap_meta(heap)->threads = 1;
	heap_search(heap, (struct hgs_search){.bytes = 1 << 20});
	return heap;
}

static struct hgs_word word(uint32_t segment, uint32_t place, uint32_t kind, uint32_t target)
{
	return (struct hgs_word){.at = 0x10000 * (segment + 1) + 64, .value = 0x7000,
				 .segment = segment, .place = place, .kind = kind, .target = target,
				 .library = segment < LIBRARIES ? segment : HGS_NONE};
}

/* An object with references that nothing found accounts for. */
static uint32_t surplus(struct heap *heap, const char *type, uint32_t references,
			struct hgs_surplus row)
{
	uint32_t object = heap_object(heap, type);

	heap_hold(heap, object, references);
	row.object = object;
	row.surplus = references;
	heap_surplus(heap, row);
	return object;
}

static void test_library_keeps(void **state)
{
	uint32_t main, label, own;
	struct heap *heap = make(&main);
	const struct finding *finding;
	struct answer *answer;
	struct snapshot *s;

	label = surplus(heap, "__main__.Label", 1, (struct hgs_surplus){.in_libraries = 1});
	heap_word(heap, word(LIBRARY, HGS_PLACE_BSS, HGS_WORD_OBJECT, label));
	/* CPython's own, and a type of the library's own. */
	own = surplus(heap, "__main__.Cached", 1, (struct hgs_surplus){.in_libraries = 1});
	heap_word(heap, word(PYTHON, HGS_PLACE_DATA, HGS_WORD_OBJECT, own));
	own = surplus(heap, "dict", 1, (struct hgs_surplus){.in_libraries = 1});
	heap_word(heap, word(LIBRARY, HGS_PLACE_DATA, HGS_WORD_OBJECT, own));
	answer = answer_of(heap, &s);
	assert_int_equal(answer->num_native, 1);
	assert_string_equal(answer->native[0].found_in[0], "libmeter.so .bss");
	finding = find(answer, FINDING_REFERENCE_SURPLUS);
	assert_non_null(finding);
	assert_int_equal(finding->library, LIBRARY);
	assert_string_equal(finding->title,
			    "1 __main__.Label object is held by native code: libmeter.so .bss");
	done(heap, s, answer);
}

/* Only what more references than words and registers say is a leak. */
static void test_forgotten(void **state)
{
	uint32_t main;
	struct heap *heap = make(&main);
	const struct finding *finding;
	struct answer *answer;
	struct snapshot *s;

	surplus(heap, "list", 40, (struct hgs_surplus){.in_heap = 2, .in_anonymous = 1});
	surplus(heap, "dict", 6, (struct hgs_surplus){.reserved = 0});
	surplus(heap, "set", 40, (struct hgs_surplus){.inferred = 40});
	surplus(heap, "deque", 20, (struct hgs_surplus){.in_stacks = 30});
	surplus(heap, "tuple", 1, (struct hgs_surplus){.reserved = 0}); /* lost once */
	answer = answer_of(heap, &s);
	finding = find(answer, FINDING_REFERENCE_SURPLUS);
	assert_non_null(finding);
	assert_int_equal(finding->count, 37);
	assert_string_equal(finding->title, "1 list object: 37 references to it that nothing holds");
	assert_int_equal(answer->num_native, 3);
	for (uint32_t i = 0; i < answer->num_findings; i++)
		assert_null(strstr(answer->findings[i].title, "tuple"));
	assert_int_equal(answer->native[0].unaccounted, 37);
	done(heap, s, answer);
}

/* Memory that was not searched may have anything. */
static void test_not_all_searched(void **state)
{
	uint32_t main;
	struct heap *heap = make(&main);
	struct answer *answer;
	struct snapshot *s;

	heap_search(heap, (struct hgs_search){.bytes = 1 << 20, .left_out = 4096});
	surplus(heap, "list", 40, (struct hgs_surplus){.in_heap = 2});
	answer = answer_of(heap, &s);
	assert_null(find(answer, FINDING_REFERENCE_SURPLUS));
	done(heap, s, answer);
}

static uint32_t callback(struct heap *heap, uint32_t in, const char *name)
{
	uint32_t thunk = heap_object(heap, "_ctypes.CThunkObject");
	uint32_t called = heap_object(heap, "builtin_function_or_method");

	heap_refer(heap, thunk, HGS_EDGE_UNNAMED, called);
	if (in == HGS_NONE)
		heap_refer(heap, called, HGS_EDGE_UNNAMED, thunk);
	else
		heap_key(heap, in, name, thunk);
	heap_holder(heap, (struct hgs_holder){.code = 0x7000, .object = thunk,
					      .kind = HGS_HOLDER_CALLBACK, .library = HGS_NONE});
	return thunk;
}

static void test_callbacks(void **state)
{
	uint32_t main, kept, lost, severities[3] = {0};
	struct heap *heap = make(&main);
	struct answer *answer;
	struct snapshot *s;

	kept = callback(heap, main, "kept");
	lost = callback(heap, HGS_NONE, NULL);
	heap_word(heap, word(LIBRARY, HGS_PLACE_BSS, HGS_WORD_CALLBACK, kept));
	heap_word(heap, word(LIBRARY, HGS_PLACE_BSS, HGS_WORD_CALLBACK, lost));
	heap_word(heap, word(LIBRARY, HGS_PLACE_BSS, HGS_WORD_FREED, HGS_NONE));
	heap_word(heap, word(PYTHON, HGS_PLACE_DATA, HGS_WORD_FREED, HGS_NONE));
	answer = answer_of(heap, &s);
	for (uint32_t i = 0; i < answer->num_findings; i++)
		if (answer->findings[i].code == FINDING_NATIVE_CALLBACK) {
			assert_int_equal(answer->findings[i].library, LIBRARY);
			severities[answer->findings[i].severity]++;
		}
	assert_int_equal(severities[SEVERITY_WARNING], 2);
	assert_int_equal(severities[SEVERITY_NOTE], 1);
	done(heap, s, answer);
}

/* Words that may be stale leave it open, others say no. */
static void test_unload(void **state)
{
	uint32_t main;
	struct heap *heap = make(&main);
	struct unload *unload;
	struct answer *answer;
	struct snapshot *s;

	heap_library(heap, (struct hgs_library){.path = heap_string(heap, "/opt/libhost.so"),
						.start = 0x30000, .end = 0x31000, .opens = 1,
						.needed_by = HGS_NONE, .bound_by = HGS_NONE});
	heap_library(heap, (struct hgs_library){.path = heap_string(heap, "/opt/libcodec.so.2"),
						.start = 0x40000, .end = 0x41000, .opens = 1,
						.needed_by = HGS_NONE, .bound_by = HGS_NONE});
	heap_pointer(heap, (struct hgs_pointer){.at = 0x80040, .value = 0x30010, .library = 2,
						.place = HGS_PLACE_HEAP, .from = HGS_NONE,
						.object = HGS_NONE, .segment = 2, .count = 3});
	answer = answer_of(heap, &s);
	hg_error_free(unload_create(answer, "nothing", &unload));
	assert_null(unload_create(answer, "codec", &unload));
	assert_int_equal(unload->verdict, UNLOAD_SAFE);
	unload_destroy(unload);
	assert_null(unload_create(answer, "/opt/libhost.so", &unload));
	assert_int_equal(unload->verdict, UNLOAD_UNKNOWN);
	assert_string_equal(unload->pointers[0].from, "[heap]");
	assert_string_equal(unload->pointers[0].what,
			    "3 words may be addresses of its data, like 0x30010 at 0x80040");
	unload_destroy(unload);
	answer_destroy(answer);
	snapshot_close(s);
	heap_pointer(heap, (struct hgs_pointer){.at = 0x10040, .value = 0x30020, .library = 2,
						.place = HGS_PLACE_BSS, .from = LIBRARY,
						.object = HGS_NONE, .flags = HGS_POINTER_CODE,
						.count = 1});
	answer = answer_of(heap, &s);
	assert_null(unload_create(answer, "libhost.so", &unload));
	assert_int_equal(unload->verdict, UNLOAD_UNSAFE);
	assert_int_equal(unload->num_pointers, 2);
	assert_string_equal(unload->pointers[0].from, "libmeter.so .bss");
	unload_destroy(unload);
	done(heap, s, answer);
}

/* Node -> Box by reference, Box -> Node read out of its memory. A Box on no cycle is none. */
static void test_untraversable(void **state)
{
	uint32_t main, node[2], box[3];
	struct heap *heap = make(&main);
	const struct finding *finding;
	struct answer *answer;
	struct snapshot *s;

	for (unsigned i = 0; i < 2; i++) {
		node[i] = heap_object(heap, "__main__.Node");
		box[i] = heap_object(heap, "meter.Box");
		heap_flags(heap, box[i], 0);
		heap_attr(heap, node[i], "box", box[i]);
		heap_hold(heap, node[i], 1);
		heap_inferred(heap, (struct hgs_inferred){.from = box[i], .to = node[i],
							  .offset = 16});
	}
	box[2] = heap_object(heap, "meter.Box");
	heap_key(heap, main, "box", box[2]);
	heap_inferred(heap, (struct hgs_inferred){.from = box[2], .to = node[0], .offset = 16});
	heap_holder(heap, (struct hgs_holder){.object = heap_type(heap, "meter.Box"),
					      .kind = HGS_HOLDER_TYPE, .library = LIBRARY});
	answer = answer_of(heap, &s);
	finding = find(answer, FINDING_UNTRAVERSABLE_TYPE);
	assert_non_null(finding);
	assert_int_equal(finding->count, 2);
	assert_int_equal(finding->library, LIBRARY);
	assert_int_equal(finding->severity, SEVERITY_WARNING);
	assert_string_equal(finding->title,
			    "2 meter.Box objects in cycles that gc cannot see (libmeter.so)");
	done(heap, s, answer);
}

/* Of an instance of the application's class; a number elsewhere is none. */
static void test_pointers(void **state)
{
	uint32_t main, session, number, other;
	struct heap *heap = make(&main);
	const struct finding *finding;
	struct answer *answer;
	struct snapshot *s;

	session = heap_object(heap, "__main__.Session");
	number = heap_int(heap, "94000000000000");
	other = heap_int(heap, "94000000000016");
	heap_key(heap, main, "session", session);
	heap_attr(heap, session, "pointer", number);
	heap_attr(heap, session, "count", other);
	heap_key(heap, main, "number", number);
	heap_block(heap, (struct hgs_block){.address = 94000000000000, .size = 208,
					    .object = number});
	answer = answer_of(heap, &s);
	finding = find(answer, FINDING_NATIVE_POINTER);
	assert_non_null(finding);
	assert_int_equal(finding->count, 1);
	assert_string_equal(finding->title,
			    "__main__.Session.pointer: 1 address of a native block (inferred)");
	done(heap, s, answer);
}

static bool is_refused(struct heap *heap)
{
	_cleanup_close_ int fd = heap_write(heap);
	struct snapshot *s = NULL;
	struct hg_error *error = snapshot_open_fd(fd, "heap", &s);
	bool refused = error && error->code == HG_EXIT_UNREADABLE;

	hg_error_free(error);
	snapshot_close(s);
	heap_destroy(heap);
	return refused;
}

/* Rows that point outside what there is. */
static void test_out_of_range(void **state)
{
	const struct hgs_pointer pointer = {.from = HGS_NONE, .object = HGS_NONE, .count = 1};
	struct hgs_pointer wrong[4] = {pointer, pointer, pointer, pointer};
	struct hgs_word words[3] = {word(0, HGS_PLACE_BSS, HGS_WORD_FREED, HGS_NONE),
				    word(0, HGS_PLACE_BSS, HGS_WORD_OBJECT, 99999),
				    word(0, HGS_PLACE_BSS, HGS_WORD_FREED, HGS_NONE)};
	uint32_t main;
	struct heap *heap = make(&main);

	heap_block(heap, (struct hgs_block){.object = 99999});
	assert_true(is_refused(heap));
	heap = make(&main);
	heap_inferred(heap, (struct hgs_inferred){.to = 99999});
	assert_true(is_refused(heap));
	heap = make(&main);
	heap_surplus(heap, (struct hgs_surplus){.object = 99999, .surplus = 1});
	assert_true(is_refused(heap));
	words[0].segment = 99;
	words[2].library = 99;
	for (unsigned i = 0; i < 3; i++) {
		heap = make(&main);
		heap_word(heap, words[i]);
		assert_true(is_refused(heap));
	}
	wrong[0].library = wrong[1].segment = wrong[2].from = 99;
	wrong[3].object = 99999;
	for (unsigned i = 0; i < 4; i++) {
		heap = make(&main);
		heap_pointer(heap, wrong[i]);
		assert_true(is_refused(heap));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_library_keeps),
		cmocka_unit_test(test_forgotten),
		cmocka_unit_test(test_not_all_searched),
		cmocka_unit_test(test_callbacks),
		cmocka_unit_test(test_unload),
		cmocka_unit_test(test_untraversable),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_out_of_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
