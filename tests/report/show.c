/* show-report SCENE text|json|types|cycles|handles|why|refs|backrefs|FORMAT[:KIND] [OBJECT]
 *
 * Prints one report or picture of a scene, to look at and to make golden files from. Also takes
 * the path of a snapshot for SCENE. */
#include <fcntl.h>
#include <locale.h>
#include <string.h>

#include "../../graph/picture.h"
#include "../../graph/report.h"
#include "scenes.h"

static struct snapshot *open_scene(const char *name)
{
	struct snapshot *s = NULL;

	for (const struct scene *scene = scenes; scene->name; scene++) {
		struct heap *heap;

		if (strcmp(scene->name, name) != 0)
			continue;
		heap = heap_create();
		scene->build(heap);
		s = heap_snapshot(heap);
		heap_destroy(heap);
		return s;
	}
	return snapshot_open(name, &s) ? NULL : s;
}

struct request {
	const char *what;
	uint32_t *objects;
	uint32_t count;
	uint64_t total;
};

static struct hg_error *picture(const struct answer *answer, const struct request *request)
{
	static const char *const kinds[] = {"findings", "cycles", "handles", "retained",
					   "why", "refs", "backrefs"};
	struct picture_options options = {
		.objects = request->objects, .num_objects = request->count,
		.depth = 3, .max_nodes = 60, .seconds = 10};
	_cleanup_free_ char *format = strdup(request->what);
	char *kind = strchr(format, ':');

	if (kind)
		*kind++ = '\0';
	for (size_t i = 0; kind && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kind, kinds[i]))
			options.kind = (enum picture_kind)i;
	return picture_draw(answer, &options, format, 1);
}

static struct hg_error *show(const struct answer *answer, const struct request *request)
{
	static const char *const parts[] = {"text", "handles", "cycles", "types"};
	static const char *const object_parts[] = {"why", "refs", "backrefs"};
	const char *ascii = getenv("ASCII"), *verbose = getenv("VERBOSE");
	struct style style = {.utf8 = !ascii,
			      .width = 80,
			      .color = getenv("COLOR"),
			      .verbose = verbose ? atoi(verbose) : 0,
			      .limit = 20};

	for (int i = 0; i < 4; i++)
		if (!strcmp(request->what, parts[i]))
			return report_text(stdout, answer, (enum report_part)i, &style);
	for (int i = 0; i < 3; i++)
		if (!strcmp(request->what, object_parts[i]))
			return report_objects(stdout, answer, (enum object_part)i, request->objects,
					      request->count, request->total, 3, &style,
					      getenv("JSON"));
	if (!strcmp(request->what, "json"))
		return report_json(stdout, answer, REPORT_ALL, 0, NULL);
	return picture(answer, request);
}

int main(int argc, char **argv)
{
	struct request request = {.what = argc > 2 ? argv[2] : "text"};
	struct snapshot *s = argc > 1 ? open_scene(argv[1]) : NULL;
	struct answer *answer = NULL;
	struct hg_error *error;

	if (!s)
		return 2;
	error = answer_create(s, &answer);
	if (!error && argc > 3)
		error = select_objects(answer, argv[3], 5, &request.objects, &request.count,
				       &request.total);
	if (!error)
		error = show(answer, &request);
	if (error)
		fprintf(stderr, "%s\nhint: %s\n", error->message, error->hint ? error->hint : "");
	free(request.objects);
	if (answer)
		answer_destroy(answer);
	snapshot_close(s);
	hg_error_free(error);
	return error != NULL;
}
