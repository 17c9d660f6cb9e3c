/* From a process to a finished snapshot.
 *
 * The order is the format's: the hook's columns are streamed from the copy to
 * the file as they are; then the file is read in place to find what needs
 * knowledge of both the heap and the process (owners of handles, lines of
 * frames); those small sections end the file. The heap is never held twice. */
#include "capture.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "origin.h"
#include "proc.h"
#include "threads.h"

#define CHUNK (1u << 20)

static const struct {
	enum hook_column column;
	uint32_t section, stride;
} columns[] = {
	{ HOOK_ADDR, HGS_OBJ_ADDR, 8 },	      { HOOK_TYPE, HGS_OBJ_TYPE, 4 },
	{ HOOK_REFS, HGS_OBJ_REFS, 4 },	      { HOOK_SIZE, HGS_OBJ_SIZE, 8 },
	{ HOOK_FLAGS, HGS_OBJ_FLAGS, 4 },     { HOOK_TEXT, HGS_OBJ_TEXT, 4 },
	{ HOOK_START, HGS_REF_START, 8 },     { HOOK_TARGET, HGS_REF_TARGET, 4 },
	{ HOOK_NAME, HGS_REF_NAME, 4 },	      { HOOK_STRINGS, HGS_STRINGS, 1 },
};

/* Streams one array of the copy to the file. */
static struct hg_error *stream(const struct memory *memory, const struct hook_array *array,
			       struct snapshot_writer *writer, bool strings, void *buffer)
{
	struct hg_error *error = NULL;

	for (uint64_t done = 0; !error && done < array->used;) {
		size_t size = array->used - done < CHUNK ? array->used - done : CHUNK;

		if (memory_read(memory, array->data + done, buffer, size))
			return hg_error_errno(HG_EXIT_UNREADABLE, errno,
					      "cannot read the walk's result from the copy");
		error = strings ? snapshot_writer_strings(writer, buffer, size)
				: snapshot_writer_append(writer, buffer, size);
		done += size;
	}
	return error;
}

static struct hg_error *write_columns(const struct memory *memory,
				      const struct hook_control *control,
				      struct snapshot_writer *writer,
				      const struct interrupt *interrupt)
{
	_cleanup_free_ void *buffer = malloc(CHUNK);
	struct hg_error *error = buffer ? NULL : &hg_error_no_memory;

	for (unsigned i = 0; !error && i < sizeof(columns) / sizeof(columns[0]); i++) {
		bool strings = columns[i].section == HGS_STRINGS;

		if (!strings)
			error = snapshot_writer_section(writer, columns[i].section,
							columns[i].stride);
		if (!error)
			error = stream(memory, &control->columns[columns[i].column], writer,
				       strings, buffer);
		if (!error)
			error = interrupt_check(interrupt);
	}
	return error;
}

static uint64_t time_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static struct hg_error *write_meta(struct snapshot_writer *writer, const struct process *process,
				   const struct py_runtime *runtime, const struct hgs_meta *known)
{
	struct hgs_meta meta = *known;
	struct hg_error *error;
	struct utsname host;

	meta.pid = (uint32_t)process->pid;
	meta.python_version = runtime->layout.version;
	meta.build = runtime->build | (process->is_static ? HGS_BUILD_STATIC : 0);
	error = snapshot_writer_string(writer, process->exe, &meta.exe);
	if (!error)
		error = snapshot_writer_string(writer, process->cmdline, &meta.cmdline);
	if (!error && known->method != HGS_CORE && !uname(&host))
		error = snapshot_writer_string(writer, host.nodename, &meta.host);
	if (!error)
		error = snapshot_writer_add(writer, HGS_META, sizeof(meta), &meta, 1);
	return error;
}

static struct hg_error *add_reason(struct snapshot_writer *writer, uint32_t *reasons,
				   unsigned *count, const char *text)
{
	return snapshot_writer_string(writer, text, &reasons[(*count)++]);
}

/* Why the snapshot is not whole, counted. */
static struct hg_error *write_incomplete(struct snapshot_writer *writer,
					 const struct hook_control *control,
					 const char *why_inconsistent, const struct facts_gaps *gaps)
{
	struct hg_error *error = NULL;
	uint32_t reasons[6];
	unsigned count = 0;
	char text[160];

	if (why_inconsistent) {
		snprintf(text, sizeof(text), "the heap may not have been whole when it was copied: %s",
			 why_inconsistent);
		error = add_reason(writer, reasons, &count, text);
	}
	if (!error && control->bad) {
		snprintf(text, sizeof(text), "%llu objects could not be visited to the end",
			 (unsigned long long)control->bad);
		error = add_reason(writer, reasons, &count, text);
	}
	if (!error && control->broken_list) {
		snprintf(text, sizeof(text), "%u gc lists were in motion and do not close",
			 control->broken_list);
		error = add_reason(writer, reasons, &count, text);
	}
	if (!error && gaps->memory)
		error = add_reason(writer, reasons, &count, gaps->memory);
	if (!error && gaps->holders)
		error = add_reason(writer, reasons, &count, gaps->holders);
	if (!error && gaps->opens) {
		snprintf(text, sizeof(text), "open counts of libraries are unknown: %s",
			 gaps->opens);
		error = add_reason(writer, reasons, &count, text);
	}
	if (!error)
		error = snapshot_writer_add(writer, HGS_INCOMPLETE, sizeof(reasons[0]), reasons,
					    count);
	return error;
}

