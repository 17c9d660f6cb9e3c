/* Every picture of every scene, and of 2,000 random heaps with hostile names, as DOT that cgraph
 * reads again and finds what was meant. */
#include <graphviz/cgraph.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "../../graph/picture.h"
#include "scenes.h"

#define RANDOM_HEAPS 2000
#define MAX_NODES 25

static const char *const kind_names[] = {
	[PICTURE_FINDINGS] = "findings", [PICTURE_CYCLES] = "cycles",
	[PICTURE_HANDLES] = "handles",	 [PICTURE_RETAINED] = "retained",
	[PICTURE_WHY] = "why",		 [PICTURE_REFS] = "refs",
	[PICTURE_BACKREFS] = "backrefs",
};
#define KINDS (sizeof(kind_names) / sizeof(*kind_names))

static const char *get(void *object, const char *name)
{
	const char *value = agget(object, (char *)name);

	return value ? value : "";
}

static bool is(void *object, const char *name, const char *value)
{
	return !strcmp(get(object, name), value);
}

static void check_node(Agnode_t *node, const char *what)
{
	static const char *const roles[] = {"object", "root", "cycle", "owner", "subject", "library",
					    "gone", "folded", "remark", "key"};
	bool known = false;

	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		known |= is(node, "class", roles[i]);
	if (!known)
		fail_msg("%s: role '%s' of %s", what, get(node, "class"), agnameof(node));
	if (!*get(node, "label") || !*get(node, "tooltip"))
		fail_msg("%s: %s says nothing", what, agnameof(node));
}

static void check_edge(Agedge_t *edge, const char *what)
{
	if (is(edge, "style", "invis") || is(edge, "class", "folded"))
		return;
	if (!*get(edge, "label") || !*get(edge, "tooltip"))
		fail_msg("%s: %s -> %s has no name", what, agnameof(agtail(edge)),
			 agnameof(aghead(edge)));
}

/* Nodes other than the key's and remarks. */
static unsigned check_graph(Agraph_t *graph, const char *what)
{
	unsigned nodes = 0;

	for (Agnode_t *node = agfstnode(graph); node; node = agnxtnode(graph, node)) {
		check_node(node, what);
		if (!is(node, "class", "key") && !is(node, "class", "remark"))
			nodes++;
		for (Agedge_t *edge = agfstout(graph, node); edge; edge = agnxtout(graph, edge))
			check_edge(edge, what);
	}
	return nodes;
}

static FILE *draw(const struct answer *answer, const struct picture_options *options)
{
	int fd = memfd_create("dot", MFD_CLOEXEC);
	FILE *file = fdopen(fd, "r+");

	must(picture_draw(answer, options, "dot", fd));
	rewind(file);
	return file;
}

static void check_picture(const struct answer *answer, const struct picture_options *options,
			  const char *what)
{
	FILE *file = draw(answer, options), *again = draw(answer, options);
	char *text = read_all(file), *same = read_all(again);
	Agraph_t *graph;
	unsigned nodes;

	assert_string_equal(text, same);
	rewind(file);
	graph = agread(file, NULL);
	if (!graph)
		fail_msg("%s: cgraph does not read it:\n%s", what, text);
	nodes = check_graph(graph, what);
	/* A fold may stand for the last one of each object that was opened. */
	if (nodes > 2 * options->max_nodes)
		fail_msg("%s: %u nodes where %u were asked for", what, nodes, options->max_nodes);
	agclose(graph);
	fclose(file);
	fclose(again);
	free(text);
	free(same);
}

static void check_kinds(struct heap *heap, const char *name, unsigned first, unsigned count)
{
	struct snapshot *s = heap_snapshot(heap);
	struct answer *answer;
	uint32_t objects[3];

	must(answer_create(s, &answer));
	for (uint32_t i = 0; i < 3; i++)
		objects[i] = s->n - 1 - i * (s->n / 3);
	for (unsigned i = first; i < first + count; i++) {
		const struct picture_options options = {
			.kind = (enum picture_kind)(i % KINDS), .objects = objects, .num_objects = 3,
			.depth = 3, .max_nodes = MAX_NODES, .dark = i / KINDS & 1,
			.all_edges = i / KINDS & 2};
		char what[64];

		snprintf(what, sizeof(what), "%s, %s", name, kind_names[i % KINDS]);
		check_picture(answer, &options, what);
	}
	answer_destroy(answer);
	snapshot_close(s);
}

static void test_scenes(void **state)
{
	for (const struct scene *scene = scenes; scene->name; scene++) {
		struct heap *heap = heap_create();

		scene->build(heap);
		check_kinds(heap, scene->name, 0, 4 * KINDS);
		heap_destroy(heap);
	}
}

static const char *const hostile[] = {
	"", "a", "<b>bold</b>", "<<table>>", "\"quoted\"", "back\\slash\\", "\\N\\G\\l", "new\nline",
	"tab\t", "\x1b[31m", "&amp;&lt;&#10;", "\xff\xfe", "\xe2\x80\xae" "reversed",
	"\xe4\xb8\xad\xe6\x96\x87", "\xf0\x9f\x90\x8d", "{a|b}", "]]>", "--><script>",
	"a very long name that goes on and on and on, as names of generic types do, with more than "
	"a line holds and no end of it in sight, until at last it ends where nobody reads any more",
	"%s%n%n", "digraph {", "/* */", "'", "node", "strict",
};

