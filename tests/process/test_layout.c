/* Versions as text and number, the table, and what an interpreter says of itself. */
#include <string.h>
#include <unistd.h>

#include "../../python_glue/debug_offsets.h"
#include "../../python_glue/runtime.h"
#include "../../python_glue/version.h"
#include "unit.h"

static void versions_are_parsed(void **state)
{
	static const struct {
		const char *text;
		uint32_t version;
	} good[] = {
		{ "3.9.18", 0x030912f0 },  { "3.10.13+", 0x030a0df0 }, { "3.14.0rc2", 0x030e00c2 },
		{ "3.15.0a7", 0x030f00a7 }, { "2.7.18 (default", 0x020712f0 }, { "3.13.0b1+", 0x030d00b1 },
	};
	static const char *const bad[] = { "", "3", "3.9", "3.9.", "x3.9.1", "1.2.3", "3.999.1",
					   "3.9.300", "3.9.1a", "3.9.1rc99" };
	uint32_t version;
	const char *rest;

	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(py_version_parse(good[i].text, &version, &rest));
		assert_int_equal(version, good[i].version);
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(py_version_parse(bad[i], &version, NULL));
}

static void versions_are_printed(void **state)
{
	char text[PY_VERSION_TEXT];

	assert_string_equal(py_version_text(0x03080cf0, text), "3.8.12");
	assert_string_equal(py_version_text(0x030e00c2, text), "3.14.0rc2");
	assert_string_equal(py_version_text(0x030f00a7, text), "3.15.0a7");
}

/* Py_GetVersion as compilers write it, in this process's own memory. */
static void version_is_read_from_code(void **state)
{
	static const char constant[] = "/opt/python/3.9.18";
	static uint8_t code[256];
	const struct memory self = { .pid = getpid() };
	int32_t distance;

	memset(code, 0x90, sizeof(code));
	memcpy(code + 5, "\x48\x8d\x15", 3);
	distance = (int32_t)((constant + strlen("/opt/python/")) - (const char *)(code + 12));
	memcpy(code + 8, &distance, sizeof(distance));
	assert_int_equal(py_version_of_code(&self, (uintptr_t)code), 0x030912f0);
	memset(code, 0x48, sizeof(code));
	assert_int_equal(py_version_of_code(&self, (uintptr_t)code), 0);
	assert_int_equal(py_version_of_code(&self, 16), 0);
}

static void refused_versions_are_named(void **state)
{
	const struct memory self = { .pid = getpid() };
	struct py_layout layout;
	static const uint32_t versions[] = { 0x020712f0, 0x030710f0, 0x031000f0, 0x040000f0 };
	static const char *const names[] = { "2.7.18", "3.7.16", "3.16.0", "4.0.0" };

	for (unsigned i = 0; i < 4; i++) {
		struct hg_error *error = py_layout_for(&self, 0, versions[i], &layout);

		assert_non_null(error);
		assert_int_equal(error->code, HG_EXIT_UNREADABLE);
		assert_non_null(strstr(error->message, names[i]));
		hg_error_free(error);
	}
}

/* A description whose stated offsets are those of the table, as the sources have them. */
static void describe_313(uint64_t words[73])
{
	memset(words, 0, 73 * sizeof(words[0]));
	memcpy(words, "xdebugpy", 8);
	words[1] = 0x030d00f0;
	words[3] = 283320;
	words[5] = 632;
	words[24] = 152;
	words[31] = 56;
	words[32] = 72;
	words[72] = 200;
}

static struct py_layout layout_313(void)
{
	return (struct py_layout){ .version = 0x030d00f0, .minor = 13, .rt_interp_head = 632,
				   .rt_interp_main = 640, .rt_main_thread = 656,
				   .ts_thread_id = 152, .iframe_instr = 56,
				   .iframe_localsplus = 72, .gc_collecting = 200, .ts_dict = 128 };
}

static void refuse(const uint64_t *words, size_t count, const char *why)
{
	struct py_layout layout = layout_313();
	struct hg_error *error = py_debug_offsets_merge(words, count, &layout);

	assert_non_null(error);
	assert_int_equal(error->code, HG_EXIT_UNREADABLE);
	if (!strstr(error->message, why))
		fail_msg("got \"%s\"", error->message);
	hg_error_free(error);
}

static void description_replaces_the_table(void **state)
{
	struct py_layout layout = layout_313();
	uint64_t words[73];

	describe_313(words);
	words[5] = 700;
	words[24] = 160;
	assert_null(py_debug_offsets_merge(words, 73, &layout));
	assert_int_equal(layout.rt_interp_head, 700);
	assert_int_equal(layout.rt_interp_main, 708);
	assert_int_equal(layout.rt_main_thread, 724);
	assert_int_equal(layout.ts_thread_id, 160);
	assert_int_equal(layout.ts_dict, PY_ABSENT);
}

static void bad_descriptions_are_refused(void **state)
{
	uint64_t words[73];

	describe_313(words);
	refuse(words, 72, "shorter");
	words[2] = 1;
	refuse(words, 73, "free-threaded");
	describe_313(words);
	words[0]++;
	refuse(words, 73, "cookie");
	describe_313(words);
	words[1] = 0x030d01f0;
	refuse(words, 73, "another version");
	describe_313(words);
	words[10] = 283320;
	refuse(words, 73, "outside");
	describe_313(words);
	words[32] = 80;
	refuse(words, 73, "frames");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_are_parsed),
		cmocka_unit_test(versions_are_printed),
		cmocka_unit_test(version_is_read_from_code),
		cmocka_unit_test(refused_versions_are_named),
		cmocka_unit_test(description_replaces_the_table),
		cmocka_unit_test(bad_descriptions_are_refused),
	};

	return RUN(tests);
}
