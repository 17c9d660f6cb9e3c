#include "places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

void assert_place(struct heap *heap, uint32_t object, const struct expected *expected)
{
	struct snapshot *s = heap_snapshot(heap);
	_cleanup_free_ char *path = NULL, *advice = NULL;
	struct reach *reach;
	struct chain chain;
	struct place place;

	assert_null(reach_create(s, &reach));
	assert_null(chain_of(s, reach, object, &chain));
	path = path_text(s, &chain);
	assert_string_equal(path, expected->path);
	assert_int_equal(place_of_chain(s, &chain, &place), expected->through != NULL);
	if (expected->through) {
		assert_string_equal(place_through(&place), expected->through);
		assert_int_equal(place_severity(&place), expected->severity);
		advice = place_advice(&place);
		if (!strstr(advice, expected->advice))
			fail_msg("\"%s\" is not in \"%s\"", expected->advice, advice);
	}
	chain_deinit(&chain);
	reach_destroy(reach);
	snapshot_close(s);
}

uint32_t heap_function(struct heap *heap, const char *qualname)
{
	uint32_t ret = heap_object(heap, "function");

	heap_text(heap, ret, qualname);
	return ret;
}
