/* bench-graph: the graph engine on synthetic heaps, for bench/graph.py.
 *
 *	bench-graph make SHAPE OBJECTS FILE.hgs
 *	                                      writes a snapshot. SHAPE is heap (about ten references
 *	                                      an object), list (each refers to the next), star (the
 *	                                      first to all others) or complete (each to all)
 *	bench-graph pairs FILE.hgs PAIRS      "from to" of each reference, and of object OBJECTS, the
 *	                                      virtual root, to each root: igraph's list of edges
 *	bench-graph run FILE.hgs [PARENTS]    one line for each step: name, seconds, peak and
 *	                                      anonymous memory in MB so far; int64 immediate
 *	                                      dominators, -1 for none
 *
 * The heap's shape: everything refers to one of a hundred types; long lists, linked one by
 * one; dicts with thousands of values; small cycles; references to near and a few to far objects.
 * Each object's references follow from its number alone, so that nothing is kept while writing. */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "../graph/dominators.h"
#include "../graph/snapshot_write.h"

#define TYPES 100u
#define WIDE 4000u /* values of a wide dict, one in a thousand objects */

static void must(struct hg_error *error)
{
	if (!error)
		return;
	fprintf(stderr, "bench-graph: %s\n", error->message);
	exit(error->code);
}

static uint64_t next_random(uint64_t *seed) /* xorshift64* */
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 0x2545f4914f6cdd1dull >> 33;
}

static uint64_t seed_of(uint32_t object) { return (object + 1) * 0x9e3779b97f4a7c15ull; }

static bool is_wide(uint32_t object) { return object % 1000 == TYPES; }

static uint32_t near(uint32_t object, uint64_t distance, uint32_t n)
{
	return (uint32_t)((object + distance) % n);
}

/* Each fills target[] with the references of one object and returns how many. */
typedef uint32_t shape(uint32_t object, uint32_t n, uint32_t *target);

static uint32_t list(uint32_t object, uint32_t n, uint32_t *target)
{
	target[0] = object + 1;
	return object + 1 < n;
}

static uint32_t complete(uint32_t object, uint32_t n, uint32_t *target)
{
	for (uint32_t i = 0; i < n; i++)
		target[i] = i;
	return n;
}

static uint32_t star(uint32_t object, uint32_t n, uint32_t *target)
{
	return object ? 0 : complete(object, n, target);
}

static uint32_t heap(uint32_t object, uint32_t n, uint32_t *target)
{
	uint64_t seed = seed_of(object);
	uint32_t count = 0, others = (uint32_t)(next_random(&seed) % 9);

	target[count++] = object % TYPES;
	if (is_wide(object))
		while (count < WIDE)
			target[count++] = near(object, 1 + next_random(&seed) % WIDE, n);
	if (object / 100000 % 2 && (object + 1) % 100000) /* a list of 100,000 */
		target[count++] = near(object, 1, n);
	if (next_random(&seed) % 4 == 0) /* back to one just before: a small cycle, often */
		target[count++] = near(object, n - 1 - next_random(&seed) % 8, n);
	while (others--)
		target[count++] = near(object, 1 + next_random(&seed) % 1000, n);
	if (next_random(&seed) % 2)
		target[count++] = (uint32_t)(next_random(&seed) % n);
	return count;
}

/* A column whose record i is what `value` says. */
static void column(struct snapshot_writer *w, uint32_t id, uint32_t stride, uint32_t n,
		   uint64_t (*value)(uint32_t object))
{
	must(snapshot_writer_section(w, id, stride));
	for (uint32_t i = 0; i < n; i++) {
		uint64_t record = value(i);

		must(snapshot_writer_append(w, &record, stride));
	}
}

static uint64_t address_of(uint32_t object) { return 0x7f0000000000 + object * 64ull; }
static uint64_t type_of(uint32_t object) { return object % TYPES; }
static uint64_t size_of(uint32_t object) { return 16 + object % 13 * 8; }
static uint64_t flags_of(uint32_t object)
{
	return object < TYPES ? HGS_OBJ_TYPE_OBJECT : HGS_OBJ_GC | HGS_OBJ_TRACKED;
}
static uint64_t one(uint32_t object) { return 1; }
static uint64_t nothing(uint32_t object) { return 0; }

static uint64_t write_references(struct snapshot_writer *w, uint32_t n, shape *references)
{
	_cleanup_free_ uint32_t *target = malloc((n + WIDE + 16ul) * sizeof(*target));
	uint32_t name = 0;
	uint64_t start = 0;

	must(target ? NULL : &hg_error_no_memory);

	must(snapshot_writer_section(w, HGS_REF_START, 8));
	for (uint32_t i = 0; i < n; i++) {
		must(snapshot_writer_append(w, &start, 8));
		start += references(i, n, target);
	}
	must(snapshot_writer_append(w, &start, 8));
	must(snapshot_writer_section(w, HGS_REF_TARGET, 4));
	for (uint32_t i = 0; i < n; i++) {
		uint32_t count = references(i, n, target);

		must(snapshot_writer_append(w, target, count * sizeof(*target)));
	}
	must(snapshot_writer_section(w, HGS_REF_NAME, 4));
	for (uint64_t e = 0; e < start; e++)
		must(snapshot_writer_append(w, &name, 4));
	return start;
}

