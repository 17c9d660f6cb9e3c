#include "pictures.h"

#include <string.h>

#include "../graph/picture.h"

#define DRAW_SECONDS 10

static struct picture_options picture_of(const struct options *options, struct selected selected)
{
	static const enum picture_kind kinds[VERBS] = {
		[VERB_ATTACH] = PICTURE_FINDINGS,   [VERB_REPORT] = PICTURE_FINDINGS,
		[VERB_HANDLES] = PICTURE_HANDLES,   [VERB_CYCLES] = PICTURE_CYCLES,
		[VERB_RETAINED] = PICTURE_RETAINED, [VERB_WHY] = PICTURE_WHY,
		[VERB_REFS] = PICTURE_REFS,	    [VERB_BACKREFS] = PICTURE_BACKREFS,
		[VERB_DIFF] = PICTURE_DIFF,
	};

	return (struct picture_options){
		.kind = kinds[options->verb],
		.objects = selected.objects,
		.num_objects = selected.count,
		.diff = selected.diff,
		.depth = options->depth,
		.max_nodes = options->max_nodes,
		.dark = options->dark,
		.all_edges = options->all_edges,
		.filter = selected.filter,
		.highlight = selected.highlight,
		.seconds = DRAW_SECONDS,
	};
}

/* FILE.dot for FILE.png. NULL where it cannot be had: the error that led here says enough. */
static char *keep_dot(const struct answer *answer, const struct picture_options *options,
		      const struct output *failed)
{
	const char *suffix = strrchr(failed->path, '.');
	int stem = suffix ? (int)(suffix - failed->path) : (int)strlen(failed->path);
	struct output output = {.fd = -1};
	struct hg_error *error;
	char *path;

	if (asprintf(&path, "%.*s.dot", stem, failed->path) < 0)
		return NULL;
	error = output_open(path, false, &output);
	if (!error)
		error = picture_draw(answer, options, output_format(OUTPUT_DOT), output.fd);
	if (!error)
		error = output_commit(&output);
	output_deinit(&output);
	if (error)
		free(take_ptr(path));
	hg_error_free(error);
	return path;
}

struct hg_error *picture_write(const struct answer *answer, const struct options *options,
			       struct selected selected, const struct output *output,
			       const struct interrupt *interrupt)
{
	const struct picture_options picture = picture_of(options, selected);
	struct hg_error *error =
		picture_draw(answer, &picture, output_format(output->kind), output->fd);
	_cleanup_free_ char *kept = NULL, *hint = NULL;

	if (!error || error == &hg_error_no_memory || output->kind == OUTPUT_DOT ||
	    interrupted(interrupt))
		return error;
	kept = keep_dot(answer, &picture, output);
	if (!kept)
		return error;
	hint = error->hint ? strdup(error->hint) : NULL;
	return hg_error_hint(error, "%s%sthe picture as DOT is in %s", hint ? hint : "",
			     hint ? "; " : "", kept);
}
