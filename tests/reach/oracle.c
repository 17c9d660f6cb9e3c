/* graph-oracle FIRST LAST: what the engine says of random graphs, for igraph to judge
 * (tests/test_igraph.py). One line of JSON for each seed: the graph, its roots, the components, the
 * immediate dominators (-1: not reached; n: the virtual root), retained sizes, the length of the shortest
 * cycle through each object (0: none) and of its chain from a root (0: none). */
#include <inttypes.h>

#include "../../graph/dominators.h"

static uint64_t next_random(uint64_t *seed) /* xorshift64* */
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 0x2545f4914f6cdd1dull >> 33;
}

static void must(struct hg_error *error)
{
	if (!error)
		return;
	fprintf(stderr, "graph-oracle: %s\n", error->message);
	exit(1);
}

/* Arrays that stand in for columns of a file. */
struct columns {
	uint64_t *start, *size;
	uint32_t *target, *name, *zero;
	struct hgs_root *roots;
};

static void columns_deinit(struct columns *c)
{
	free(c->start);
	free(c->size);
	free(c->target);
	free(c->name);
	free(c->zero);
	free(c->roots);
}

/* Self loops, equal edges and unreached parts come by chance; sparse and dense graphs alternate. */
static struct snapshot make(uint64_t seed, struct columns *c)
{
	uint32_t n = 1 + (uint32_t)(next_random(&seed) % 60), used = 0;
	uint32_t m = (uint32_t)(next_random(&seed) % (n * (1 + next_random(&seed) % 6) + 1));

	*c = (struct columns){
		calloc(n + 1ul, sizeof(uint64_t)), calloc(n, sizeof(uint64_t)),
		calloc(m + 1ul, sizeof(uint32_t)), calloc(m + 1ul, sizeof(uint32_t)),
		calloc(n, sizeof(uint32_t)),	   calloc(n, sizeof(struct hgs_root))};
	if (!c->start || !c->size || !c->target || !c->name || !c->zero || !c->roots)
		must(&hg_error_no_memory);
	for (uint32_t i = 0; i < m; i++)
		c->start[1 + next_random(&seed) % n]++;
	for (uint32_t i = 0; i < n; i++) {
		c->start[i + 1] += c->start[i];
		c->size[i] = 1 + next_random(&seed) % 100;
		if (next_random(&seed) % (n / 3 + 1) == 0)
			c->roots[used++] = (struct hgs_root){
				.object = i, .kind = HGS_ROOT_STATIC, .thread = HGS_NONE};
	}
	for (uint32_t i = 0; i < m; i++)
		c->target[i] = (uint32_t)(next_random(&seed) % n);
	return (struct snapshot){
		.strings = "", .strings_size = 1, .n = n, .m = m, .type = c->zero, .refs = c->zero,
		.size = c->size, .flags = c->zero, .text = c->zero, .start = c->start,
		.target = c->target, .name = c->name, .roots = c->roots, .num_roots = used};
}

static void put_graph(const struct snapshot *s, uint64_t seed)
{
	printf("{\"seed\": %" PRIu64 ", \"n\": %u, \"edges\": [", seed, s->n);
	for (uint32_t i = 0; i < s->n; i++)
		for (uint64_t e = s->start[i]; e < s->start[i + 1]; e++)
			printf("%s[%u, %u]", e ? ", " : "", i, s->target[e]);
	printf("], \"roots\": [");
	for (uint32_t i = 0; i < s->num_roots; i++)
		printf("%s%u", i ? ", " : "", s->roots[i].object);
}

static void put_trees(const struct snapshot *s)
{
	struct dominators *d = NULL;
	struct graph *graph;
	uint8_t *is_root = calloc(s->n, 1);

	must(is_root ? graph_create(s, &graph) : &hg_error_no_memory);
	for (uint32_t i = 0; i < s->num_roots; i++)
		is_root[s->roots[i].object] = 1;
	must(dominators_create(graph, is_root, &d));
	printf("], \"dominators\": [");
	for (uint32_t i = 0; i < s->n; i++)
		printf("%s%" PRId64, i ? ", " : "",
		       d->parent[i] == HGS_NONE ? -1 : (int64_t)d->parent[i]);
	printf("], \"sizes\": [");
	for (uint32_t i = 0; i < s->n; i++)
		printf("%s%" PRIu64, i ? ", " : "", s->size[i]);
	printf("], \"retained\": [");
	for (uint32_t i = 0; i < s->n; i++)
		printf("%s%" PRIu64, i ? ", " : "", d->retained[i]);
	dominators_destroy(d);
	graph_destroy(graph);
	free(is_root);
}

static void put_ways(const struct snapshot *s)
{
	struct reach *reach;
	uint32_t *component, count;

	must(graph_components(s, &component, &count));
	must(reach_create(s, &reach));
	printf("], \"components\": [");
	for (uint32_t i = 0; i < s->n; i++)
		printf("%s%u", i ? ", " : "", component[i]);
	printf("], \"rings\": [");
	for (uint32_t i = 0; i < s->n; i++) {
		struct chain ring;

		must(ring_of(s, component, i, &ring));
		printf("%s%u", i ? ", " : "", ring.steps ? ring.steps - 1 : 0);
		chain_deinit(&ring);
	}
	printf("], \"chains\": [");
	for (uint32_t i = 0; i < s->n; i++) {
		struct chain chain;

		must(chain_of(s, reach, i, &chain));
		printf("%s%u", i ? ", " : "", chain.steps);
		chain_deinit(&chain);
	}
	printf("]}\n");
	reach_destroy(reach);
	free(component);
}

int main(int argc, char **argv)
{
	uint64_t first = argc == 3 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t last = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;

	for (uint64_t seed = first; seed <= last; seed++) {
		_cleanup_(columns_deinit) struct columns columns;
		struct snapshot s = make(seed * 7919, &columns);

		put_graph(&s, seed);
		put_trees(&s);
		put_ways(&s);
	}
	return argc == 3 ? 0 : 2;
}
