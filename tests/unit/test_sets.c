/* Questions about sets of objects, against the definition: on random heaps, take the set away and see
 * what no root reaches any more. A failure prints its seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../graph/gather.h"
#include "../../graph/kinds.h"
#include "../../graph/retained.h"
#include "heap.h"

#define MAX 20u
#define ROUNDS 1500u

#define check(condition)                                                                 \
	do {                                                                             \
		if (!(condition))                                                        \
			fail_msg("seed %llu: %s", (unsigned long long)start, #condition); \
	} while (0)

static uint64_t next_random(uint64_t *seed) /* xorshift64* */
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 0x2545f4914f6cdd1dull >> 33;
}

static struct heap *random_heap(uint64_t *seed, uint32_t *objects, uint32_t *count)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL);
	uint32_t references;

	*count = 2 + (uint32_t)(next_random(seed) % (MAX - 2));
	references = (uint32_t)(next_random(seed) % (*count * 2 + 1));
	for (uint32_t i = 0; i < *count; i++) {
		uint64_t kind = next_random(seed) % 8;

		objects[i] = heap_object(heap, kind & 1 ? "list" : "app.Thing");
		if (kind == 2)
			heap_hold(heap, objects[i], 1);
		else if (kind < 2)
			heap_refer(heap, main, HGS_EDGE_NAME(HGS_EDGE_INDEX, i), objects[i]);
	}
	for (uint32_t i = 0; i < references; i++)
		heap_refer(heap, objects[next_random(seed) % *count],
			   HGS_EDGE_NAME(HGS_EDGE_INDEX, i), objects[next_random(seed) % *count]);
	return heap;
}

/* Objects that the roots do not reach without entering the set, but that they reach with it. */
static void by_force(const struct answer *answer, const uint8_t *set, uint8_t *freed)
{
	const struct snapshot *s = answer->s;
	_cleanup_free_ uint8_t *is_root = NULL;
	_cleanup_free_ uint8_t *without = calloc(s->n + 1ul, 1), *with = calloc(s->n + 1ul, 1);
	bool more = true;

	assert_null(retained_roots(answer, &is_root));
	for (uint32_t i = 0; i < s->n; i++) {
		with[i] = is_root[i];
		without[i] = is_root[i] && !set[i];
	}
	while (more) {
		more = false;
		for (uint32_t i = 0; i < s->n; i++)
			for (uint64_t e = s->start[i]; e < s->start[i + 1]; e++) {
				uint32_t to = s->target[e];

				if ((with[i] && !with[to]) || (without[i] && !without[to] && !set[to]))
					more = true;
				with[to] |= with[i];
				without[to] |= without[i] && !set[to];
			}
	}
	for (uint32_t i = 0; i < s->n; i++)
		freed[i] = with[i] && !without[i];
}

static void check_set(const struct answer *answer, const struct dominators *d,
		      const uint32_t *objects, uint32_t count, uint64_t start)
{
	const struct snapshot *s = answer->s;
	_cleanup_free_ uint8_t *set = calloc(s->n + 1ul, 1), *freed = calloc(s->n + 1ul, 1);
	struct gathering point;
	struct together together;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < count; i++)
		set[objects[i]] = 1;
	by_force(answer, set, freed);
	assert_null(retained_together(answer, objects, count, &together));
	check(memcmp(together.freed, freed, s->n) == 0);
	for (uint32_t i = 0; i < s->n; i++)
		bytes += freed[i] ? s->size[i] : 0;
	check(together.bytes == bytes);
	if (count == 1) {
		check(together.bytes == d->retained[objects[0]]);
		check(together.objects == d->objects[objects[0]]);
	}
	free(together.freed);
	assert_null(gather(answer, d, objects, count, &point));
	if (point.object == HGS_NONE)
		return;
	memset(set, 0, s->n);
	set[point.object] = 1;
	by_force(answer, set, freed);
	for (uint32_t i = 0; i < count; i++)
		point.count -= freed[objects[i]] && objects[i] != point.object;
	check(point.count == 0);
}

static void test_by_force(void **state)
{
	for (uint64_t start = 1; start <= ROUNDS; start++) {
		uint64_t seed = start * 7919;
		uint32_t objects[MAX], chosen[MAX], count, used = 0;
		struct heap *heap = random_heap(&seed, objects, &count);
		struct snapshot *s = heap_snapshot(heap);
		_cleanup_dominators_ struct dominators *d = NULL;
		struct answer *answer;

		assert_null(answer_create(s, &answer));
		assert_null(retained_dominators(answer, &d));
		for (uint32_t i = 0; i < count; i++) {
			check_set(answer, d, &objects[i], 1, start);
			if (next_random(&seed) % 3 == 0)
				chosen[used++] = objects[i];
		}
		if (used)
			check_set(answer, d, chosen, used, start);
		answer_destroy(answer);
		snapshot_close(s);
		heap_destroy(heap);
	}
}

/* A cache of many entries, one entry elsewhere as well, and a list of links. */
static void test_crowds(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", "main.py"), cache = heap_object(heap, "dict");
	uint32_t entry[40], link = heap_object(heap, "app.Link");
	_cleanup_dominators_ struct dominators *d = NULL;
	_cleanup_free_ struct crowd *crowd = NULL;
	struct gathering point;
	struct answer *answer;
	struct snapshot *s;
	uint32_t crowds;
	char key[16];

	heap_key(heap, main, "cache", cache);
	for (uint32_t i = 0; i < 40; i++) {
		entry[i] = heap_object(heap, "app.Entry");
		snprintf(key, sizeof(key), "entry %u", i);
		heap_key(heap, cache, key, entry[i]);
	}
	heap_key(heap, main, "first", entry[0]);
	heap_key(heap, main, "links", link);
	for (uint32_t i = 0; i < 40; i++) {
		uint32_t older = heap_object(heap, "app.Link");

		heap_key(heap, heap_dict_of(heap, link), "older", older);
		link = older;
	}
	s = heap_snapshot(heap);
	assert_null(answer_create(s, &answer));
	assert_null(retained_dominators(answer, &d));
	assert_null(crowds_create(answer, entry, 40, &crowd, &crowds));
	assert_int_equal(crowds, 2);
	assert_int_equal(crowd[0].count, 39);
	assert_int_equal(crowd[1].object, entry[0]);
	assert_null(gather(answer, d, entry, 40, &point));
	assert_int_equal(point.object, cache);
	assert_int_equal(point.count, 39);
	free(take_ptr(crowd));
	for (uint32_t i = 0; i < 20; i++)
		entry[i] = link - 2 * i; /* each link's dict comes before the next link */
	assert_null(crowds_create(answer, entry, 20, &crowd, &crowds));
	assert_int_equal(crowds, 1);
	assert_int_equal(crowd[0].count, 20);
	answer_destroy(answer);
	snapshot_close(s);
	heap_destroy(heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_force),
		cmocka_unit_test(test_crowds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
