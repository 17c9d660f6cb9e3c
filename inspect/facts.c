/* The small sections of a snapshot.
 *
 * They come last, because most of them need both sides: the heap as the walk has recorded it (read in
 * place from the file) and the process behind it. Those that the walk itself has recorded are made in
 * facts_walk.c. */
#include "facts_parts.h"

#include <string.h>

#include "../python_glue/buffers.h"
#include "../python_glue/descriptors.h"
#include "../python_glue/integers.h"
#include "blocks.h"
#include "maps.h"
#include "native.h"

static void small_deinit(struct facts_small *small)
{
	free(small->roots);
	free(small->threads);
	free(small->libraries);
	py_holders_deinit(&small->found);
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
				      const struct linkmap *map, struct facts_small *small,
				      const char **unread)
{
	_cleanup_free_ const char **paths = calloc(map->num_libraries + 1, sizeof(*paths));
	const struct py_holders_source source = { .heap = core,
						  .instances = f->instances,
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
				     const struct linkmap *map, const struct facts_small *small)
{
	struct snapshot heap = *core;
	const struct native_source source = { .heap = &heap, .memory = f->memory, .map = map,
					      .freeze = f->freeze };

	heap.roots = small->roots;
	heap.num_roots = small->num_roots;
	heap.threads = small->threads;
	heap.num_threads = small->num_threads;
	heap.holders = small->found.holder;
	heap.num_holders = small->found.count;
	return native_write(&source, f->writer);
}

static void own_descriptors(const struct facts *f, const struct snapshot *core,
					struct descriptors *now)
{
	const struct py_descriptors_source source = { .heap = core,
						      .instances = f->instances,
						      .memory = f->memory,
						      .layout = &f->runtime->layout,
						      .descriptors = now->fact,
						      .targets = (const char *const *)now->target,
						      .count = now->count };

	py_descriptors(&source);
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
		own_descriptors(f, core, &now);
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
	struct hg_error *error = py_buffers(core, f->instances, f->memory, &buffers, &count);

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
	struct hg_error *error = py_integers(core, f->instances, f->memory, &f->runtime->layout,
					     &integers, &count);

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
	_cleanup_(instances_deinit) struct instances instances = { 0 };
	const struct facts f = { process, runtime, &freeze->memory, freeze, walk, writer, &instances };
	_cleanup_(snapshot_closep) struct snapshot *core = NULL;
	_cleanup_(linkmap_freep) struct linkmap *map = NULL;
	_cleanup_(small_deinit) struct facts_small small = { 0 };
	struct hg_error *error;

	error = snapshot_writer_view(writer, &core);
	if (!error)
		error = instances_find(core, &instances);
	if (!error)
		error = linkmap_read(process, &freeze->memory, maps, &map);
	if (!error)
		error = facts_roots(&f, core, &small);
	if (!error)
		error = facts_threads(&f, &small);
	if (!error)
		error = facts_thread_locals(&f, core, &small);
	if (!error)
		error = facts_frames(&f, core);
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
