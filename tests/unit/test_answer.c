/* The answer on heaps made by hand: each a small program that leaks, or rightly does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "answers.h"

/* Proc.on_done is a bound method of the Proc itself, Proc.dll a CDLL with its function cache. */
static uint32_t leaking_proc(struct heap *heap)
{
	uint32_t proc = heap_object(heap, "__main__.Proc");
	uint32_t method = heap_object(heap, "method");

	heap_attr(heap, proc, "on_done", method);
	heap_member(heap, method, "__self__", proc);
	heap_attr(heap, proc, "dll", heap_cdll(heap, "libfoo.so", HANDLE, 0, true));
	return proc;
}

static void test_cycle_pins(void **state)
{
	struct heap *heap = heap_create();
	const struct finding *finding;
	struct answer *answer;
	struct snapshot *s;

	library(heap, "/opt/libfoo.so", 3, 0);
	for (int i = 0; i < 3; i++)
		leaking_proc(heap);
	heap_meta(heap)->gc_enabled = 0;
	answer = answer_of(heap, &s);

	assert_int_equal(answer->num_findings, 2);
	finding = find(answer, FINDING_CYCLE_PINS_HANDLE);
	assert_non_null(finding);
	assert_int_equal(finding->severity, SEVERITY_ERROR);
	assert_int_equal(finding->count, 3);
	assert_string_equal(finding->title,
			    "libfoo.so: 3 handles pinned by garbage cycles that gc will not free "
			    "(gc is disabled)");
	assert_string_equal(finding->advice, "hold `__main__.Proc.on_done` weakly as a "
					     "weakref.WeakMethod, or drop it when done");
	assert_string_equal(finding->evidence, "3 equal cycles of 2 objects: __main__.Proc -> "
					       "method -> __main__.Proc");
	assert_non_null(find(answer, FINDING_GC_OFF));
	assert_int_equal(answer->num_cycles, 1);
	assert_int_equal(answer->cycles[0].count, 3);
	assert_int_equal(answer->cycles[0].ring.steps, 3);
	assert_int_equal(answer->cycles[0].num_pins, 1);
	assert_int_equal(answer->holders[0].state, HOLDER_GARBAGE);
	assert_int_equal(answer->holders[0].cycle, 0);
	assert_int_equal(answer->holders[0].tail.steps, 2);
	assert_int_equal(finding_holder(answer, finding)->tail.object[0],
			 answer->cycles[0].ring.object[0]);
	assert_int_equal(answer->libraries[0].owners, 3);
	assert_int_equal(answer->libraries[0].leaked_opens, 0);
	done(heap, s, answer);
}

/* To 3.10 an instance has its attributes in a dict of its own: the ring reads the same. */
static void test_cycle_through_dict(void **state)
{
	struct heap *heap = heap_create();
	uint32_t proc = heap_object(heap, "__main__.Proc"), method = heap_object(heap, "method");
	uint32_t dict = heap_dict_of(heap, proc);
	struct answer *answer;
	struct snapshot *s;

	library(heap, "/opt/libfoo.so", 1, 0);
	heap_key(heap, dict, "on_done", method);
	heap_member(heap, method, "__self__", proc);
	heap_key(heap, dict, "dll", heap_cdll(heap, "libfoo.so", HANDLE, 0, true));
	answer = answer_of(heap, &s);
	assert_int_equal(answer->num_findings, 1);
	assert_string_equal(answer->findings[0].evidence,
			    "1 cycle of 2 objects: __main__.Proc -> method -> __main__.Proc");
	assert_string_equal(answer->findings[0].advice, "hold `__main__.Proc.on_done` weakly "
							"as a weakref.WeakMethod, or drop it "
							"when done");
	assert_int_equal(answer->cycles[0].ring.object[0], proc);
	assert_int_equal(answer->cycles[0].ring.object[1], dict);
	assert_int_equal(answer->cycles[0].ring.object[3], proc);
	assert_int_equal(answer->holders[0].tail.steps, 3);
	assert_int_equal(answer->holders[0].tail.object[0], proc);
	assert_int_equal(answer->holders[0].tail.object[1], dict);
	done(heap, s, answer);
}

