/* Golden files for the reports and pictures of the scenes: golden/SCENE.KIND. After an intended
 * change: HEAPGRAPH_UPDATE_GOLDEN=1 meson test, then read the difference. DOT is compared without
 * regard to blanks, in which Graphviz's versions differ. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "../../graph/picture.h"
#include "../../graph/diff.h"
#include "../../graph/report.h"
#include "../../graph/report_diff.h"
#include "scenes.h"

static struct answer *open_scene(const struct scene *scene, struct snapshot **s)
{
	struct heap *heap = heap_create();
	struct answer *answer;

	scene->build(heap);
	*s = heap_snapshot(heap);
	heap_destroy(heap);
	must(answer_create(*s, &answer));
	return answer;
}

static void collapse_blanks(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if (!isspace((unsigned char)*from))
			*to++ = *from;
	*to = '\0';
}

/* Golden files hold no version. */
static void remove_version(char *text)
{
	static const char version[] = "\"heapgraph\": \"" HEAPGRAPH_VERSION;
	char *at = strstr(text, version), *end = at ? at + sizeof(version) - 1 : NULL;

	if (at)
		memmove(end - strlen(HEAPGRAPH_VERSION), end, strlen(end) + 1);
}

static void compare(const char *scene, const char *kind, char *text)
{
	char path[512];
	FILE *file;
	char *golden;

	remove_version(text);
	snprintf(path, sizeof(path), "%s/%s.%s", GOLDEN, scene, kind);
	if (getenv("HEAPGRAPH_UPDATE_GOLDEN")) {
		file = fopen(path, "w");
		assert_non_null(file);
		fputs(text, file);
		fclose(file);
		return;
	}
	file = fopen(path, "r");
	if (!file)
		fail_msg("no golden file %s", path);
	golden = read_all(file);
	fclose(file);
	if (strstr(kind, "dot")) {
		collapse_blanks(golden);
		collapse_blanks(text);
	}
	if (strcmp(golden, text) != 0)
		fail_msg("%s differs; what came out:\n%s", path, text);
	free(golden);
}

static const struct style plain = {.utf8 = true, .width = 80, .limit = 20};

static void check_text(const struct scene *scene, const struct answer *answer)
{
	struct style ascii = plain;
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	must(report_text(out, answer, REPORT_ALL, &plain));
	fclose(out);
	compare(scene->name, "txt", text);
	free(text);
	ascii.utf8 = false;
	out = open_memstream(&text, &size);
	must(report_text(out, answer, REPORT_ALL, &ascii));
	fclose(out);
	for (size_t i = 0; i < size; i++)
		if ((text[i] < ' ' && text[i] != '\n') || text[i] == 0x7f)
			fail_msg("byte 0x%x in ASCII text", text[i] & 0xff);
	free(text);
}

static void check_json(const struct scene *scene, const struct answer *answer)
{
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	must(report_json(out, answer, REPORT_ALL, 0, NULL));
	fclose(out);
	compare(scene->name, "json", text);
	free(text);
}

static void check_dot(const struct scene *scene, const struct answer *answer,
		      struct picture_options options, const char *kind)
{
	int fd = memfd_create("dot", MFD_CLOEXEC);
	FILE *file = fdopen(fd, "r+");
	char *text;

	must(picture_draw(answer, &options, "dot", fd));
	rewind(file);
	text = read_all(file);
	compare(scene->name, kind, text);
	free(text);
	fclose(file);
}

static void test_golden(void **state)
{
	for (const struct scene *scene = scenes; scene->name; scene++) {
		struct snapshot *s;
		struct answer *answer = open_scene(scene, &s);

		check_text(scene, answer);
		check_json(scene, answer);
		check_dot(scene, answer, (struct picture_options){.max_nodes = 60}, "dot");
		answer_destroy(answer);
		snapshot_close(s);
	}
}

static struct hg_error *show_objects(const struct answer *answer, const char *expression,
				     enum object_part part, bool json, FILE *out)
{
	_cleanup_free_ uint32_t *objects = NULL;
	uint32_t count;
	uint64_t total;
	struct hg_error *error = select_objects(answer, expression, 3, &objects, &count, &total);

	return error ? error
		     : report_objects(out, answer, part, objects, count, total, 3, &plain, json);
}

