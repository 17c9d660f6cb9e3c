/* The verbs.
 *
 * All of them are one line of steps: promise the outputs, get a snapshot (from
 * a process or a file), answer, print, draw. What can fail for reasons of ours
 * (a folder, a name, a right) fails before the target is touched. */
#include "verbs.h"

#include <errno.h>
#include <langinfo.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "../graph/unload.h"
#include "capture.h"
#include "held.h"
#include "session.h"
#include "source.h"

#define TEXT_ROWS 20
#define JSON_ROWS 1000
#define MAX_SELECTED 20

static void session_deinit(struct session *s)
{
	free(s->selected);
	query_deinit(&s->query);
	baseline_destroy(s->baseline);
	comparison_destroy(s->comparison);
	answer_destroy(s->answer);
	snapshot_close(s->snapshot);
	for (unsigned i = 0; i < s->num_outputs; i++)
		output_deinit(&s->outputs[i]);
	free(s->outputs);
	if (s->spool >= 0)
		close(s->spool);
	process_close(s->process);
	core_close(s->core);
	if (s->core_fd >= 0)
		close(s->core_fd);
}

static bool wants_color(enum color color)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	if (color != COLOR_AUTO)
		return color == COLOR_ALWAYS;
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term && strcmp(term, "dumb");
}

static struct style make_style(const struct options *o)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size = { 0 };
	int width = columns ? atoi(columns) : 0;
	uint32_t rows = o->tsv ? 0 : o->json ? JSON_ROWS : TEXT_ROWS;

	if (width <= 0 && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		width = size.ws_col;
	return (struct style){
		.color = wants_color(o->color),
		.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
		.width = width >= 40 ? width : 80,
		.verbose = o->verbose,
		.limit = o->limit == UINT32_MAX ? 0 : o->limit ? o->limit : rows,
	};
}

/* A default picture: attach and report draw one where no -o names another output. */
static struct hg_error *open_default(struct session *s, uint32_t pid)
{
	char stem[32];

	snprintf(stem, sizeof(stem), "heapgraph-%u", pid);
	return output_open_numbered(stem, &s->outputs[s->num_outputs++]);
}

static struct hg_error *check_output(const struct session *s, const struct output *output)
{
	const struct options *o = s->options;

	if (o->verb == VERB_SNAPSHOT && output->kind != OUTPUT_HGS)
		return hg_error_hint(hg_error_new(HG_EXIT_USAGE, "snapshot writes .hgs, not %s",
						  output->path),
				     "heapgraph attach PID -o %s draws", output->path);
	if (output->kind == OUTPUT_HGS && !s->process && !s->core)
		return hg_error_new(HG_EXIT_USAGE, "%s: SOURCE is a snapshot already",
				    output->path);
	if (output->kind == OUTPUT_BASELINE && o->verb != VERB_ATTACH && o->verb != VERB_REPORT &&
	    o->verb != VERB_DIFF)
		return hg_error_hint(hg_error_new(HG_EXIT_USAGE, "%s finds nothing for a baseline",
						  verb_name(o->verb)),
				     "report and diff write one");
	if (is_picture(output->kind) && o->verb == VERB_TYPES)
		return hg_error_hint(hg_error_new(HG_EXIT_USAGE, "types has no picture"),
				     "-o FILE.json, or retained, which has one");
	return NULL;
}

static struct hg_error *open_outputs(struct session *s)
{
	const struct options *o = s->options;
	struct hg_error *error = NULL;

	s->outputs = calloc(o->num_outputs + 1, sizeof(*s->outputs));
	if (!s->outputs)
		return &hg_error_no_memory;
	for (unsigned i = 0; !error && i < o->num_outputs; i++) {
		error = output_open(o->outputs[i], o->force, &s->outputs[s->num_outputs++]);
		if (!error)
			error = check_output(s, &s->outputs[i]);
		for (unsigned k = 0; !error && k < i; k++) {
			if (!strcmp(s->outputs[k].path, s->outputs[i].path))
				error = hg_error_new(HG_EXIT_USAGE, "-o %s is named twice",
						     o->outputs[i]);
		}
	}
	if (!error && o->verb == VERB_ATTACH && !o->num_outputs)
		error = open_default(s, (uint32_t)s->process->pid);
	return error;
}

/* The descriptor that the snapshot of a process goes to. */
static struct hg_error *snapshot_target(struct session *s, int *fd, const char **name)
{
	for (unsigned i = 0; i < s->num_outputs; i++) {
		if (s->outputs[i].kind == OUTPUT_HGS) {
			*fd = s->outputs[i].fd;
			*name = s->outputs[i].path;
			return NULL;
		}
	}
	s->spool = memfd_create("heapgraph", MFD_CLOEXEC);
	if (s->spool < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot hold the snapshot");
	*fd = s->spool;
	*name = "the snapshot";
	return NULL;
}

static struct hg_error *capture_source(struct session *s)
{
	const struct capture_options options = {
		.freeze = { .mode = s->options->mode, .timeout_ns = s->options->timeout_ns },
		.redact = s->options->redact,
	};
	struct hg_error *error;
	const char *name = NULL;
	int fd = -1;

