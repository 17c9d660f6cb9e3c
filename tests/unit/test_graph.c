/* The algorithms against brute force on random graphs. A failure prints its seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../graph/components.h"
#include "../../graph/surplus.h"
#include "heap.h"

#define MAX 24 /* objects of a random heap, those that every heap has come on top */
#define ROUNDS 400

static uint64_t next_random(uint64_t *seed) /* xorshift64* */
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 0x2545f4914f6cdd1dull >> 33;
}

struct matrix {
	uint32_t n;
	bool reaches[96][96]; /* by at least one reference */
	unsigned distance[96][96];
	unsigned edges[96][96];
};

static void close_matrix(const struct snapshot *s, const uint8_t *skip, struct matrix *a)
{
	memset(a, 0, sizeof(*a));
	a->n = s->n;
	assert_true(s->n <= 96);
	for (uint32_t i = 0; i < s->n; i++)
		for (uint64_t e = s->start[i]; e < s->start[i + 1]; e++) {
			a->edges[i][s->target[e]]++;
			if (skip && (skip[i] || skip[s->target[e]]))
				continue;
			a->reaches[i][s->target[e]] = true;
			a->distance[i][s->target[e]] = 1;
		}
	for (uint32_t k = 0; k < s->n; k++)
		for (uint32_t i = 0; i < s->n; i++)
			for (uint32_t j = 0; j < s->n; j++) {
				unsigned way = a->distance[i][k] + a->distance[k][j];

				if (!a->reaches[i][k] || !a->reaches[k][j])
					continue;
				if (!a->reaches[i][j] || way < a->distance[i][j])
					a->distance[i][j] = way;
				a->reaches[i][j] = true;
			}
}

/* A heap with `roots` of its objects in __main__, some held natively, some untracked or frozen. */
static struct heap *random_heap(uint64_t *seed)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL);
	uint32_t objects[MAX], count = 2 + (uint32_t)(next_random(seed) % (MAX - 2));
	uint32_t references = (uint32_t)(next_random(seed) % (count * 2 + 1));

	for (uint32_t i = 0; i < count; i++) {
		uint64_t kind = next_random(seed) % 12;

		objects[i] = heap_object(heap, "list");
		if (kind == 0)
			heap_flags(heap, objects[i], HGS_OBJ_GC);
		else if (kind == 1)
			heap_flags(heap, objects[i], HGS_OBJ_GC | HGS_OBJ_TRACKED | HGS_OBJ_FROZEN);
		else if (kind == 2)
			heap_hold(heap, objects[i], 1);
		else if (kind == 3)
			heap_refer(heap, main, HGS_EDGE_NAME(HGS_EDGE_INDEX, i), objects[i]);
	}
	for (uint32_t i = 0; i < references; i++)
		heap_refer(heap, objects[next_random(seed) % count],
			   HGS_EDGE_NAME(HGS_EDGE_INDEX, i), objects[next_random(seed) % count]);
	return heap;
}

#define check(condition)                                                                 \
	do {                                                                             \
		if (!(condition))                                                        \
			fail_msg("seed %llu: %s", (unsigned long long)start, #condition); \
	} while (0)

static void check_components(const struct snapshot *s, const uint8_t *skip, uint64_t start,
			     uint32_t **component)
{
	static struct matrix a;
	uint32_t count;

	assert_null(graph_components_without(s, skip, component, &count));
	close_matrix(s, skip, &a);
	for (uint32_t i = 0; i < s->n; i++) {
		check((*component)[i] < count);
		for (uint32_t j = 0; j < s->n; j++) {
			bool same = i == j || (a.reaches[i][j] && a.reaches[j][i]);

			check(((*component)[i] == (*component)[j]) == same);
			if (a.reaches[i][j]) /* reverse topological order */
				check((*component)[i] >= (*component)[j]);
		}
	}
}

static void test_components(void **state)
{
	for (uint64_t start = 1; start <= ROUNDS; start++) {
		uint64_t seed = start * 7919;
		struct heap *heap = random_heap(&seed);
		struct snapshot *s = heap_snapshot(heap);
		uint8_t skip[96] = {0};
		uint32_t *component;

		check_components(s, NULL, start, &component);
		free(component);
		for (uint32_t i = 0; i < s->n; i++)
			skip[i] = next_random(&seed) % 4 == 0;
		check_components(s, skip, start, &component);
		free(component);
		snapshot_close(s);
		heap_destroy(heap);
	}
}

static void test_transpose(void **state)
{
	for (uint64_t start = 1; start <= ROUNDS; start++) {
		uint64_t seed = start * 104729;
		struct heap *heap = random_heap(&seed);
		struct snapshot *s = heap_snapshot(heap);
		struct graph *graph;
		uint64_t seen = 0;

		assert_null(graph_create(s, &graph));
		for (uint32_t i = 0; i < s->n; i++)
			for (uint64_t k = graph->in_start[i]; k < graph->in_start[i + 1]; k++) {
				uint32_t source = graph->in_source[k], edge = graph->in_edge[k];

				check(s->target[edge] == i);
				check(edge >= s->start[source] && edge < s->start[source + 1]);
				if (k > graph->in_start[i])
					check(edge > graph->in_edge[k - 1]);
				seen++;
			}
		check(seen == s->m);
		graph_destroy(graph);
		snapshot_close(s);
		heap_destroy(heap);
	}
}

static void test_rings(void **state)
{
	static struct matrix a;

	for (uint64_t start = 1; start <= ROUNDS; start++) {
		uint64_t seed = start * 1299709;
		struct heap *heap = random_heap(&seed);
		struct snapshot *s = heap_snapshot(heap);
		uint32_t *component, count;

		assert_null(graph_components(s, &component, &count));
		close_matrix(s, NULL, &a);
		for (uint32_t i = 0; i < s->n; i++) {
			struct chain ring;

			assert_null(ring_of(s, component, i, &ring));
			check(ring.steps == (a.reaches[i][i] ? a.distance[i][i] + 1 : 0));
			for (uint32_t k = 1; k < ring.steps; k++)
				check(a.edges[ring.object[k - 1]][ring.object[k]]);
			if (ring.steps)
				check(ring.object[0] == i && ring.object[ring.steps - 1] == i);
			chain_deinit(&ring);
		}
		free(component);
		snapshot_close(s);
		heap_destroy(heap);
	}
}

/* The rule of gcmodule.c by repeated deduction: alive is what a root reaches, what counts more
 * references than tracked objects hold, and what something alive refers to. */
static void alive_by_force(const struct snapshot *s, bool frozen_too, bool *alive)
{
	bool changed = true;

	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t tracked = 0, all = 0;

		for (uint32_t j = 0; j < s->n; j++)
			for (uint64_t e = s->start[j]; e < s->start[j + 1]; e++) {
				tracked += s->target[e] == i && (s->flags[j] & HGS_OBJ_TRACKED);
				all += s->target[e] == i;
			}
		for (uint32_t r = 0; r < s->num_roots; r++)
			all += s->roots[r].object == i;
		alive[i] = s->flags[i] & HGS_OBJ_TRACKED ? s->refs[i] > tracked : s->refs[i] > all;
		alive[i] |= (s->flags[i] & HGS_OBJ_IMMORTAL) != 0;
		alive[i] |= frozen_too && (s->flags[i] & HGS_OBJ_FROZEN);
		for (uint32_t r = 0; r < s->num_roots; r++)
			alive[i] |= s->roots[r].object == i;
	}
	while (changed) {
		changed = false;
		for (uint32_t i = 0; i < s->n; i++)
			for (uint64_t e = s->start[i]; alive[i] && e < s->start[i + 1]; e++) {
				changed |= !alive[s->target[e]];
				alive[s->target[e]] = true;
			}
	}
}