/* Of a heap every fourth wide dict is a root, and so are the types; else the first object is. */
static void write_roots(struct snapshot_writer *w, uint32_t n, bool is_heap)
{
	struct hgs_root *roots = calloc(TYPES + n / 4000 + 1ul, sizeof(*roots));
	uint32_t count = 0;

	must(roots ? NULL : &hg_error_no_memory);
	for (uint32_t i = 0; i < (is_heap ? n : 1); i += i + 1 < TYPES ? 1 : 4000 - i % 4000 + TYPES)
		roots[count++] = (struct hgs_root){
			.object = i, .kind = HGS_ROOT_STATIC, .thread = HGS_NONE};
	must(snapshot_writer_add(w, HGS_ROOTS, sizeof(*roots), roots, count));
	free(roots);
}

static bool make(const char *name, uint32_t n, const char *path)
{
	static const struct {
		const char *name;
		shape *references;
	} shapes[] = {{"heap", heap}, {"list", list}, {"star", star}, {"complete", complete}};
	const struct hgs_meta meta = {.python_version = 0x030c01f0, .method = HGS_FORK};
	_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct snapshot_writer *w;
	shape *references = NULL;
	uint64_t m;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		if (strcmp(shapes[i].name, name) == 0)
			references = shapes[i].references;
	if (!references)
		return false;
	must(snapshot_writer_begin(fd, path, &w));
	column(w, HGS_OBJ_ADDR, 8, n, address_of);
	column(w, HGS_OBJ_TYPE, 4, n, type_of);
	column(w, HGS_OBJ_REFS, 4, n, one);
	column(w, HGS_OBJ_SIZE, 8, n, size_of);
	column(w, HGS_OBJ_FLAGS, 4, n, flags_of);
	column(w, HGS_OBJ_TEXT, 4, n, nothing);
	m = write_references(w, n, references);
	must(snapshot_writer_strings(w, "", 1));
	must(snapshot_writer_add(w, HGS_META, sizeof(meta), &meta, 1));
	write_roots(w, n, references == heap);
	must(snapshot_writer_finish(w));
	snapshot_writer_destroy(w);
	printf("%u %" PRIu64 "\n", n, m);
	return true;
}

static void pairs(const char *path, const char *to)
{
	_cleanup_fclose_ FILE *out = fopen(to, "w");
	struct snapshot *s;

	must(snapshot_open(path, &s));
	for (uint32_t i = 0; out && i < s->n; i++)
		for (uint64_t e = s->start[i]; e < s->start[i + 1]; e++)
			fprintf(out, "%u %u\n", i, s->target[e]);
	for (uint32_t i = 0; out && i < s->num_roots; i++)
		fprintf(out, "%u %u\n", s->n, s->roots[i].object);
	if (!out || fflush(out))
		must(hg_error_new(HG_EXIT_FAILURE, "cannot write %s", to));
	snapshot_close(s);
}

/* A field of /proc/self/status, in MB. */
static double memory(const char *field)
{
	_cleanup_fclose_ FILE *status = fopen("/proc/self/status", "r");
	char line[128];

	while (status && fgets(line, sizeof(line), status))
		if (strncmp(line, field, strlen(field)) == 0)
			return strtod(line + strlen(field) + 1, NULL) / 1024;
	return 0;
}

static void step(const char *name, struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	printf("%s %.3f %.0f %.0f\n", name,
	       (double)(now.tv_sec - since->tv_sec) + (double)(now.tv_nsec - since->tv_nsec) * 1e-9,
	       memory("VmHWM"), memory("RssAnon"));
	fflush(stdout);
	clock_gettime(CLOCK_MONOTONIC, since);
}

static void write_parents(const struct dominators *d, const char *to)
{
	_cleanup_fclose_ FILE *out = fopen(to, "w");

	for (uint32_t i = 0; out && i < d->n; i++) {
		int64_t parent = d->parent[i] == HGS_NONE ? -1 : (int64_t)d->parent[i];

		fwrite(&parent, sizeof(parent), 1, out);
	}
	if (!out || fflush(out))
		must(hg_error_new(HG_EXIT_FAILURE, "cannot write %s", to));
}

static void run(const char *path, const char *to)
{
	struct snapshot *s;
	struct graph *graph;
	struct dominators *d = NULL;
	uint32_t *component, count;
	uint8_t *is_root;
	struct timespec since;

	clock_gettime(CLOCK_MONOTONIC, &since);
	must(snapshot_open(path, &s));
	step("load", &since);
	must(graph_components(s, &component, &count));
	free(component);
	step("components", &since);
	must(graph_create_sources(s, &graph));
	step("transpose", &since);
	is_root = calloc(s->n + 1ul, 1);
	for (uint32_t i = 0; is_root && i < s->num_roots; i++)
		is_root[s->roots[i].object] = 1;
	must(is_root ? dominators_create(graph, is_root, &d) : &hg_error_no_memory);
	step("dominators", &since);
	printf("reached %u components %u\n", d->reached, count);
	if (to)
		write_parents(d, to);
	free(is_root);
	dominators_destroy(d);
	graph_destroy(graph);
	snapshot_close(s);
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "make"))
		return make(argv[2], (uint32_t)strtoul(argv[3], NULL, 10), argv[4]) ? HG_EXIT_OK
										    : HG_EXIT_USAGE;
	if (argc == 4 && !strcmp(argv[1], "pairs"))
		pairs(argv[2], argv[3]);
	else if ((argc == 3 || argc == 4) && !strcmp(argv[1], "run"))
		run(argv[2], argv[3]);
	else
		return HG_EXIT_USAGE;
	return HG_EXIT_OK;
}
