/* libFuzzer: any text as a condition, and the objects of a small heap put to it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../graph/where.h"
#include "../unit/heap.h"

static struct answer *small_heap(void)
{
	struct heap *heap = heap_create();
	uint32_t app = heap_module(heap, "app", NULL);
	struct answer *answer = NULL;

	heap_key(heap, app, "session", heap_object(heap, "app.Session"));
	heap_key(heap, app, "text", heap_str(heap, "abc"));
	hg_error_free(answer_create(heap_snapshot(heap), &answer));
	heap_destroy(heap);
	return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct answer *answer;
	_cleanup_free_ char *text = malloc(size + 1);
	struct where *where = NULL;

	if (!answer)
		answer = small_heap();
	if (!answer || !text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	hg_error_free(where_parse(text, &where));
	for (uint32_t i = 0; where && i < answer->s->n; i++)
		where_matches(where, answer, i);
	where_destroy(where);
	return 0;
}