static void test_gc_will_run(void **state)
{
	struct heap *heap = heap_create();
	const struct finding *finding;
	struct answer *answer;
	struct snapshot *s;

	library(heap, "/opt/libfoo.so", 1, 0);
	heap_cdll(heap, "libfoo.so", HANDLE, 0, true);
	answer = answer_of(heap, &s);
	finding = find(answer, FINDING_CYCLE_PINS_HANDLE);
	assert_non_null(finding);
	assert_int_equal(answer->num_findings, 1);
	assert_int_equal(finding->severity, SEVERITY_WARNING);
	assert_non_null(strstr(finding->advice, "function cache"));
	assert_int_equal(answer->cycles[0].ring.steps, 4);
	done(heap, s, answer);
}

static void test_frozen(void **state)
{
	struct heap *heap = heap_create();
	const struct finding *finding;
	struct answer *answer;
	struct snapshot *s;
	uint32_t proc;

	library(heap, "/opt/libfoo.so", 1, 0);
	proc = leaking_proc(heap);
	heap_flags(heap, proc,
		   HGS_OBJ_TRACKED | HGS_OBJ_GC | HGS_OBJ_FROZEN | HGS_OBJ_USER);
	heap_meta(heap)->gc_frozen = 1;
	answer = answer_of(heap, &s);
	finding = find(answer, FINDING_CYCLE_PINS_HANDLE);
	assert_non_null(finding);
	assert_int_equal(finding->severity, SEVERITY_ERROR);
	assert_int_equal(answer->cycles[0].state, CYCLE_FROZEN);
	assert_non_null(find(answer, FINDING_GC_OFF));
	done(heap, s, answer);
}

static void test_leaked_opens(void **state)
{
	struct heap *heap = heap_create();
	const struct finding *finding;
	struct answer *answer;
	struct snapshot *s;

	library(heap, "/opt/libfoo.so", 10, 0);
	library(heap, "/usr/bin/python3.11", 2, HGS_LIB_STARTUP | HGS_LIB_MAIN);
	library(heap, "/lib/libc.so.6", 0, HGS_LIB_STARTUP);
	library(heap, "/lib/libgcc_s.so.1", 1, 0);
	library(heap, "/lib/libstdc++.so.6", 5, HGS_LIB_NODELETE);
	library(heap, "/lib/_ctypes.cpython-311.so", 1, HGS_LIB_EXTENSION);
	library(heap, "/lib/libffi.so.8", 0, HGS_LIB_NEEDED);
	library(heap, "/lib/libplugin.so", 1, 0);
	answer = answer_of(heap, &s);
	finding = find(answer, FINDING_LEAKED_OPEN);
	assert_int_equal(answer->num_findings, 3);
	assert_string_equal(finding->library_name, "libfoo.so");
	assert_int_equal(finding->count, 10);
	assert_int_equal(finding->severity, SEVERITY_ERROR);
	assert_string_equal(finding[1].library_name, "libplugin.so");
	assert_int_equal(finding[1].severity, SEVERITY_ERROR);
	assert_int_equal(finding[2].code, FINDING_STILL_MAPPED);
	assert_string_equal(finding[2].library_name, "libstdc++.so.6");
	assert_int_equal(finding[2].severity, SEVERITY_NOTE);
	assert_int_equal(answer->libraries[0].leaked_opens, 10);
	assert_string_equal(answer->libraries[0].loaded_by, "dlopen");
	assert_int_equal(answer->libraries[1].leaked_opens, 1);
	assert_string_equal(answer->libraries[1].loaded_by, "main");
	assert_int_equal(answer->libraries[2].leaked_opens, -1);
	assert_int_equal(answer->libraries[3].leaked_opens, -1); /* glibc's own */
	assert_int_equal(answer->libraries[4].leaked_opens, -1);
	assert_int_equal(answer->libraries[5].leaked_opens, 0);
	assert_string_equal(answer->libraries[5].loaded_by, "import");
	assert_int_equal(answer->libraries[6].leaked_opens, -1);
	assert_string_equal(answer->libraries[6].loaded_by, "needed");
	done(heap, s, answer);
}

