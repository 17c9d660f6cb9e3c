/* A picture from an answer: select, caption, draw; with less where it took too long. */
#include <graphviz/cgraph.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "drawing.h"
#include "utf8.h"
#include "words.h"

#define LEAST_NODES 8 /* below this a smaller selection shows nothing more */

static struct hg_error *select_nodes(struct drawing *drawing, const struct answer *answer,
				     const struct picture_options *options)
{
	switch (options->kind) {
	case PICTURE_FINDINGS:
		return select_findings(drawing, answer);
	case PICTURE_CYCLES:
		return select_cycles(drawing, answer);
	case PICTURE_DIFF:
		return select_diff(drawing, options->diff);
	case PICTURE_HANDLES:
		return select_handles(drawing, answer);
	case PICTURE_RETAINED:
		return select_retained(drawing, answer, options);
	case PICTURE_WHY:
		return select_why(drawing, answer, options);
	case PICTURE_REFS:
	case PICTURE_BACKREFS:
		return select_neighbors(drawing, answer, options);
	}
	return hg_error_new(HG_EXIT_FAILURE, "cannot draw the picture: unknown kind");
}

/* Whose heap this is and when, so that a picture in a bug report explains itself. */
static struct hg_error *add_caption(struct drawing *drawing, const struct answer *answer,
				    const struct picture_options *options)
{
	const struct hgs_meta *meta = answer->s->meta;
	const char *cmdline = snapshot_string(answer->s, meta->cmdline);
	_cleanup_free_ char *name = NULL;
	time_t seconds = (time_t)(meta->time_ns / 1000000000);
	char version[WORD_SIZE], when[64] = "", smaller[128] = "";
	struct tm utc;
	char *text;

	name = text_escape(*cmdline ? cmdline : snapshot_string(answer->s, meta->exe), true);
	if (!name)
		return &hg_error_no_memory;
	if (gmtime_r(&seconds, &utc))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &utc);
	if (drawing->max_nodes < options->max_nodes)
		snprintf(smaller, sizeof(smaller),
			 "\nSmaller than asked, %u nodes at most: with %u Graphviz took more than %u s",
			 drawing->max_nodes, options->max_nodes, options->seconds);
	if (asprintf(&text, "%s\npid %u, CPython %s, %s%s\n%s%s",
		     name, meta->pid,
		     version_words(meta->python_version, version), when,
		     meta->consistent ? "" : ", NOT CONSISTENT: the heap was being changed",
		     drawing->caption, smaller) < 0)
		return &hg_error_no_memory;
	free(drawing->caption);
	drawing->caption = text;
	return NULL;
}

static struct hg_error *write_dot(Agraph_t *graph, int fd)
{
	_cleanup_fclose_ FILE *out = NULL;
	_cleanup_close_ int copy = dup(fd);

	out = copy >= 0 ? fdopen(copy, "w") : NULL;
	if (!out)
		return hg_error_write(errno, "DOT");
	copy = -1;
	if (agwrite(graph, out) || fflush(out) || ferror(out))
		return hg_error_write(errno, "DOT");
	return NULL;
}

static struct hg_error *draw_once(const struct answer *answer,
				  const struct picture_options *options, uint32_t max_nodes,
				  const char *format, int fd, bool *timed_out)
{
	_cleanup_(drawing_deinit) struct drawing drawing = {.max_nodes = max_nodes, .dark = options->dark,
						      .highlight = options->highlight};
	Agraph_t *graph;
	struct hg_error *error = select_nodes(&drawing, answer, options);

	if (!error)
		error = add_caption(&drawing, answer, options);
	if (!error)
		error = dot_create(&drawing, answer->s, &graph);
	if (error)
		return error;
	if (!strcmp(format, "dot"))
		error = write_dot(graph, fd);
	else
		error = draw_render(graph, format, fd, options->seconds, timed_out);
	agclose(graph);
	return error;
}

struct hg_error *picture_draw(const struct answer *answer, const struct picture_options *options,
			      const char *format, int fd)
{
	uint32_t max_nodes = options->max_nodes ? options->max_nodes : 1;
	bool timed_out = false;
	struct hg_error *error;

	for (;; max_nodes /= 2) {
		error = draw_once(answer, options, max_nodes, format, fd, &timed_out);
		if (!error || !timed_out || max_nodes / 2 < LEAST_NODES)
			return error;
		hg_error_free(error);
	}
}
