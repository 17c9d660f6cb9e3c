/* Conditions: what they let through, and where it is said that they go wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../graph/where.h"
#include "answers.h"

#define DEEP 100000

/* Five objects, each a bit of what a condition lets through. */
enum { SESSION = 1, OTHER = 2, ABC = 4, TABLE = 8, LOST = 16 };

struct scene {
	struct heap *heap;
	struct snapshot *s;
	struct answer *answer;
	uint32_t object[5];
};

static int set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct heap *heap = scene->heap = heap_create();
	uint32_t app = heap_module(heap, "app", NULL);

	scene->object[0] = heap_object(heap, "app.Session");
	scene->object[1] = heap_object(heap, "other.Session");
	scene->object[2] = heap_str(heap, "abc \"d\" (e)");
	scene->object[3] = heap_object(heap, "dict");
	scene->object[4] = heap_object(heap, "app.Lost");
	heap_attr(heap, scene->object[4], "me", scene->object[4]);
	heap_key(heap, app, "session", scene->object[0]);
	heap_key(heap, app, "again", scene->object[0]);
	heap_key(heap, app, "other", scene->object[1]);
	heap_key(heap, app, "text", scene->object[2]);
	heap_key(heap, app, "table", scene->object[3]);
	scene->answer = answer_of(heap, &scene->s);
	*state = scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	done(scene->heap, scene->s, scene->answer);
	free(scene);
	return 0;
}

static unsigned matches(const struct scene *scene, const char *text)
{
	struct where *where;
	struct hg_error *error = where_parse(text, &where);
	unsigned ret = 0;

	if (error)
		fail_msg("%s: %s", text, error->message);
	for (unsigned i = 0; i < 5; i++)
		ret |= where_matches(where, scene->answer, scene->object[i]) ? 1u << i : 0;
	where_destroy(where);
	return ret;
}

static void test_matches(void **state)
{
	static const struct {
		const char *text;
		unsigned objects;
	} cases[] = {
		{"type=app.Session", SESSION},
		{"type=Session", SESSION | OTHER},
		{"type!=Session", ABC | TABLE | LOST},
		{"type!=app.Session", OTHER | ABC | TABLE | LOST},
		{"type~ess", SESSION | OTHER},
		{"type!~ess", ABC | TABLE | LOST},
		{"module=app", SESSION | LOST},
		{"module=builtins", ABC | TABLE},
		{"module!=app", OTHER | ABC | TABLE},
		{"module~th", OTHER},
		{"text~abc", ABC},
		{"text=\"abc \\\"d\\\" (e)\"", ABC},
		{"text='abc \"d\" (e)'", ABC},
		{"size=64", SESSION | OTHER | ABC | TABLE | LOST},
		{"size>63 and size<65", SESSION | OTHER | ABC | TABLE | LOST},
		{"size>=1k", 0},
		{"size<=1k", SESSION | OTHER | ABC | TABLE | LOST},
		{"count>1 and module=app", SESSION},
		{"count=1 and type=Session", OTHER},
		{"count!=1 and type~Session", SESSION},
		{"state=garbage", LOST},
		{"state!=garbage", SESSION | OTHER | ABC | TABLE},
		{"not state=garbage and not text~abc", SESSION | OTHER | TABLE},
		{"type=dict or module=app and type=Session", SESSION | TABLE},
		{"(type=dict or module=app) and type!=Session", TABLE | LOST},
		{"not (type=dict or module=app)", OTHER | ABC},
		{"not not type=dict", TABLE},
		{"not type=dict or type=dict", SESSION | OTHER | ABC | TABLE | LOST},
		{" \t( ( type = dict ) )\n", TABLE},
		{"type=a or type=b or type=dict and size=64 or type=c", TABLE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		unsigned found = matches(*state, cases[i].text);

		if (found != cases[i].objects)
			fail_msg("%s: 0x%x instead of 0x%x", cases[i].text, found,
				 cases[i].objects);
	}
}

static void test_errors(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "at character 1: a condition is missing"},
		{"  ", "at character 3: a condition is missing"},
		{"type=a and", "at character 11: a condition is missing"},
		{"sise>1", "at character 1: no such field: 'sise'"},
		{"type=a or =b", "at character 11: a field is missing"},
		{"type", "at character 5: after type a comparison is missing"},
		{"type>a", "at character 5: type is not compared by >"},
		{"size~a", "at character 5: size is not compared by ~"},
		{"state~a", "at character 6: state is not compared by ~"},
		{"size>", "at character 6: a value is missing"},
		{"size>1x", "at character 6: '1x' is no number"},
		{"size>-1", "at character 6: '-1' is no number"},
		{"size>99999999999999999999", "is no number"},
		{"size>18446744073709551615k", "is no number"},
		{"state=dead", "at character 7: a state is root, native, frozen or garbage"},
		{"text='abc", "at character 6: the quote is not closed"},
		{"text='abc\\", "at character 6: the quote is not closed"},
		{"(type=a", "at character 1: this bracket is not closed"},
		{"type=a or ((size>1)", "at character 11: this bracket is not closed"},
		{"type=a)", "at character 7: this bracket was not opened"},
		{"()", "at character 2: a field is missing"},
		{"type=a type=b", "at character 8: 'and', 'or' or the end is missing"},
		{"type=a not type=b", "at character 8: 'and', 'or' or the end is missing"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct where *where = NULL;
		struct hg_error *error = where_parse(cases[i].text, &where);

		if (!error)
			fail_msg("%s was read", cases[i].text);
		if (error->code != HG_EXIT_USAGE || !strstr(error->message, cases[i].why))
			fail_msg("%s: %s", cases[i].text, error->message);
		assert_non_null(error->hint);
		hg_error_free(error);
	}
}

/* Depth costs memory and no stack. */
static void test_deep(void **state)
{
	const char *inner = "type=dict";
	size_t length = strlen(inner);
	char *text = malloc(2 * DEEP + length + 1);

	memset(text, '(', DEEP);
	memcpy(text + DEEP, inner, length);
	memset(text + DEEP + length, ')', DEEP);
	text[2 * DEEP + length] = '\0';
	assert_int_equal(matches(*state, text), TABLE);
	free(text);
	text = malloc(4 * DEEP + length + 1);
	for (size_t i = 0; i < DEEP; i++)
		memcpy(text + 4 * i, "not ", 4);
	memcpy(text + 4 * DEEP, inner, length + 1);
	assert_int_equal(matches(*state, text), TABLE);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