/* why, refs and backrefs of the wide scene's registry, which is on many cycles. */
static void test_objects(void **state)
{
	static const char *const kinds[][2] = {
		{"why.txt", "why.json"}, {"refs.txt", "refs.json"}, {"backrefs.txt", "backrefs.json"}};
	const struct scene *scene = scenes;
	struct answer *answer;
	struct snapshot *s;

	while (strcmp(scene->name, "wide") != 0)
		scene++;
	answer = open_scene(scene, &s);
	for (int part = OBJECT_WHY; part <= OBJECT_BACKREFS; part++)
		for (int json = 0; json < 2; json++) {
			size_t size;
			char *text;
			FILE *out = open_memstream(&text, &size);

			must(show_objects(answer, "__main__.registry", (enum object_part)part, json,
					  out));
			fclose(out);
			compare(scene->name, kinds[part][json], text);
			free(text);
		}
	answer_destroy(answer);
	snapshot_close(s);
}

/* The pictures of the other verbs: what each asks of the scene that shows it best. */
static void test_pictures(void **state)
{
	static const struct {
		const char *scene, *object, *kind;
		struct picture_options options;
	} rows[] = {
		{"cycle", NULL, "cycles.dot", {.kind = PICTURE_CYCLES}},
		{"cycle", NULL, "dark.dot", {.kind = PICTURE_FINDINGS, .dark = true}},
		{"chain", NULL, "handles.dot", {.kind = PICTURE_HANDLES}},
		{"dangling", NULL, "handles.dot", {.kind = PICTURE_HANDLES}},
		{"wide", NULL, "retained.dot", {.kind = PICTURE_RETAINED}},
		{"wide", "__main__.registry", "freed.dot", {.kind = PICTURE_RETAINED}},
		{"chain", "type:ctypes.CDLL#1", "why.dot", {.kind = PICTURE_WHY}},
		{"wide", "__main__.registry", "refs.dot", {.kind = PICTURE_REFS}},
		{"wide", "__main__.registry", "all.dot", {.kind = PICTURE_REFS, .all_edges = true}},
		{"wide", "__main__.registry", "backrefs.dot", {.kind = PICTURE_BACKREFS}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct picture_options options = rows[i].options;
		const struct scene *scene = scenes;
		uint32_t *objects = NULL;
		struct answer *answer;
		struct snapshot *s;
		uint64_t total;

		while (strcmp(scene->name, rows[i].scene) != 0)
			scene++;
		answer = open_scene(scene, &s);
		if (rows[i].object)
			must(select_objects(answer, rows[i].object, 3, &objects,
					    &options.num_objects, &total));
		options.objects = objects;
		options.max_nodes = 60;
		options.depth = 3;
		check_dot(scene, answer, options, rows[i].kind);
		free(objects);
		answer_destroy(answer);
		snapshot_close(s);
	}
}

#define SESSIONS 10u /* more in each snapshot */

/* One heap that grows: what is there in both snapshots has one address. */
static void add_sessions(struct heap *heap, uint32_t table, unsigned from)
{
	for (unsigned i = from; i < from + SESSIONS; i++) {
		uint32_t session = heap_object(heap, "app.Session");
		char key[32];

		snprintf(key, sizeof(key), "user %u", i);
		heap_attr(heap, session, "data", heap_object(heap, "list"));
		heap_refer(heap, table, HGS_EDGE_NAME(HGS_EDGE_DICT_KEY, 0), heap_str(heap, key));
		heap_key(heap, table, key, session);
	}
}

static void check_diff_report(const struct diff *diff, const char *kind, bool json)
{
	static const char *const names[] = {"1.hgs", "2.hgs", "3.hgs"};
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	must(report_diff(out, diff, names, &plain, json));
	fclose(out);
	compare("growth", kind, text);
	free(text);
}

static void test_diff(void **state)
{
	const struct scene scene = {.name = "growth"};
	const struct sequence sequence = {.ns = {1000000000, 2000000000}, .proven = true};
	struct heap *heap = heap_create();
	uint32_t table = heap_object(heap, "dict");
	struct snapshot *s[DIFF_SNAPSHOTS];
	struct answer *answer[DIFF_SNAPSHOTS];
	const struct answer *answers[DIFF_SNAPSHOTS];
	struct diff *diff;

	setenv("TZ", "UTC0", 1); /* text has the clock's time */
	heap_meta(heap)->cmdline = heap_string(heap, "python3 service.py");
	heap_meta(heap)->pid = 4242;
	heap_meta(heap)->python_version = 0x030b07f0;
	heap_meta(heap)->consistent = 1;
	heap_key(heap, heap_module(heap, "app", NULL), "sessions", table);
	for (unsigned k = 0; k < DIFF_SNAPSHOTS; k++) {
		add_sessions(heap, table, k * SESSIONS);
		heap_meta(heap)->time_ns = (1700000000ull + k) * 1000000000ull;
		s[k] = heap_snapshot(heap);
		must(answer_create(s[k], &answer[k]));
		answers[k] = answer[k];
	}
	must(diff_create(answers, DIFF_SNAPSHOTS, &sequence, &diff));
	check_diff_report(diff, "txt", false);
	check_diff_report(diff, "json", true);
	check_dot(&scene, diff_last(diff),
		  (struct picture_options){.kind = PICTURE_DIFF, .diff = diff, .max_nodes = 60},
		  "dot");
	diff_destroy(diff);
	for (unsigned k = 0; k < DIFF_SNAPSHOTS; k++) {
		answer_destroy(answer[k]);
		snapshot_close(s[k]);
	}
	heap_destroy(heap);
}

/* PNG: signature, and IHDR's width, at most 2,400 pixels. */
static void check_png(int fd)
{
	unsigned char head[24];

	assert_int_equal(pread(fd, head, sizeof(head), 0), sizeof(head));
	assert_memory_equal(head, "\x89PNG\r\n\x1a\n", 8);
	assert_in_range(head[18] << 8 | head[19], 100, 2400);
	assert_int_equal(head[16] | head[17], 0);
}

static void test_rendered(void **state)
{
	for (const struct scene *scene = scenes; scene->name; scene++) {
		const struct picture_options options = {
			.kind = PICTURE_FINDINGS, .max_nodes = 60, .seconds = 20};
		int fd = memfd_create("png", MFD_CLOEXEC);
		struct snapshot *s;
		struct answer *answer = open_scene(scene, &s);

		must(picture_draw(answer, &options, "png", fd));
		check_png(fd);
		close(fd);
		answer_destroy(answer);
		snapshot_close(s);
	}
}

static void test_unknown_format(void **state)
{
	const struct picture_options options = {
		.kind = PICTURE_FINDINGS, .max_nodes = 60, .seconds = 20};
	int fd = memfd_create("none", MFD_CLOEXEC);
	struct snapshot *s;
	struct answer *answer = open_scene(scenes, &s);
	struct hg_error *error = picture_draw(answer, &options, "nosuchformat", fd);

	assert_non_null(error);
	assert_non_null(strstr(error->message, "no plugin for nosuchformat"));
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	hg_error_free(error);
	close(fd);
	answer_destroy(answer);
	snapshot_close(s);
}

/* No time at all: the child is killed, nothing is written, and no child is left. */
static void test_time_limit(void **state)
{
	const struct picture_options options = {.kind = PICTURE_FINDINGS, .max_nodes = 60};
	int fd = memfd_create("none", MFD_CLOEXEC);
	struct snapshot *s;
	struct answer *answer = open_scene(scenes, &s);
	struct hg_error *error = picture_draw(answer, &options, "png", fd);

	assert_non_null(error);
	assert_non_null(strstr(error->message, "took more than 0 s"));
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	hg_error_free(error);
	close(fd);
	answer_destroy(answer);
	snapshot_close(s);
}

/* retained of the wide scene: its heap, and one object of it. */
static void test_retained(void **state)
{
	static const char *const kinds[][2] = {{"retained.txt", "retained.json"},
					       {"freed.txt", "freed.json"}};
	const struct scene *scene = scenes;
	struct answer *answer;
	struct snapshot *s;
	uint32_t *objects, count;
	uint64_t total;

	while (strcmp(scene->name, "wide") != 0)
		scene++;
	answer = open_scene(scene, &s);
	must(select_objects(answer, "__main__.registry", 3, &objects, &count, &total));
	for (int part = 0; part < 2; part++)
		for (int json = 0; json < 2; json++) {
			size_t size;
			char *text;
			FILE *out = open_memstream(&text, &size);

			must(report_retained(out, answer, objects, part ? count : 0,
					     part ? total : 0, 3, &plain, json));
			fclose(out);
			compare(scene->name, kinds[part][json], text);
			free(text);
		}
	free(objects);
	answer_destroy(answer);
	snapshot_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_retained),
		cmocka_unit_test(test_pictures),
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_rendered),
		cmocka_unit_test(test_unknown_format),
		cmocka_unit_test(test_time_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
