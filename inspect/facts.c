/* The small sections of a snapshot.
 *
 * They come last, because most of them need both sides: the heap as the walk has
 * recorded it (read in place from the file) and the process behind it. */
#include "facts.h"

#include <errno.h>
#include <string.h>

#include "../python_glue/buffers.h"
#include "../python_glue/code.h"
#include "../python_glue/descriptors.h"
#include "../python_glue/holders.h"
#include "../python_glue/integers.h"
#include "../python_glue/thread_locals.h"
#include "blocks.h"
#include "linkmap.h"
#include "maps.h"
#include "native.h"
#include "threads.h"

struct facts {
	struct process *process;
	const struct py_runtime *runtime;
	const struct memory *memory; /* of the copy */
	const struct freeze *freeze;
	const struct walk *walk;
	struct snapshot_writer *writer;
};

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
		return hg_error_errno(HG_EXIT_FAILURE, errno,
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

/* Sections that are looked at again before the snapshot can be opened. Each array is its own. */
struct small {
	struct hgs_root *roots;
	struct hgs_thread *threads;
	struct hgs_library *libraries;
	struct py_holders_found found;
	uint32_t num_roots, num_threads;
};

static void small_deinit(struct small *small)
{
	free(small->roots);
	free(small->threads);
	free(small->libraries);
	py_holders_deinit(&small->found);
}

/* The rows of roots that the hook was given get their name and thread (see struct hook_given). */
static struct hg_error *write_roots(const struct facts *f, const struct snapshot *core,
				    struct small *small)
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

static struct hg_error *write_threads(const struct facts *f, struct small *small)
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

static struct hg_error *write_thread_locals(const struct facts *f, const struct snapshot *core,
					    const struct small *small)
{
	_cleanup_free_ struct hgs_thread_local *locals = NULL;
	struct snapshot heap = *core;
	uint32_t count = 0;
	struct hg_error *error;

	heap.roots = small->roots;
	heap.num_roots = small->num_roots;
	error = py_thread_locals(&heap, f->memory, &locals, &count);
	if (!error)
		error = snapshot_writer_add(f->writer, HGS_THREAD_LOCALS, sizeof(*locals), locals,
					    count);
	return error;
}

static struct hg_error *name_frame(const struct facts *f, const struct snapshot *core,
				   const struct hook_frame *raw, struct hgs_frame *frame)
{
	struct py_code_place place;
	struct hg_error *error;

	*frame = (struct hgs_frame){ .object = raw->object, .code = raw->code,
				     .thread = raw->thread };
	if (raw->thread == HGS_NONE &&
	    py_generator_is_new(f->memory, &f->runtime->layout, core->addr[raw->object], raw->lasti))
		frame->flags |= HGS_FRAME_NEW;
	if (py_code_place(f->memory, &f->runtime->layout, core->addr[raw->code], raw->lasti,
			  &place))
		return NULL; /* a damaged code object: no name and line 0, unknown */
	frame->line = place.line;
	error = snapshot_writer_string(f->writer, place.name, &frame->name);
	if (!error)
		error = snapshot_writer_string(f->writer, place.file, &frame->file);
	return error;
}

static struct hg_error *write_frames(const struct facts *f, const struct snapshot *core)
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
	for (uint32_t i = 0; !error && i < count; i++)
		error = raw[i].object >= core->n || raw[i].code >= core->n
				? disordered(f)
				: name_frame(f, core, &raw[i], &frames[i]);
	if (!error)
		error = snapshot_writer_add(f->writer, HGS_FRAMES, sizeof(*frames), frames, count);
	return error;
}

/* The same path stands in many mappings: equal neighbours share one string. */
static struct hg_error *write_segments(const struct facts *f, const struct linkmap *map)
{
	struct hg_error *error = NULL;
	const char *before = "";
	uint32_t path = 0;

