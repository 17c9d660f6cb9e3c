/* What stale code addresses and libraries without opens are taken for, on heaps made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "answers.h"

static void segment(struct heap *heap, uint64_t start, uint32_t prot)
{
	heap_segment(heap, (struct hgs_segment){.start = start,
						.end = start + 0x1000,
						.library = HGS_NONE,
						.prot = prot});
}

static void function(struct heap *heap, uint32_t dict, const char *key, uint64_t code,
		     uint32_t library)
{
	uint32_t object = heap_object(heap, "ctypes._FuncPtr");

	heap_key(heap, dict, key, object);
	heap_holder(heap, (struct hgs_holder){.code = code,
					      .object = object,
					      .kind = HGS_HOLDER_FUNCTION,
					      .names = heap_string(heap, "/opt/libgone.so"),
					      .library = library});
}

static void test_functions(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", "/srv/app.py");
	const struct finding *finding;
	struct answer *answer;
	struct snapshot *s;

	library(heap, "/opt/libbar.so", 1, 0);
	library(heap, "/lib/libc.so.6", 0, HGS_LIB_STARTUP);
	segment(heap, 0x1000, 5);
	segment(heap, 0x2000, 3);
	segment(heap, 0x4000, 5);
	function(heap, main, "in_data", 0x2010, HGS_NONE);
	function(heap, main, "in_hole", 0x3010, HGS_NONE);
	function(heap, main, "behind", 0x5000, HGS_NONE);
	function(heap, main, "in_other", 0x1010, 0);
	function(heap, main, "in_libc", 0x4010, 1);
	answer = answer_of(heap, &s);
	finding = find(answer, FINDING_DANGLING_FUNCTION);
	assert_non_null(finding);
	assert_int_equal(finding->severity, SEVERITY_ERROR);
	assert_int_equal(finding->count, 3);
	assert_string_equal(finding->title,
			    "libgone.so: 3 functions point to code that is no longer mapped");
	finding = find(answer, FINDING_ALIASED_HANDLE);
	assert_non_null(finding);
	assert_int_equal(finding->count, 1);
	assert_string_equal(finding->title, "libgone.so: 1 function of it points into libbar.so now");
	assert_int_equal(answer->holders[4].state, HOLDER_LIVE);
	done(heap, s, answer);
}

/* Nobody has it open; only where something says that it was opened once, that is worth a word. */
static void test_still_mapped(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", "/srv/app.py");
	const struct finding *finding;
	struct answer *answer;
	struct snapshot *s;

	heap_key(heap, main, "dll", heap_cdll(heap, "libneeded.so", HANDLE, 0, false));
	library(heap, "/opt/libneeded.so", 0, HGS_LIB_NEEDED);
	library(heap, "/opt/libplain.so", 0, HGS_LIB_NEEDED);
	library(heap, "/lib/libc.so.6", 0, HGS_LIB_STARTUP);
	answer = answer_of(heap, &s);
	finding = find(answer, FINDING_STILL_MAPPED);
	assert_non_null(finding);
	assert_int_equal(finding->severity, SEVERITY_NOTE);
	assert_string_equal(finding->title,
			    "libneeded.so: closed by all who opened it, and still mapped");
	finding = find(answer, FINDING_ROOT_PINS_HANDLE);
	assert_non_null(finding);
	assert_string_equal(finding->advice,
			    "no dlopen is outstanding, so the handle is closed: drop `__main__.dll`, "
			    "and do not close it again");
	for (uint32_t i = 0; i < answer->num_findings; i++)
		assert_true(answer->findings[i].code != FINDING_STILL_MAPPED ||
			    answer->findings[i].library == 0);
	done(heap, s, answer);
}

/* What no code can reach does no harm: a note for the handle, nothing for a function. */
static void test_garbage(void **state)
{
	struct heap *heap = heap_create();
	const struct finding *finding;
	struct answer *answer;
	struct snapshot *s;

	segment(heap, 0x1000, 5);
	heap_cdll(heap, "/opt/libgone.so", 0x1234, HGS_NONE, true);
	answer = answer_of(heap, &s);
	finding = find(answer, FINDING_DANGLING_HANDLE);
	assert_non_null(finding);
	assert_int_equal(finding->severity, SEVERITY_NOTE);
	assert_string_equal(finding->title,
			    "libgone.so: unloaded; 1 object with its old handle is garbage");
	assert_null(find(answer, FINDING_DANGLING_FUNCTION));
	done(heap, s, answer);
}

/* The advice names what the program holds, not what ctypes keeps in it. */
static void test_grip(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", "/srv/app.py");
	uint32_t dll = heap_cdll(heap, "/opt/libgone.so", 0x1234, HGS_NONE, false);
	struct answer *answer;
	struct snapshot *s;

	segment(heap, 0x1000, 5);
	heap_key(heap, main, "dll", dll);
	function(heap, heap_dict_of(heap, dll), "checksum", 0x3010, HGS_NONE);
	answer = answer_of(heap, &s);
	assert_int_equal(answer->num_findings, 2);
	assert_non_null(strstr(find(answer, FINDING_DANGLING_HANDLE)->advice,
			       "drop `__main__.dll` before"));
	assert_non_null(strstr(find(answer, FINDING_DANGLING_FUNCTION)->advice,
			       "drop `__main__.dll`, which keeps it, before"));
	done(heap, s, answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_grip),
		cmocka_unit_test(test_still_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