static void check_chain(const struct snapshot *s, const struct reach *reach, uint32_t i,
			uint64_t start)
{
	struct chain chain;

	assert_null(chain_of(s, reach, i, &chain));
	check((chain.steps == 0) == (reach->state[i] == REACH_GARBAGE));
	check(!chain.steps || chain.object[chain.steps - 1] == i);
	if (reach->state[i] == REACH_ROOT)
		check(chain.object[0] == s->roots[chain.root].object);
	for (uint32_t k = 1; k < chain.steps; k++) {
		bool found = false;

		for (uint64_t e = s->start[chain.object[k - 1]];
		     e < s->start[chain.object[k - 1] + 1]; e++)
			found |= s->target[e] == chain.object[k] && s->name[e] == chain.edge[k];
		check(found);
	}
	chain_deinit(&chain);
}

static void test_reach(void **state)
{
	uint64_t states[4] = {0};

	for (uint64_t start = 1; start <= ROUNDS; start++) {
		uint64_t seed = start * 15485863, garbage = 0;
		struct heap *heap = random_heap(&seed);
		struct snapshot *s = heap_snapshot(heap);
		bool alive[96], kept[96];
		struct graph *graph;
		struct reach *reach;

		assert_null(graph_create(s, &graph));
		assert_null(reach_create(s, &reach));
		alive_by_force(s, false, alive);
		alive_by_force(s, true, kept);
		for (uint32_t i = 0; i < s->n; i++) {
			uint8_t is = reach->state[i];

			check(alive[i] == (is == REACH_ROOT || is == REACH_NATIVE));
			check((kept[i] && !alive[i]) == (is == REACH_FROZEN));
			check_chain(s, reach, i, start);
			garbage += is == REACH_GARBAGE;
			states[is]++;
		}
		check(garbage == reach->garbage);
		reach_destroy(reach);
		graph_destroy(graph);
		snapshot_close(s);
		heap_destroy(heap);
	}
	for (int i = 0; i < 4; i++) /* the heaps had all kinds in them */
		assert_true(states[i] > ROUNDS);
}

/* heap.c counts each reference; of a running frame's, not all are owned. */
static void test_borrowed_references(void **state)
{
	static const struct {
		enum hgs_frame_edge edge;
		uint32_t surplus;
	} edges[] = { { HGS_FRAME_GLOBALS, 1 }, { HGS_FRAME_GENERATOR, 1 },
		      { HGS_FRAME_LOCALS, 0 },	{ HGS_FRAME_FUNCTION, 0 } };
	struct heap *heap = heap_create();
	uint32_t frame = heap_object(heap, "frame"), held[4], found[96] = {0};
	struct snapshot *s;

	heap_flags(heap, frame, HGS_OBJ_PSEUDO);
	for (int i = 0; i < 4; i++) {
		held[i] = heap_object(heap, "dict");
		heap_refer(heap, frame, HGS_EDGE_NAME(HGS_EDGE_FRAME, edges[i].edge), held[i]);
	}
	s = heap_snapshot(heap);
	assert_true(s->n <= 96);
	surplus_find(s, found, NULL);
	for (int i = 0; i < 4; i++)
		assert_int_equal(surplus_of(s, held[i], found[held[i]]), edges[i].surplus);
	snapshot_close(s);
	heap_destroy(heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_components),
		cmocka_unit_test(test_transpose),
		cmocka_unit_test(test_rings),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_borrowed_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
