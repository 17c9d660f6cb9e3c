/* Safe text, figures, the JSON writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../graph/json.h"
#include "../../graph/utf8.h"
#include "../../graph/words.h"

static void expect_escaped(const char *text, const char *utf8, const char *ascii)
{
	char *got = text_escape(text, true);

	assert_string_equal(got, utf8);
	free(got);
	got = text_escape(text, false);
	assert_string_equal(got, ascii);
	free(got);
}

static void test_escape(void **state)
{
	expect_escaped("plain", "plain", "plain");
	expect_escaped("\033[31m\a", "\\x1b[31m\\x07", "\\x1b[31m\\x07");
	expect_escaped("a\nb\tc\r", "a\\nb\\tc\\r", "a\\nb\\tc\\r");
	expect_escaped("\xc3\xa4", "\xc3\xa4", "\\xe4");
	expect_escaped("\xe2\x80\xae!", "\\u202e!", "\\u202e!");	  /* right-to-left override */
	expect_escaped("\xff\xc0\x80", "\\xff\\xc0\\x80", "\\xff\\xc0\\x80"); /* overlong NUL */
	expect_escaped("\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80"); /* a surrogate */
	expect_escaped("\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80", "\\U0001f600");
	expect_escaped("cut \xe6\xbc", "cut \\xe6\\xbc", "cut \\xe6\\xbc");
	expect_escaped("\xc2\x9b"
		       "1m",
		       "\\x9b1m", "\\x9b1m"); /* C1's own escape sequence */
}

/* Every two-byte string comes out printable and valid. */
static void test_escape_all(void **state)
{
	for (unsigned i = 1; i < 0x10000; i++) {
		const char text[3] = {(char)(i & 0xff), (char)(i >> 8), 0};
		char *got = text_escape(text, true);
		size_t length = strlen(got);

		for (size_t at = 0; at < length;) {
			int32_t code;

			at += utf8_decode(got + at, length - at, &code);
			assert_true(code >= 0x20 && !(code >= 0x7f && code < 0xa0));
		}
		free(got);
	}
}

static void test_elide(void **state)
{
	char *got = text_elide("__main__.cache['a'].dll", 11, true);

	assert_string_equal(got, "__mai\xe2\x80\xa6].dll");
	assert_int_equal(text_width(got), 11);
	free(got);
	got = text_elide("abcdef", 3, false);
	assert_string_equal(got, "abc");
	free(got);
	for (int columns = 0; columns < 12; columns++) {
		got = text_elide("\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2", columns,
				 true);
		assert_true(text_width(got) <= columns);
		free(got);
	}
}

static void test_figures(void **state)
{
	char buffer[WORD_SIZE];

	assert_string_equal(count_words(0, buffer), "0");
	assert_string_equal(count_words(999, buffer), "999");
	assert_string_equal(count_words(1234567, buffer), "1,234,567");
	assert_string_equal(count_words(UINT64_MAX, buffer), "18,446,744,073,709,551,615");
	assert_string_equal(bytes_words(999, buffer), "999 B");
	assert_string_equal(bytes_words(1000, buffer), "1.0 kB");
	assert_string_equal(bytes_words(999999, buffer), "1.0 MB");
	assert_string_equal(bytes_words(194000000, buffer), "194 MB");
	assert_string_equal(bytes_words(UINT64_MAX, buffer), "18 EB");
	assert_string_equal(duration_words(2930000, buffer), "2.9 ms");
	assert_string_equal(duration_words(1400000000, buffer), "1.4 s");
	assert_string_equal(version_words(0x030b07f0, buffer), "3.11.7");
	assert_string_equal(version_words(0x030e00c2, buffer), "3.14.0rc2");
}

static void test_json(void **state)
{
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);
	struct json json = json_start(out);
	struct hg_error *error;

	json_object(&json, NULL);
	json_string(&json, "a\"b", "\\ \n \x7f \xff \xc3\xa4 \xe2\x80\xa8");
	json_array(&json, "list");
	json_hex(&json, NULL, UINT64_MAX);
	json_ms(&json, NULL, 2930123);
	json_array(&json, NULL);
	json_array_end(&json);
	json_array_end(&json);
	json_string(&json, "none", NULL);
	json_object_end(&json);
	error = json_finish(&json);
	fclose(out);
	assert_null(error);
	assert_string_equal(text, "{\n  \"a\\\"b\": \"\\\\ \\u000a \\u007f \\ufffd \xc3\xa4 \\u2028\",\n"
				  "  \"list\": [\n    \"0xffffffffffffffff\",\n    2.930,\n    []\n"
				  "  ],\n  \"none\": null\n}\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape), cmocka_unit_test(test_escape_all),
		cmocka_unit_test(test_elide),  cmocka_unit_test(test_figures),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