/* One open without an owner says nothing where somebody else may have opened it. */
static void test_opens_of_native_code(void **state)
{
	static const struct {
		const char *loader;
		bool known;
	} cases[] = {
		{"/lib/libX11.so.6", false},
		{"/lib/_ctypes.cpython-311.so", true},
		{"/lib/libcrypto.so.3", true},
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct heap *heap = heap_create();
		struct answer *answer;
		struct snapshot *s;

		library(heap, "/usr/bin/python3.11", 1,
			HGS_LIB_STARTUP | HGS_LIB_MAIN | HGS_LIB_PYTHON | HGS_LIB_LOADS_LIBRARIES);
		library(heap, cases[i].loader, 0, HGS_LIB_NEEDED | HGS_LIB_LOADS_LIBRARIES);
		library(heap, "/opt/libplugin.so", 1, 0);
		library(heap, "/opt/libtwice.so", 2, 0);
		library(heap, "/usr/lib/ossl-modules/legacy.so", 1, 0);
		answer = answer_of(heap, &s);
		assert_int_equal(answer->libraries[2].leaked_opens, cases[i].known ? 1 : -1);
		assert_int_equal(answer->libraries[3].leaked_opens, 2);
		assert_int_equal(answer->libraries[4].leaked_opens, -1);
		assert_int_equal(answer->num_findings, cases[i].known ? 2 : 1);
		done(heap, s, answer);
	}
}

/* CPython 3.15's import makes two dlopens of most extension modules: no leak of the program's. */
static void test_imported_twice(void **state)
{
	struct heap *heap = heap_create();
	struct answer *answer;
	struct snapshot *s;

	library(heap, "/lib/_bz2.cpython-315.so", 2, HGS_LIB_EXTENSION | HGS_LIB_IMPORTED_TWICE);
	library(heap, "/lib/_lzma.cpython-315.so", 3, HGS_LIB_EXTENSION | HGS_LIB_IMPORTED_TWICE);
	answer = answer_of(heap, &s);
	assert_int_equal(answer->libraries[0].leaked_opens, 0);
	assert_int_equal(answer->libraries[1].leaked_opens, 1);
	assert_int_equal(answer->num_findings, 1);
	assert_string_equal(answer->findings[0].library_name, "_lzma.cpython-315.so");
	done(heap, s, answer);
}

static void test_dangling(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", "/srv/app.py");
	const struct finding *finding;
	struct answer *answer;
	struct snapshot *s;

	library(heap, "/opt/libbar.so.2", 1, 0);
	heap_key(heap, main, "gone", heap_cdll(heap, "./libfoo.so", 0x1234, HGS_NONE, false));
	heap_key(heap, main, "other", heap_cdll(heap, "./libfoo.so", HANDLE, 0, false));
	heap_key(heap, main, "same", heap_cdll(heap, "/opt/libbar.so", HANDLE, 0, false));
	answer = answer_of(heap, &s);
	finding = find(answer, FINDING_DANGLING_HANDLE);
	assert_non_null(finding);
	assert_int_equal(finding->library, HGS_NONE);
	assert_string_equal(finding->library_name, "libfoo.so");
	assert_non_null(strstr(finding->evidence, "(__main__.gone) is in no link map"));
	finding = find(answer, FINDING_ALIASED_HANDLE);
	assert_non_null(finding);
	assert_non_null(strstr(finding->title, "libbar.so.2's now"));
	assert_int_equal(answer->libraries[0].owners, 1);
	assert_int_equal(answer->holders[2].state, HOLDER_LIVE);
	done(heap, s, answer);
}

static void test_idle_with_ctypes(void **state)
{
	struct heap *heap = heap_create();
	uint32_t ctypes = heap_module(heap, "ctypes", "/usr/lib/python3.11/ctypes/__init__.py");
	struct answer *answer;
	struct snapshot *s;

	library(heap, "/usr/bin/python3.11", 2, HGS_LIB_STARTUP | HGS_LIB_MAIN);
	library(heap, "/lib/libuuid.so.1", 1, 0);
	heap_key(heap, ctypes, "pythonapi", heap_cdll(heap, "", HANDLE, 0, true));
	heap_key(heap, ctypes, "_uuid", heap_cdll(heap, "libuuid.so.1", HANDLE, 1, true));
	answer = answer_of(heap, &s);
	assert_int_equal(answer->num_findings, 0);
	assert_int_equal(answer->libraries[0].leaked_opens, 0);
	assert_string_equal(answer->holders[0].path, "ctypes.pythonapi");
	done(heap, s, answer);
}

