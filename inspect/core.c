/* From a core file to a snapshot. See core.h.
 *
 * What a live process tells by /proc, the core tells by its notes: maps, auxiliary vector, threads,
 * program. It says nothing of open descriptors: they are not in the snapshot. */
#include "core_parts.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core_gaps.h"
#include "core_sandbox.h"
#include "core_seal.h"
#include "interpreter.h"
#include "maps.h"
#include "threads.h"

static int open_stand_in(const struct process *process, const struct mapping *mapping)
{
	const struct core_image *image = &process->core->image;

	if (!mapping->inode || mapping->inode > image->num_binaries ||
	    image->binaries[mapping->inode - 1].fd < 0) {
		errno = ENOENT;
		return -1;
	}
	return dup(image->binaries[mapping->inode - 1].fd);
}

/* Only the main thread's name is in a core. */
static struct hg_error *threads_of_core(const struct process *process, struct threads *ret)
{
	const struct core_file *file = &process->core->file;

	*ret = (struct threads){ .main = (uint32_t)file->pid };
	ret->list = calloc(file->num_threads + 1, sizeof(*ret->list));
	if (!ret->list)
		return &hg_error_no_memory;
	for (size_t i = 0; i < file->num_threads; i++) {
		ret->list[i].tid = file->tids[i];
		if (file->tids[i] == ret->main)
			snprintf(ret->list[i].name, sizeof(ret->list[i].name), "%s", file->program);
	}
	ret->count = file->num_threads;
	return NULL;
}

static const struct process_source from_core = { open_stand_in, threads_of_core };

/* The path of the program: the file that AT_PHDR lies in, or what it was started by. */
static char *program_path(const struct core *core)
{
	uint64_t name = core_file_auxv(&core->file, AT_EXECFN);
	char text[4096];

	for (size_t i = 0; i < core->image.num_binaries; i++)
		if (core->image.binaries[i].is_program)
			return strdup(core->image.binaries[i].path);
	if (name && !memory_read_string(&core->freeze->memory, name, text, sizeof(text)) && text[0])
		return strdup(text);
	return strdup(core->file.program);
}

static struct hg_error *fill_process(struct core *core)
{
	struct process *p = calloc(1, sizeof(*p));

	core->process = p;
	if (!p)
		return &hg_error_no_memory;
	p->source = &from_core;
	p->core = core;
	p->pid = core->file.pid;
	p->memory = core->freeze->memory;
	p->exe = program_path(core);
	p->image_size = core->file.auxv_size;
	p->image = malloc(p->image_size + 1);
	p->cmdline = strdup(core->file.arguments);
	if (!p->exe || !p->cmdline || !p->image)
		return &hg_error_no_memory;
	if (p->image_size)
		memcpy(p->image, core->file.auxv, p->image_size);
	return NULL;
}

/* The mappings, as /proc/PID/maps would list them. */
static struct hg_error *set_maps(struct core *core)
{
	struct process *p = core->process;

	free(core->maps);
	free(take_ptr(p->paths));
	free(take_ptr(p->maps));
	core->maps = core_image_maps(&core->file, &core->image);
	p->paths = core->maps ? strdup(core->maps) : NULL;
	if (!p->paths)
		return &hg_error_no_memory;
	if (maps_parse(p->paths, &p->maps, &p->num_maps) < 0)
		return errno == ENOMEM ? &hg_error_no_memory
				       : core_damaged(core->name, "its list of files is not what it says");
	return NULL;
}

/* A core does not say which mapping the kernel grew by brk(). glibc keeps the end of it in a symbol of
 * its own (sysdeps/unix/sysv/linux/brk.c); without that no mapping is called the heap. */
static struct hg_error *name_heap(struct core *core)
{
	uint64_t symbol = process_symbol(core->process, "libc", "__curbrk"), end;

	if (!symbol || memory_read_u64(&core->process->memory, symbol, &end))
		return NULL;
	core->image.heap_end = (end + CORE_PAGE - 1) & -(uint64_t)CORE_PAGE;
	return set_maps(core);
}

static const struct core_binary *missing_binary(const struct core *core)
{
	const struct core_binary *first = NULL;

	for (size_t i = 0; i < core->image.num_binaries; i++) {
		const struct core_binary *binary = &core->image.binaries[i];

		if (binary->missing && (!first || binary->is_program || strstr(binary->path, "/libpython")))
			first = binary;
	}
	return first;
}

static struct hg_error *disordered(const struct core *core, struct hg_error *error)
{
	struct hg_error *told = core_damaged(core->name, error->message);

	hg_error_free(error);
	return told;
}

/* core(5): without bit 0 of coredump_filter no page is written that the process has made or changed. */
static bool has_data(const struct core_file *file)
{
	for (size_t i = 0; i < file->num_segments; i++)
		if (file->segments[i].prot & 2 && file->segments[i].stored)
			return true;
	return false;
}

/* What a process says of itself is, in a core, what the core says. */
static struct hg_error *of_core(const struct core *core, const struct interrupt *interrupt,
				struct hg_error *error)
{
	const struct core_binary *missing = missing_binary(core);

