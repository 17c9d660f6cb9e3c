/* Sections that the walk has recorded in the copy: roots, threads, frames. What it left as an address or
 * a number (a thread's state, a position in a code object) is told here. */
#include "facts_parts.h"

#include <errno.h>
#include <string.h>

#include "../python_glue/code.h"
#include "../python_glue/thread_locals.h"
#include "threads.h"

/* A small array of the copy, whole. *ret is never NULL on success. */
static struct hg_error *fetch(const struct facts *f, enum hook_column column, size_t stride,
			      void **ret, uint32_t *count)
{
	const struct hook_array *array = &f->walk->control.columns[column];
	void *data = malloc(array->used + 1);

	if (!data)
		return &hg_error_no_memory;
	if (array->used && memory_read(f->memory, array->data, data, array->used)) {
		free(data);
		return hg_error_errno(HG_EXIT_UNREADABLE, errno,
				      "cannot read the walk's result from the copy");
	}
	*ret = data;
	*count = (uint32_t)(array->used / stride);
	return NULL;
}

/* What comes out of a process that runs code of a core is as little to be trusted as the core. */
static struct hg_error *disordered(const struct facts *f)
{
	return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE, "cannot read process %d: the walk's result is "
					  "not in order", memory_owner(f->memory)),
			     "its memory is damaged, or other code than CPython's ran in the walk");
}

static uint32_t thread_at(const struct hgs_thread *threads, uint32_t count, uint64_t tstate)
{
	for (uint32_t i = 0; tstate && i < count; i++)
		if (threads[i].tstate == tstate)
			return i;
	return HGS_NONE;
}

/* The rows of roots that the hook was given get their name and thread (see struct hook_given). */
struct hg_error *facts_roots(const struct facts *f, const struct snapshot *core,
			     struct facts_small *small)
{
	_cleanup_free_ void *threads = NULL;
	void *data = NULL;
	uint32_t num_threads;
	struct hg_error *error = fetch(f, HOOK_ROOTS, sizeof(struct hgs_root), &data,
				       &small->num_roots);
	struct hgs_root *roots = small->roots = data;

	if (!error)
		error = fetch(f, HOOK_THREADS, sizeof(struct hgs_thread), &threads, &num_threads);
	for (uint32_t i = 0; !error && i < small->num_roots; i++) {
		const struct py_root *given;

		if (roots[i].object >= core->n || roots[i].name > f->walk->roots.count)
			error = disordered(f);
		if (error || !roots[i].name)
			continue;
		given = &f->walk->roots.root[roots[i].name - 1];
		roots[i].thread = thread_at(threads, num_threads, given->thread);
		error = snapshot_writer_string(f->writer, given->name, &roots[i].name);
	}
	if (!error)
		error = snapshot_writer_add(f->writer, HGS_ROOTS, sizeof(*roots), roots,
					    small->num_roots);
	return error;
}

struct hg_error *facts_threads(const struct facts *f, struct facts_small *small)
{
	struct hg_error *error;
	void *threads;

	error = fetch(f, HOOK_THREADS, sizeof(struct hgs_thread), &threads, &small->num_threads);
	if (error)
		return error;
	small->threads = threads;
	error = threads_name(f->process, f->memory, threads, small->num_threads, f->writer);
	if (!error)
		error = snapshot_writer_add(f->writer, HGS_THREADS, sizeof(*small->threads), threads,
					    small->num_threads);
	return error;
}

struct hg_error *facts_thread_locals(const struct facts *f, const struct snapshot *core,
				     const struct facts_small *small)
{
	_cleanup_free_ struct hgs_thread_local *locals = NULL;
	struct snapshot heap = *core;
	uint32_t count = 0;
	struct hg_error *error;

	heap.roots = small->roots;
	heap.num_roots = small->num_roots;
	error = py_thread_locals(&heap, f->instances, f->memory, &locals, &count);
	if (!error)
		error = snapshot_writer_add(f->writer, HGS_THREAD_LOCALS, sizeof(*locals), locals,
					    count);
	return error;
}

static uint32_t flags_of_frame(const struct facts *f, const struct snapshot *core,
			       const struct hook_frame *raw)
{
	if (raw->thread != HGS_NONE)
		return 0;
	if (strcmp(snapshot_type_name(core, raw->object), "frame") == 0)
		return HGS_FRAME_OVER;
	return py_generator_is_new(f->memory, &f->runtime->layout, core->addr[raw->object],
				   raw->lasti)
		       ? HGS_FRAME_NEW
		       : 0;
}

static struct hg_error *name_place(const struct facts *f, const struct snapshot *core,
				   const struct hook_frame *raw, struct hgs_frame *frame)
{
	struct py_code_place place;
	struct hg_error *error;

	if (py_code_place(f->memory, &f->runtime->layout, core->addr[raw->code], raw->lasti,
			  &place))
		return NULL; /* a damaged code object: no name and line 0, unknown */
	frame->line = place.line;
	error = snapshot_writer_string(f->writer, place.name, &frame->name);
	if (!error)
		error = snapshot_writer_string(f->writer, place.file, &frame->file);
	return error;
}

/* A million generators, or frames that tracebacks keep, stand in few places; to read one takes ten
 * system calls. So the last row of each of these many places is looked at first. */
#define PLACES 256u

static struct hg_error *name_frames(const struct facts *f, const struct snapshot *core,
				    const struct hook_frame *raw, uint32_t count,
				    struct hgs_frame *frames)
{
	uint32_t last[PLACES];
	struct hg_error *error = NULL;

	memset(last, 0xff, sizeof(last));
	for (uint32_t i = 0; !error && i < count; i++) {
		uint32_t *at = &last[(raw[i].code * 31u + (uint32_t)raw[i].lasti) % PLACES];

		if (raw[i].object >= core->n || raw[i].code >= core->n)
			return disordered(f);
		if (*at != HGS_NONE && raw[*at].code == raw[i].code && raw[*at].lasti == raw[i].lasti)
			frames[i] = frames[*at];
		else
			error = name_place(f, core, &raw[i], &frames[i]);
		frames[i].object = raw[i].object;
		frames[i].code = raw[i].code;
		frames[i].thread = raw[i].thread;
		frames[i].flags = flags_of_frame(f, core, &raw[i]);
		*at = i;
	}
	return error;
}

struct hg_error *facts_frames(const struct facts *f, const struct snapshot *core)
{
	_cleanup_free_ struct hgs_frame *frames = NULL;
	_cleanup_free_ void *data = NULL;
	const struct hook_frame *raw;
	struct hg_error *error;
	uint32_t count;

	error = fetch(f, HOOK_FRAMES, sizeof(*raw), &data, &count);
	if (error)
		return error;
	raw = data;
	frames = calloc((size_t)count + 1, sizeof(*frames));
	if (!frames)
		return &hg_error_no_memory;
	error = name_frames(f, core, raw, count, frames);
	if (!error)
		error = snapshot_writer_add(f->writer, HGS_FRAMES, sizeof(*frames), frames, count);
	return error;
}
