/* What is mapped there, where from it is taken:
 *
 *   no file          what it has written (pagemap); all else is zeros, as it would find them
 *   a file of code   that file, and over it the pages that the process has written; not those of code that
 *                    is only read: they differ by breakpoints of the debugger, which would end the walk.
 *                    All of it from memory where the file cannot be had
 *   another file, shared memory   nothing: no object lies there, and it may be a database
 *
 * A page that is only reserved is not read, since that alone would make it: a debugger's core would write
 * a reserved terabyte out. See held.h. */
#include "held.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "core_parts.h"
#include "core_sandbox.h"
#include "interpreter.h"
#include "proc.h"

/* Where user memory may begin and ends; core_file.c. */
#define LOWEST UINT64_C(0x10000)
#define USER_END UINT64_C(0x7ffffffff000)

/* How often its threads have run in all, which is the same again where none has. */
struct standing {
	uint64_t switches, threads;
};

static struct hg_error *it_runs(pid_t pid, const char *thread)
{
	return hg_error_hint(hg_error_new(HG_EXIT_FAILURE, "cannot read process %d: its thread %s runs",
					  pid, thread),
			     "stop all of it in the debugger first (in gdb: interrupt -a)");
}

static struct hg_error *check_standing(pid_t pid, struct standing *ret)
{
	_cleanup_closedir_ DIR *tasks = NULL;
	struct dirent *entry;
	char path[64];

	*ret = (struct standing){ 0 };
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks))) {
		struct proc_status status;

		if (entry->d_name[0] == '.' || proc_status_read_thread(pid, entry->d_name, &status) < 0)
			continue;
		if (!strchr("tZX", status.state))
			return it_runs(pid, entry->d_name);
		ret->switches += status.switches;
		ret->threads++;
	}
	if (!ret->threads)
		return hg_error_new(HG_EXIT_NO_PROCESS, "no process %d any more", pid);
	return NULL;
}

static struct hg_error *check_still_standing(pid_t pid, const struct standing *before)
{
	struct standing now;
	struct hg_error *error = check_standing(pid, &now);

	if (error || (now.switches == before->switches && now.threads == before->threads))
		return error;
	return hg_error_hint(hg_error_new(HG_EXIT_FAILURE, "process %d went on while it was read", pid),
			     "let the debugger hold it until the answer is there");
}

/* False also where none follows. */
static bool read_thread(FILE *from, struct freeze_thread *ret, uint64_t *thread_pointer, bool *broken)
{
	unsigned tid;
	int got = fscanf(from, "%u %" SCNx64 " %" SCNx64 " %" SCNx64, &tid, &ret->sp, &ret->ip, thread_pointer);

	*broken = got != EOF;
	if (got != 4)
		return false;
	for (size_t i = 0; i < sizeof(ret->registers) / sizeof(*ret->registers); i++)
		if (fscanf(from, "%" SCNx64, &ret->registers[i]) != 1)
			return false;
	return true;
}

static struct hg_error *read_registers(FILE *from, struct core_file *file)
{
	struct freeze_thread thread;
	uint64_t thread_pointer;
	bool broken;

	while (read_thread(from, &thread, &thread_pointer, &broken)) {
		struct freeze_thread *grown = reallocarray(file->threads, file->num_threads + 1,
							   sizeof(*grown));

		if (!grown)
			return &hg_error_no_memory;
		file->threads = grown;
		if (!file->num_threads)
			file->thread_pointer = thread_pointer;
		grown[file->num_threads++] = thread;
	}
	if (!broken && file->num_threads)
		return NULL;
	return hg_error_hint(hg_error_new(HG_EXIT_USAGE, "--held: no registers of threads on standard input"),
			     "it is for debuggers; in gdb: source heapgraph-gdb.py, then heapgraph report");
}

static bool same_file(const struct mapping *a, const struct mapping *b)
{
	return a->inode == b->inode && a->major == b->major && a->minor == b->minor;
}

/* The file of a mapping among those of code; added where the mapping shows that it is one. */
static size_t code_file(struct core *core, const struct mapping *m, const struct mapping **seen, bool add)
{
	struct core_image *image = &core->image;
	char magic[4];

	for (size_t i = 0; i < image->num_binaries; i++)
		if (same_file(seen[i], m))
			return i;
	if (!add || !(m->prot & 4 ||
		      (!m->offset && pread(core->file.fd, magic, sizeof(magic), (off_t)m->start) == 4 &&
		       !memcmp(magic, "\177ELF", 4))))
		return SIZE_MAX;
	seen[image->num_binaries] = m;
	image->binaries[image->num_binaries] = (struct core_binary){
		.path = m->path, .fd = process_open_mapping(core->process, m), .is_code = true };
	return image->num_binaries++;
}