void capture_moment(struct taking *taking, pid_t pid)
{
	taking->meta.time_ns = time_ns(CLOCK_REALTIME);
	taking->taken_ns = time_ns(CLOCK_BOOTTIME);
	taking->meta.threads = threads_count(pid);
}

struct hg_error *capture_record(struct taking *t, struct freeze *freeze,
				const struct interrupt *interrupt)
{
	struct hg_error *error;

	error = write_columns(&freeze->memory, &t->walk->control, t->writer, interrupt);
	if (error)
		return error;
	return facts_write(t->process, t->runtime, freeze, t->maps, t->walk, t->before, t->writer,
			   &t->gaps);
}

struct hg_error *capture_finish(struct taking *t)
{
	const struct hook_control *control = &t->walk->control;
	struct hg_error *error;

	t->meta.gc_enabled = control->gc_enabled;
	t->meta.gc_frozen = control->frozen;
	t->meta.tracked = control->tracked;
	t->meta.bad_objects = (uint32_t)control->bad;
	t->meta.walk_ns = t->walk->walk_ns;
	error = write_meta(t->writer, t->process, t->runtime, &t->meta);
	if (!error && t->taken_ns)
		error = origin_write(t->process->pid, t->taken_ns, t->writer);
	if (!error)
		error = write_incomplete(t->writer, control, t->why_inconsistent, &t->gaps);
	if (!error)
		error = snapshot_writer_finish(t->writer);
	return error;
}

static void freeze_endp(struct freeze **freeze)
{
	freeze_end(*freeze);
}

static void walk_freep(struct walk **walk)
{
	walk_free(*walk);
}

static void writer_destroyp(struct snapshot_writer **writer)
{
	snapshot_writer_destroy(*writer);
}

/* What is read of the target while it runs, and what fails for reasons of ours. */
static struct hg_error *prepare(struct process *process, int fd, const char *name,
				struct py_runtime *runtime, struct descriptors *before,
				struct snapshot_writer **writer)
{
	struct hg_error *error = py_runtime_open(&process->memory, process->runtime,
						 process->python_version, runtime);

	if (!error)
		error = descriptors_read(process->pid, before);
	return error ? error : snapshot_writer_begin(fd, name, writer);
}

struct hg_error *capture(struct process *process, const struct capture_options *options, int fd,
			 const char *name, const struct interrupt *interrupt,
			 struct progress *progress)
{
	_cleanup_(writer_destroyp) struct snapshot_writer *writer = NULL;
	_cleanup_(freeze_endp) struct freeze *freeze = NULL;
	_cleanup_(descriptors_deinit) struct descriptors before = { 0 };
	_cleanup_free_ struct py_runtime *runtime = calloc(1, sizeof(*runtime));
	_cleanup_(walk_freep) struct walk *walk = calloc(1, sizeof(*walk));
	_cleanup_free_ char *maps = NULL;
	struct freeze_options how = options->freeze;
	bool pause = how.mode == FREEZE_PAUSE;
	struct taking t = { .process = process,
			    .runtime = runtime,
			    .walk = walk,
			    .before = &before,
			    .meta = { .method = pause ? HGS_PAUSE : HGS_FORK } };
	struct hg_error *error;
	uint64_t begin;

	if (!runtime || !walk)
		return &hg_error_no_memory;
	error = prepare(process, fd, name, runtime, &before, &writer);
	if (!error)
		error = interrupt_check(interrupt);
	how.interrupt = interrupt;
	progress_show(progress, "waiting for a moment when the heap is whole", 0);
	begin = clock_ns();
	if (!error)
		error = freeze_begin(process, runtime, &how, &freeze);
	if (error)
		return process_news(process, error);
	capture_moment(&t, process->pid);
	t.writer = writer;
	t.maps = maps = proc_read(freeze->memory.pid, "maps", NULL);
	if (!maps)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read the mappings of process %d",
				      process->pid);
	error = walk_run(freeze, runtime, options->redact ? HOOK_REDACT : 0, interrupt, progress,
			 walk);
	if (!error)
		error = capture_record(&t, freeze, interrupt);
	if (error)
		return error;
	t.meta.consistent = freeze->consistent;
	t.why_inconsistent = freeze->why_inconsistent;
	t.meta.stopped_ns = freeze->stopped_ns;
	freeze_end(take_ptr(freeze));
	if (pause)
		t.meta.stopped_ns = clock_ns() - begin;
	return capture_finish(&t);
}