struct random {
	uint64_t state;
};

/* xorshift64* (Vigna 2014): the same heaps on every machine. */
static uint32_t pick(struct random *random, uint32_t below)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return (uint32_t)((random->state * 0x2545f4914f6cdd1dull) >> 33) % below;
}

static const char *pick_name(struct random *random)
{
	return hostile[pick(random, sizeof(hostile) / sizeof(*hostile))];
}

static uint32_t make_object(struct heap *heap, struct random *random)
{
	static const char *const types[] = {"dict", "list", "tuple", "function", "method", "cell",
					    "generator", "app.Proc", "app.<locals>.Thing", "frame"};
	uint32_t object;

	if (!pick(random, 12))
		return heap_cdll(heap, pick_name(random), 0x1000 * pick(random, 3),
				 pick(random, 2) ? pick(random, 2) : HGS_NONE, pick(random, 2));
	if (!pick(random, 6))
		return heap_str(heap, pick_name(random));
	object = heap_object(heap, types[pick(random, sizeof(types) / sizeof(*types))]);
	if (pick(random, 2))
		heap_text(heap, object, pick_name(random));
	return object;
}

static void refer(struct heap *heap, struct random *random, uint32_t from, uint32_t to)
{
	switch (pick(random, 4)) {
	case 0:
		heap_attr(heap, from, pick_name(random), to);
		break;
	case 1:
		heap_key(heap, from, pick_name(random), to);
		break;
	case 2:
		heap_member(heap, from, pick_name(random), to);
		break;
	default:
		heap_refer(heap, from, HGS_EDGE_NAME(HGS_EDGE_INDEX, pick(random, 1000)), to);
	}
}

static void build_random(struct heap *heap, struct random *random)
{
	uint32_t module = heap_module(heap, pick_name(random), pick_name(random)), object[40];
	uint32_t count = 3 + pick(random, 38);

	heap_meta(heap)->cmdline = heap_string(heap, pick_name(random));
	heap_meta(heap)->gc_enabled = (uint8_t)pick(random, 2);
	for (uint32_t i = 0; i < 2; i++)
		heap_library(heap, (struct hgs_library){.handle = 0x1000 * i,
							.path = heap_string(heap, pick_name(random)),
							.opens = pick(random, 4),
							.needed_by = HGS_NONE,
							.bound_by = HGS_NONE});
	for (uint32_t i = 0; i < count; i++)
		object[i] = make_object(heap, random);
	for (uint32_t i = 0; i < 2 * count; i++)
		refer(heap, random, object[pick(random, count)], object[pick(random, count)]);
	for (uint32_t i = 0; i < 1 + count / 8; i++)
		heap_key(heap, module, pick_name(random), object[pick(random, count)]);
}

static void test_random(void **state)
{
	for (unsigned seed = 1; seed <= RANDOM_HEAPS; seed++) {
		struct random random = {seed * 0x9e3779b97f4a7c15ull};
		struct heap *heap = heap_create();
		char name[32];

		snprintf(name, sizeof(name), "seed %u", seed);
		build_random(heap, &random);
		check_kinds(heap, name, seed, 1);
		heap_destroy(heap);
	}
}

/* A thicket for which dot takes minutes is drawn with fewer nodes, and the caption says so. */
static void test_thicket(void **state)
{
	enum { OBJECTS = 300, REFERENCES = 40, SECONDS = 2 };
	struct heap *heap = heap_create();
	struct random random = {42};
	uint32_t object[OBJECTS];
	struct snapshot *s;
	struct answer *answer;
	char *text;
	int fd;
	FILE *file;

	for (int i = 0; i < OBJECTS; i++)
		object[i] = heap_object(heap, "list");
	heap_key(heap, heap_module(heap, "__main__", "x.py"), "thicket", object[0]);
	for (uint32_t i = 0; i < OBJECTS; i++)
		for (uint32_t j = 0; j < REFERENCES; j++)
			heap_refer(heap, object[i], HGS_EDGE_NAME(HGS_EDGE_INDEX, j),
				   object[pick(&random, OBJECTS)]);
	s = heap_snapshot(heap);
	heap_destroy(heap);
	must(answer_create(s, &answer));
	fd = memfd_create("svg", MFD_CLOEXEC);
	file = fdopen(fd, "r+");
	must(picture_draw(answer,
			  &(const struct picture_options){.kind = PICTURE_REFS,
							  .objects = object,
							  .num_objects = 1,
							  .depth = 5,
							  .max_nodes = OBJECTS,
							  .all_edges = true,
							  .seconds = SECONDS},
			  "svg", fd));
	text = read_all(file);
	assert_non_null(strstr(text, "Smaller than asked, "));
	assert_non_null(strstr(text, "with 300 Graphviz took more than 2 s"));
	free(text);
	fclose(file);
	answer_destroy(answer);
	snapshot_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenes),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_thicket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