static bool is_kernels(const char *path)
{
	return !strncmp(path, "[vvar", 5) || !strcmp(path, "[vsyscall]");
}

static struct core_piece piece_of(const struct core_image *image, const struct mapping *m, size_t binary)
{
	bool code = binary != SIZE_MAX, vdso = !strcmp(m->path, "[vdso]");
	bool file = code && image->binaries[binary].fd >= 0;
	struct core_piece piece = { .start = m->start, .end = m->end, .prot = m->prot, .binary = binary,
				    .offset = m->start, .file_offset = m->offset };

	if (m->shared || is_kernels(m->path) || (m->inode && !code))
		piece.binary = SIZE_MAX;
	else if (m->prot & 1 && !(file && (m->prot & 6) == 4))
		piece.stored = m->end - m->start;
	piece.own_pages = piece.stored && !vdso && (!code || file);
	return piece;
}

static struct hg_error *make_image(struct core *core)
{
	const struct process *p = core->process;
	_cleanup_free_ const struct mapping **seen = calloc(p->num_maps + 1, sizeof(*seen));
	struct core_image *image = &core->image;

	image->pieces = calloc(p->num_maps + 1, sizeof(*image->pieces));
	image->binaries = calloc(p->num_maps + 1, sizeof(*image->binaries));
	if (!seen || !image->pieces || !image->binaries)
		return &hg_error_no_memory;
	for (size_t i = 0; i < p->num_maps; i++)
		if (p->maps[i].inode && !p->maps[i].shared)
			code_file(core, &p->maps[i], seen, true);
	for (size_t i = 0; i < p->num_maps; i++) {
		const struct mapping *m = &p->maps[i];
		size_t binary = m->inode ? code_file(core, m, seen, false) : SIZE_MAX;

		if (m->start >= LOWEST && m->end <= USER_END)
			image->pieces[image->num_pieces++] = piece_of(image, m, binary);
	}
	return NULL;
}

/* What /proc says of it. */
static struct hg_error *read_proc(struct core *core, pid_t pid)
{
	struct hg_error *error = process_describe(pid, &core->process);
	char path[64];

	if (!error)
		error = descriptors_read(pid, &core->before);
	if (error)
		return error;
	core->maps = proc_read(pid, "maps", NULL);
	if (!core->maps)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read the mappings of process %d", pid);
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	core->file.pagemap = open(path, O_RDONLY | O_CLOEXEC);
	return core->file.pagemap < 0 ? hg_error_errno(HG_EXIT_PERMISSION, errno, "cannot open %s", path) : NULL;
}

static struct hg_error *read_process(struct core *core, pid_t pid, const struct held_options *options,
				     const struct interrupt *interrupt)
{
	struct standing standing;
	struct hg_error *error;

	/* Where the debugger ends, the process goes on, and nobody wants the answer any more. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	error = read_registers(options->registers, &core->file);
	if (!error)
		error = check_standing(pid, &standing);
	if (!error)
		error = read_proc(core, pid);
	if (!error)
		error = make_image(core);
	if (!error)
		error = core_sandbox(&core->file, &core->image, interrupt, &core->freeze);
	return error ? error : check_still_standing(pid, &standing);
}

struct hg_error *held_open(pid_t pid, const struct held_options *options,
			   const struct interrupt *interrupt, struct core **ret)
{
	struct core *core = calloc(1, sizeof(*core));
	struct hg_error *error;

	if (!core)
		return &hg_error_no_memory;
	core->held = true;
	if (asprintf(&core->own_name, "the memory of process %d", pid) < 0)
		core->own_name = NULL;
	core->name = core->own_name;
	core->file = (struct core_file){ .fd = options->memory, .pagemap = -1, .name = core->name, .pid = pid };
	error = core->name ? read_process(core, pid, options, interrupt) : &hg_error_no_memory;
	if (!error) {
		core->process->memory = core->freeze->memory;
		error = interpreter_find(core->process);
	}
	if (error) {
		core_close(core);
		return error;
	}
	*ret = core;
	return NULL;
}