	for (size_t i = 0; !error && i < map->num_segments; i++) {
		const char *now = map->maps[i].path;

		if (strcmp(now, before))
			error = snapshot_writer_string(f->writer, now, &path);
		before = now;
		map->segments[i].path = path;
	}
	if (!error)
		error = snapshot_writer_add(f->writer, HGS_SEGMENTS, sizeof(*map->segments),
					    map->segments, map->num_segments);
	return error;
}

static struct hg_error *name_libraries(const struct facts *f, const struct linkmap *map,
				       struct hgs_library **ret)
{
	struct hgs_library *libraries = calloc(map->num_libraries + 1, sizeof(*libraries));
	struct hg_error *error = libraries ? NULL : &hg_error_no_memory;

	for (size_t i = 0; !error && i < map->num_libraries; i++) {
		libraries[i] = map->libraries[i].fact;
		error = snapshot_writer_string(f->writer, map->libraries[i].path,
					       &libraries[i].path);
	}
	if (error)
		free(libraries);
	else
		*ret = libraries;
	return error;
}

static struct hg_error *keep_string(void *writer, const char *text, uint32_t *offset)
{
	return snapshot_writer_string(writer, text, offset);
}

static struct hg_error *write_holders(const struct facts *f, const struct snapshot *core,
				      const struct linkmap *map, struct small *small,
				      const char **unread)
{
	_cleanup_free_ const char **paths = calloc(map->num_libraries + 1, sizeof(*paths));
	const struct py_holders_source source = { .heap = core,
						  .memory = f->memory,
						  .layout = &f->runtime->layout,
						  .libraries = small->libraries,
						  .paths = paths,
						  .num_libraries = (uint32_t)map->num_libraries,
						  .string = keep_string,
						  .context = f->writer };
	struct hg_error *error;

	if (!paths)
		return &hg_error_no_memory;
	for (size_t i = 0; i < map->num_libraries; i++)
		paths[i] = map->libraries[i].path ? map->libraries[i].path : "";
	error = py_holders(&source, &small->found);
	*unread = small->found.unread;
	if (!error)
		error = snapshot_writer_add(f->writer, HGS_HOLDERS, sizeof(*small->found.holder),
					    small->found.holder, small->found.count);
	if (!error)
		error = snapshot_writer_add(f->writer, HGS_CAPSULES, sizeof(*small->found.capsule),
					    small->found.capsule, small->found.num_capsules);
	return error;
}

static struct hg_error *write_native(const struct facts *f, const struct snapshot *core,
				     const struct linkmap *map, const struct small *small)
{
	struct snapshot heap = *core;
	const struct native_source source = { .heap = &heap, .memory = f->memory, .map = map,
					      .threads = f->freeze->threads,
					      .num_threads = f->freeze->num_threads };

	heap.roots = small->roots;
	heap.num_roots = small->num_roots;
	heap.threads = small->threads;
	heap.num_threads = small->num_threads;
	heap.holders = small->found.holder;
	heap.num_holders = small->found.count;
	return native_write(&source, f->writer);
}

static struct hg_error *own_descriptors(const struct facts *f, const struct snapshot *core,
					struct descriptors *now)
{
	const struct py_descriptors_source source = { .heap = core,
						      .memory = f->memory,
						      .layout = &f->runtime->layout,
						      .descriptors = now->fact,
						      .targets = (const char *const *)now->target,
						      .count = now->count };

	return py_descriptors(&source);
}

static struct hg_error *write_descriptors(const struct facts *f, const struct snapshot *core,
					  const struct descriptors *before)
{
	_cleanup_(descriptors_deinit) struct descriptors now = { 0 };
	struct hg_error *error;

	if (!before)
		return NULL;
	error = descriptors_read(f->process->pid, &now);
	if (!error) {
		descriptors_keep(&now, before);
		error = descriptors_ancestry(f->process->pid, &now);
	}
	if (!error)
		error = own_descriptors(f, core, &now);
	for (size_t i = 0; !error && i < now.count; i++)
		error = snapshot_writer_string(f->writer, now.target[i], &now.fact[i].target);
	if (!error)
		error = snapshot_writer_add(f->writer, HGS_DESCRIPTORS, sizeof(*now.fact), now.fact,
					    now.count);
	return error;
}

