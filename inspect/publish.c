/* The answer on standard output and in files: what was promised before, made now. */
#include <errno.h>
#include <poll.h>

#include "../graph/report_diff.h"
#include "../graph/report_tsv.h"
#include "pictures.h"
#include "session.h"
#include "show.h"

static bool object_verb(enum verb verb)
{
	return verb == VERB_WHY || verb == VERB_REFS || verb == VERB_BACKREFS;
}

static struct hg_error *print(struct session *s, FILE *out, bool json, const char *const *names)
{
	const struct options *o = s->options;
	static const enum report_part parts[VERBS] = {
		[VERB_ATTACH] = REPORT_ALL,	  [VERB_REPORT] = REPORT_ALL,
		[VERB_HANDLES] = REPORT_HANDLES, [VERB_CYCLES] = REPORT_CYCLES,
		[VERB_TYPES] = REPORT_TYPES,
	};
	static const enum object_part object_parts[VERBS] = {
		[VERB_WHY] = OBJECT_WHY, [VERB_REFS] = OBJECT_REFS, [VERB_BACKREFS] = OBJECT_BACKREFS
	};

	if (o->tsv && !json && o->verb == VERB_TYPES)
		return tsv_types(out, s->answer, s->style.limit);
	if (o->tsv && !json && o->verb == VERB_RETAINED)
		return tsv_retained(out, s->answer, s->selected, s->num_selected,
				    (uint32_t)o->depth, s->style.limit);
	if (o->tsv && !json)
		return tsv_objects(out, s->answer, object_parts[o->verb], s->selected,
				   s->num_selected);
	if (object_verb(o->verb))
		return report_objects(out, s->answer, object_parts[o->verb], s->selected,
				      s->num_selected, s->all_selected, o->depth, &s->style, json);
	if (o->verb == VERB_RETAINED)
		return report_retained(out, s->answer, s->selected, s->num_selected,
				       s->all_selected, o->depth, &s->style, json);
	if (s->comparison)
		return report_diff(out, s->comparison->diff, s->comparison->names, &s->style, json);
	if (json)
		return report_json(out, s->answer, parts[o->verb], s->style.limit, names);
	return report_text(out, s->answer, parts[o->verb], &s->style);
}

/* JSON and baselines, which are text. */
static struct hg_error *write_text(struct session *s, const struct output *output)
{
	_cleanup_fclose_ FILE *out = NULL;
	_cleanup_close_ int copy = dup(output->fd);
	struct hg_error *error;

	out = copy >= 0 ? fdopen(copy, "w") : NULL;
	if (!out)
		return hg_error_write(errno, output->path);
	copy = -1;
	if (output->kind == OUTPUT_JSON)
		error = print(s, out, true, NULL);
	else if (s->comparison)
		error = baseline_write_diff(out, s->comparison->diff);
	else
		error = baseline_write(out, s->answer);
	if (!error && (fflush(out) || ferror(out)))
		error = hg_error_write(errno, output->path);
	return error;
}

static struct hg_error *write_output(struct session *s, struct output *output)
{
	struct selected selected = { s->selected, s->num_selected, s->query.filter.marked,
				     s->query.highlight.marked,
				     s->comparison ? s->comparison->diff : NULL };
	struct hg_error *error = NULL;

	if (output->kind == OUTPUT_JSON || output->kind == OUTPUT_BASELINE) {
		error = write_text(s, output);
	} else if (output->kind != OUTPUT_HGS) {
		progress_show(&s->progress, "drawing", 0);
		error = picture_write(s->answer, s->options, selected, output,
				      s->interrupt);
		progress_clear(&s->progress);
	}
	if (!error)
		error = interrupt_check(s->interrupt);
	return error ? error : output_commit(output);
}

/* Writes what can be written: one that fails takes no other with it, nor the answer. `names` gets
 * those that are there, NULL-terminated; the first error is returned. */
static struct hg_error *write_outputs(struct session *s, const char **names)
{
	bool quiet = s->options->json || s->options->tsv || s->options->verbose < 0;
	struct hg_error *first = NULL;

	for (unsigned i = 0; i < s->num_outputs; i++) {
		struct output *output = &s->outputs[i];
		struct hg_error *error = write_output(s, output);

		if (error && first)
			hg_error_free(error);
		else if (error)
			first = error;
		if (error)
			continue;
		*names++ = output->path;
		if (!quiet)
			printf("%s%s\n", is_picture(output->kind) ? "picture: " : "written: ",
			       output->path);
		if (s->options->show && is_picture(output->kind) && !first)
			first = show_picture(output->path);
	}
	return first;
}

/* The other verbs say it in their answer. */
static void say_incomplete(const struct session *s)
{
	for (uint32_t i = 0; !s->answer && i < s->snapshot->num_incomplete; i++)
		fprintf(stderr, "heapgraph: incomplete: %s\n",
			snapshot_string(s->snapshot, s->snapshot->incomplete[i]));
}

/* `| head` has read all that it wants: no failure of ours, and no reason to leave out a picture. */
static struct hg_error *unless_reader_gone(struct session *s, struct hg_error *error)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	if (!error || !ferror(stdout) || poll(&out, 1, 0) <= 0 || !(out.revents & (POLLERR | POLLHUP)))
		return error;
	s->reader_gone = true;
	hg_error_free(error);
	return NULL;
}

/* Text first, so that the answer stands there while the picture is drawn; JSON last, since it
 * names the files. */
struct hg_error *publish(struct session *s)
{
	_cleanup_free_ const char **names = calloc(s->num_outputs + 1, sizeof(*names));
	bool json = s->options->json;
	struct hg_error *error, *written;

	if (!names)
		return &hg_error_no_memory;
	if (!json && s->answer) {
		error = unless_reader_gone(s, print(s, stdout, false, NULL));
		if (error)
			return error;
		fflush(stdout);
	}
	written = write_outputs(s, names);
	say_incomplete(s);
	error = json ? print(s, stdout, true, names) : NULL;
	if (!error && (fflush(stdout) || ferror(stdout)))
		error = hg_error_write(errno, "to standard output");
	error = unless_reader_gone(s, error);
	if (!written)
		return error;
	hg_error_free(error);
	return written;
}