static void test_root_pins(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", "/srv/app.py");
	uint32_t pool = heap_object(heap, "list"), cache = heap_object(heap, "dict");
	const struct finding *finding;
	struct answer *answer;
	struct snapshot *s;

	library(heap, "/opt/libfoo.so", 4, 0);
	heap_key(heap, main, "pool", pool);
	heap_key(heap, main, "cache", cache);
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t proc = heap_object(heap, "__main__.Proc");

		heap_refer(heap, pool, HGS_EDGE_NAME(HGS_EDGE_INDEX, 9 + i), proc);
		heap_key(heap, heap_dict_of(heap, proc), "dll",
			 heap_cdll(heap, "libfoo.so", HANDLE, 0, true));
	}
	heap_key(heap, cache, "it's", heap_cdll(heap, "libfoo.so", HANDLE, 0, false));
	answer = answer_of(heap, &s);
	assert_int_equal(answer->num_findings, 2);
	finding = &answer->findings[0];
	assert_int_equal(finding->code, FINDING_ROOT_PINS_HANDLE);
	assert_int_equal(finding->severity, SEVERITY_NOTE);
	assert_int_equal(finding->count, 3);
	assert_string_equal(finding->title,
			    "libfoo.so: 3 handles held, like `__main__.pool[9].dll`");
	assert_string_equal(answer->findings[1].title,
			    "libfoo.so: held by `__main__.cache['it\\'s']`");
	done(heap, s, answer);
}

static void test_select(void **state)
{
	static const struct {
		const char *expression;
		int total; /* or -exit code */
	} cases[] = {
		{"0x7f0000000000", 1}, {"0x1", -1}, {"0xzz", -2}, {"type:ctypes.CDLL", 2},
		{"type:CDLL#2", 1}, {"type:CDLL#3", -1}, {"type:CDLL#x", -2}, {"lib:foo", 2},
		{"lib:libfoo.so", 2}, {"lib:bar", -1}, {"__main__.cache['a']", 1},
		{"__main__.cache[\"a\"]._name", 1}, {"__main__.cache['b']", -1},
		{"__main__.pool[0]", 1}, {"__main__.pool[1]", -1}, {"__main__.pool[", -2},
		{"__main__.pool..x", -2}, {"__main__", 1}, {"nomodule.x", -1}, {"[", -2}, {"", -2},
	};
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL);
	uint32_t pool = heap_object(heap, "list"), cache = heap_object(heap, "dict");
	struct answer *answer;
	struct snapshot *s;

	library(heap, "/opt/libfoo.so", 2, 0);
	heap_key(heap, main, "pool", pool);
	heap_key(heap, main, "cache", cache);
	heap_refer(heap, pool, HGS_EDGE_NAME(HGS_EDGE_INDEX, 0),
		   heap_cdll(heap, "libfoo.so", HANDLE, 0, false));
	heap_key(heap, cache, "a", heap_cdll(heap, "libfoo.so", HANDLE, 0, false));
	answer = answer_of(heap, &s);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint32_t *objects = NULL, count = 0;
		uint64_t total = 0;
		struct hg_error *error = select_objects(answer, cases[i].expression, 1, &objects,
							&count, &total);

		if ((error ? -(int)error->code : (int)total) != cases[i].total)
			fail_msg("%s: %s", cases[i].expression, error ? error->message : "found");
		if (!error)
			assert_int_equal(count, 1);
		hg_error_free(error);
		free(objects);
	}
	done(heap, s, answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cycle_pins),	 cmocka_unit_test(test_cycle_through_dict),
		cmocka_unit_test(test_gc_will_run),
		cmocka_unit_test(test_frozen),		 cmocka_unit_test(test_leaked_opens),
		cmocka_unit_test(test_imported_twice),
		cmocka_unit_test(test_opens_of_native_code),
		cmocka_unit_test(test_dangling),	 cmocka_unit_test(test_idle_with_ctypes),
		cmocka_unit_test(test_root_pins),	 cmocka_unit_test(test_select),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