	error = snapshot_target(s, &fd, &name);
	if (!error && s->core)
		error = core_capture(s->core, options.redact, fd, name, s->interrupt, &s->progress);
	else if (!error)
		error = capture(s->process, &options, fd, name, s->interrupt, &s->progress);
	if (!error)
		error = snapshot_open_fd(fd, name, &s->snapshot);
	progress_clear(&s->progress);
	return error;
}

static struct hg_error *open_held(struct session *s)
{
	const struct held_options options = { .memory = s->options->held, .registers = stdin };
	pid_t pid;

	if (!source_is_pid(s->options->source, &pid))
		return hg_error_new(HG_EXIT_USAGE, "--held: '%s' is not a PID", s->options->source);
	progress_show(&s->progress, "reading the process", 0);
	return held_open(pid, &options, s->interrupt, &s->core);
}

static struct hg_error *open_source(struct session *s, bool live)
{
	const struct options *o = s->options;
	const struct core_places places = { .exe = o->exe, .sysroot = o->sysroot };
	struct hg_error *error;
	pid_t pid;

	if (o->held >= 0)
		return open_held(s);
	if (live || source_is_pid(o->source, &pid))
		return source_process(o->source, &s->process);
	progress_show(&s->progress, "reading the core", 0);
	error = source_open_core(o->source, s->interrupt, &s->core_fd);
	if (error || s->core_fd < 0)
		return error;
	return core_open(s->core_fd, o->source, &places, s->interrupt, &s->core);
}

static struct hg_error *get_snapshot(struct session *s)
{
	const struct options *o = s->options;
	bool live = o->verb == VERB_ATTACH || o->verb == VERB_SNAPSHOT;
	struct hg_error *error = o->baseline ? baseline_read(o->baseline, &s->baseline) : NULL;

	if (!error)
		error = query_read(o, &s->query);
	if (!error && o->num_older)
		error = comparison_open(o, s->interrupt, &s->progress, &s->comparison);
	if (error)
		return error;
	error = open_source(s, live);
	if (!error)
		error = open_outputs(s);
	if (!error && (s->process || s->core))
		error = capture_source(s);
	else if (!error)
		error = source_file(o->source, &s->snapshot);
	return error;
}

/* Verbs that need no findings, but for --fail-on. */
static bool answers_sizes(const struct options *o)
{
	return (o->verb == VERB_TYPES || o->verb == VERB_RETAINED) && !o->fail_on;
}

/* How many objects are told of one by one; a table has no place to say that it was cut. */
static uint32_t max_selected(const struct options *o)
{
	return o->limit ? o->limit : o->tsv ? UINT32_MAX : MAX_SELECTED;
}

static struct hg_error *analyse(struct session *s)
{
	struct hg_error *error;

	progress_show(&s->progress, "analysing", s->snapshot->n);
	error = answers_sizes(s->options) ? answer_create_heap(s->snapshot, &s->answer)
					  : answer_create(s->snapshot, &s->answer);
	if (!error)
		error = interrupt_check(s->interrupt);
	if (!error && s->options->unload)
		error = unload_create(s->answer, s->options->unload, &s->answer->unload);
	if (!error)
		error = query_select(&s->query, s->options, s->answer, &s->selected,
				     &s->all_selected);
	if (!error && s->comparison)
		error = comparison_make(s->comparison, s->answer, s->options->source);
	if (!error && s->baseline && s->comparison)
		baseline_mark(s->baseline, s->comparison->diff);
	else if (!error && s->baseline)
		baseline_mute(s->baseline, s->answer);
	/* One by one; why and retained ask about all. */
	s->num_selected = s->all_selected < max_selected(s->options) ? (uint32_t)s->all_selected
								     : max_selected(s->options);
	if (!error && s->options->verb == VERB_REPORT && !s->options->num_outputs)
		error = open_default(s, s->snapshot->meta->pid);
	progress_clear(&s->progress);
	return error;
}

static enum hg_exit status_of(const struct session *s)
{
	for (uint32_t i = 0; s->answer && !s->comparison && i < s->answer->num_findings; i++) {
		if (s->options->fail_on & UINT64_C(1) << s->answer->findings[i].code)
			return HG_EXIT_FAIL_ON;
	}
	if (s->comparison && comparison_matches(s->comparison, s->options->fail_on))
		return HG_EXIT_FAIL_ON;
	if (s->reader_gone)
		return HG_EXIT_PIPE;
	if (s->comparison && comparison_is_incomplete(s->comparison))
		return HG_EXIT_INCOMPLETE;
	return s->snapshot && s->snapshot->num_incomplete ? HG_EXIT_INCOMPLETE : HG_EXIT_OK;
}

struct hg_error *verb_run(const struct options *options, const struct interrupt *interrupt,
			  enum hg_exit *status)
{
	_cleanup_(session_deinit) struct session s = {
		.options = options,
		.interrupt = interrupt,
		.style = make_style(options),
		.spool = -1,
		.core_fd = -1,
	};
	struct hg_error *error;

	progress_init(&s.progress, options->verbose < 0);
	error = get_snapshot(&s);
	if (!error && options->verb != VERB_SNAPSHOT)
		error = analyse(&s);
	if (!error)
		error = publish(&s);
	progress_clear(&s.progress);
	if (!error)
		*status = status_of(&s);
	return error;
}