static struct hg_error *write_buffers(const struct facts *f, const struct snapshot *core)
{
	_cleanup_free_ struct hgs_buffer *buffers = NULL;
	uint32_t count = 0;
	struct hg_error *error = py_buffers(core, f->memory, &buffers, &count);

	return error ? error : snapshot_writer_add(f->writer, HGS_BUFFERS, sizeof(*buffers), buffers,
						   count);
}

/* Whatever the number is for: the address of a library's link map is known to be one. */
static bool is_handle(const struct linkmap *map, uint64_t value)
{
	for (size_t i = 0; i < map->num_libraries; i++)
		if (map->libraries[i].fact.handle == value)
			return true;
	return false;
}

static struct hg_error *write_blocks(const struct facts *f, const struct snapshot *core,
				     const struct linkmap *map)
{
	_cleanup_free_ struct py_integer *integers = NULL;
	_cleanup_free_ struct hgs_block *rows = NULL;
	uint32_t count = 0, candidates = 0;
	struct hg_error *error = py_integers(core, f->memory, &f->runtime->layout, &integers, &count);

	if (error)
		return error;
	rows = calloc((size_t)count + 1, sizeof(*rows));
	if (!rows)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < count; i++)
		if (maps_find(map->maps, map->num_segments, integers[i].value) &&
		    !is_handle(map, integers[i].value))
			rows[candidates++] = (struct hgs_block){ .address = integers[i].value,
								 .object = integers[i].object };
	error = blocks_prove(core, f->memory, map, rows, candidates, &count);
	return error ? error : snapshot_writer_add(f->writer, HGS_BLOCKS, sizeof(*rows), rows, count);
}

static void linkmap_freep(struct linkmap **map)
{
	linkmap_free(*map);
}

static void snapshot_closep(struct snapshot **snapshot)
{
	snapshot_close(*snapshot);
}

struct hg_error *facts_write(struct process *process, const struct py_runtime *runtime,
			     const struct freeze *freeze, const char *maps,
			     const struct walk *walk, const struct descriptors *before,
			     struct snapshot_writer *writer, struct facts_gaps *gaps)
{
	const struct facts f = { process, runtime, &freeze->memory, freeze, walk, writer };
	_cleanup_(snapshot_closep) struct snapshot *core = NULL;
	_cleanup_(linkmap_freep) struct linkmap *map = NULL;
	_cleanup_(small_deinit) struct small small = { 0 };
	struct hg_error *error;

	error = snapshot_writer_view(writer, &core);
	if (!error)
		error = linkmap_read(process, &freeze->memory, maps, &map);
	if (!error)
		error = write_roots(&f, core, &small);
	if (!error)
		error = write_threads(&f, &small);
	if (!error)
		error = write_thread_locals(&f, core, &small);
	if (!error)
		error = write_frames(&f, core);
	if (!error)
		error = name_libraries(&f, map, &small.libraries);
	if (!error)
		error = write_segments(&f, map);
	if (!error)
		error = write_holders(&f, core, map, &small, &gaps->holders);
	if (!error)
		error = snapshot_writer_add(writer, HGS_LIBRARIES, sizeof(*small.libraries),
					    small.libraries, map->num_libraries);
	if (!error)
		error = write_descriptors(&f, core, before);
	if (!error)
		error = write_buffers(&f, core);
	if (!error)
		error = write_native(&f, core, map, &small);
	if (!error)
		error = write_blocks(&f, core, map);
	if (!error)
		gaps->opens = map->opens_unknown;
	return error;
}