	if (!error || error == &hg_error_no_memory || interrupted(interrupt))
		return error;
	if (core->held)
		return process_news(core->process, error);
	if (!has_data(&core->file)) {
		hg_error_free(error);
		return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE, "cannot read %s: the process's own memory "
						  "is not in it", core->name),
				     "before the crash: echo 0x33 > /proc/PID/coredump_filter");
	}
	if (missing) {
		hg_error_free(error);
		return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE, "cannot read %s: the code of %s is "
						  "not in it: %s", core->name, missing->path,
						  missing->missing),
				     "give the file that it ran (--exe FILE), or the root of the file system "
				     "that it ran in (--sysroot DIR)");
	}
	if (error->code == HG_EXIT_NO_PROCESS) {
		struct hg_error *told = hg_error_new(HG_EXIT_NO_PROCESS, "cannot read %s: %s", core->name,
						     error->message);

		hg_error_free(error);
		return hg_error_hint(told, "heapgraph reads cores of CPython");
	}
	return error->code == HG_EXIT_FAILURE ? disordered(core, error) : error;
}

struct hg_error *core_open(int fd, const char *name, const struct core_places *places,
			   const struct interrupt *interrupt, struct core **ret)
{
	struct core *core = calloc(1, sizeof(*core));
	struct hg_error *error;

	if (!core)
		return &hg_error_no_memory;
	core->name = name;
	error = core_file_read(fd, name, &core->file);
	if (!error)
		error = core_image_make(&core->file, places, &core->image);
	if (!error)
		error = core_gaps(&core->file, &core->image, &core->gaps);
	if (!error)
		error = core_sandbox(&core->file, &core->image, interrupt, &core->freeze);
	if (!error)
		error = fill_process(core);
	if (!error)
		error = set_maps(core);
	if (!error)
		error = name_heap(core);
	if (!error)
		error = of_core(core, interrupt, interpreter_find(core->process));
	if (error) {
		core_close(core);
		return error;
	}
	*ret = core;
	return NULL;
}

void core_close(struct core *core)
{
	if (!core)
		return;
	process_close(core->process);
	freeze_end(core->freeze);
	core_image_deinit(&core->image);
	core_file_deinit(&core->file);
	free(core->maps);
	free(core->gaps);
	free(core->own_name);
	descriptors_deinit(&core->before);
	free(core);
}

/* A core is written at any moment: the heap was whole where nobody held the GIL. */
static const char *why_inconsistent(const struct core *core, const struct py_runtime *runtime)
{
	const struct memory *memory = &core->process->memory;

	for (unsigned i = 0; i < runtime->num_interpreters; i++) {
		const struct py_interpreter *interpreter = &runtime->interpreters[i];
		uint32_t collecting = 0, locked = 0;

		if (interpreter->gc_collecting &&
		    !memory_read_u32(memory, interpreter->gc_collecting, &collecting) && collecting)
			return "a garbage collection was under way";
		if (interpreter->gil_locked &&
		    !memory_read_u32(memory, interpreter->gil_locked, &locked) && locked == 1)
			return core->held ? "a thread held the GIL where the debugger stopped it"
					  : "a thread held the GIL when the core was written";
	}
	return NULL;
}

static void walk_freep(struct walk **walk)
{
	walk_free(*walk);
}

static void writer_destroyp(struct snapshot_writer **writer)
{
	snapshot_writer_destroy(*writer);
}

/* When it was written, and how many threads it says that there were. */
static void note_moment(const struct core *core, struct hgs_meta *meta)
{
	struct stat st;

	meta->threads = (uint32_t)core->file.num_threads;
	if (!fstat(core->file.fd, &st))
		meta->time_ns = (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
}

struct hg_error *core_capture(struct core *core, bool redact, int out, const char *out_name,
			      const struct interrupt *interrupt, struct progress *progress)
{
	_cleanup_(writer_destroyp) struct snapshot_writer *writer = NULL;
	_cleanup_free_ struct py_runtime *runtime = calloc(1, sizeof(*runtime));
	_cleanup_(walk_freep) struct walk *walk = calloc(1, sizeof(*walk));
	struct taking t = { .process = core->process,
			    .runtime = runtime,
			    .walk = walk,
			    .maps = core->maps,
			    .before = core->held ? &core->before : NULL,
			    .meta = { .method = core->held ? HGS_HELD : HGS_CORE } };
	struct hg_error *error;

	if (!runtime || !walk)
		return &hg_error_no_memory;
	error = py_runtime_open(&core->process->memory, core->process->runtime,
				core->process->python_version, runtime);
	if (!error)
		error = walk_run(core->freeze, runtime, redact ? HOOK_REDACT : 0, interrupt, progress,
				 walk);
	if (!error && !core_walk_is_sound(&core->image, &walk->control))
		error = hg_error_new(HG_EXIT_FAILURE, "code of its own changed what the walk recorded");
	if (error)
		return of_core(core, interrupt, error);
	core->freeze->threads = take_ptr(core->file.threads);
	core->freeze->num_threads = core->file.num_threads;
	error = snapshot_writer_begin(out, out_name, &writer);
	t.writer = writer;
	if (!error)
		error = capture_record(&t, core->freeze, interrupt);
	if (error)
		return error->code == HG_EXIT_UNREADABLE && !core->held ? disordered(core, error) : error;
	t.why_inconsistent = why_inconsistent(core, runtime);
	t.meta.consistent = !t.why_inconsistent;
	t.gaps.memory = core->gaps;
	if (core->held)
		capture_moment(&t, core->process->pid);
	else
		note_moment(core, &t.meta);
	return capture_finish(&t);
}
