/* From a PID to the interpreter in it.
 *
 * The order of the questions is the order in which an answer helps: is there such a process, is it
 * one we can look into at all, may we, is Python in it, which. Modules (mapped ELF files) are read
 * from memory (module.c), so a file that was replaced, deleted or lies in a container's file system
 * makes no difference; files are opened only for interpreters that export no symbols. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../python_glue/runtime.h"
#include "elffile.h"
#include "interpreter.h"
#include "maps.h"
#include "proc.h"
#include "threads.h"

static struct hg_error *no_such_process(pid_t pid)
{
	return hg_error_hint(hg_error_new(HG_EXIT_NO_PROCESS, "no process %d", pid),
			     "pgrep -a python lists the running Python programs");
}

static struct hg_error *ended(pid_t pid)
{
	return hg_error_hint(hg_error_new(HG_EXIT_NO_PROCESS, "no process %d any more: it has just "
					  "ended", pid),
			     "attach to a program that runs longer, or that waits");
}

/* What PID is, where it is no process that can be looked into. */
static struct hg_error *check_kind(pid_t pid, const struct proc_status *status)
{
	char name[64];

	proc_name(pid, name);
	if (status->tgid != pid)
		return hg_error_hint(hg_error_new(HG_EXIT_NO_PROCESS, "%d is no process: it is a "
						  "thread of process %d", pid, status->tgid),
				     "heapgraph attach %d", status->tgid);
	if (status->state == 'Z' || status->state == 'X')
		return hg_error_hint(hg_error_new(HG_EXIT_NO_PROCESS, "process %d (%s) is a zombie: "
						  "it has ended and its memory is gone", pid, name),
				     "its parent, process %d, has not waited for it yet",
				     status->parent);
	if (status->kernel_thread)
		return hg_error_hint(hg_error_new(HG_EXIT_NO_PROCESS, "process %d (%s) is a kernel "
						  "thread: it has no memory of its own", pid, name),
				     "give the PID of a Python program (pgrep -a python)");
	if (!status->has_memory)
		return ended(pid);
	return NULL;
}

/* Opening /proc/PID/mem asks for the right that PTRACE_SEIZE needs (PTRACE_MODE_ATTACH, fs/proc/
 * base.c), without touching the process. */
static struct hg_error *check_permission(pid_t pid)
{
	char path[32];
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return NULL;
	if (errno == EACCES || errno == EPERM)
		return process_denied(pid);
	if (errno == ENOENT || errno == ESRCH)
		return no_such_process(pid);
	return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot open %s", path);
}

static struct hg_error *check_machine(pid_t pid)
{
	char path[32];
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || elffile_kind(fd) == ELFFILE_64)
		return NULL;
	return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE, "process %d is %s: heapgraph reads "
					  "64-bit x86 processes", pid,
					  elffile_kind(fd) == ELFFILE_32 ? "a 32-bit process" :
									   "of another machine"),
			     "run the program under a 64-bit x86 build of Python");
}

/* Arguments joined by blanks; a process may have overwritten them with anything. */
static char *join_arguments(char *text, size_t size)
{
	while (size && text[size - 1] == '\0')
		size--;
	for (size_t i = 0; i < size; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	return text;
}

static struct hg_error *read_proc(struct process *p)
{
	size_t size;
	char *suffix;

	p->image = proc_read(p->pid, "auxv", &p->image_size);
	if (!p->image)
		p->image_size = 0;
	errno = 0;
	p->exe = proc_link(p->pid, "exe");
	suffix = p->exe ? strstr(p->exe, " (deleted)") : NULL;
	if (suffix && suffix[strlen(" (deleted)")] == '\0')
		*suffix = '\0';
	p->cmdline = proc_read(p->pid, "cmdline", &size);
	if (p->cmdline)
		join_arguments(p->cmdline, size);
	p->paths = proc_read(p->pid, "maps", NULL);
	if (!p->exe && (errno == ESRCH || errno == ENOENT))
		return no_such_process(p->pid);
	if (!p->exe || !p->cmdline || !p->paths ||
	    maps_parse(p->paths, &p->maps, &p->num_maps) < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read /proc/%d/maps", p->pid);
	if (p->num_maps == 0)
		return no_such_process(p->pid);
	return NULL;
}

static struct hg_error *find_process(pid_t pid, struct proc_status *status)
{
	if (pid <= 0 || proc_status_read(pid, status) < 0)
		return no_such_process(pid);
	return check_kind(pid, status);
}

static struct hg_error *check_process(pid_t pid)
{
	struct proc_status status;
	struct hg_error *error = find_process(pid, &status);

	if (!error && status.tracer)
		error = process_denied(pid);
	if (!error)
		error = check_permission(pid);
	if (!error)
		error = check_machine(pid);
	return error;
}

struct hg_error *process_replaced(pid_t pid)
{
	return hg_error_hint(hg_error_new(HG_EXIT_FAILURE, "process %d replaced itself by execve during "
					  "the attach", pid),
			     "attach again");
}

struct hg_error *process_still(const struct process *p)
{
	_cleanup_free_ char *image = NULL;
	struct proc_status status;
	size_t size = 0;

	if (proc_status_read(p->pid, &status) < 0) /* for want of descriptors, say: no news */
		return errno == ENOENT || errno == ESRCH ? ended(p->pid) : NULL;
	if (!status.has_memory)
		return ended(p->pid);
	image = proc_read(p->pid, "auxv", &size);
	if (image && (size != p->image_size || memcmp(image, p->image, size) != 0))
		return process_replaced(p->pid);
	return NULL;
}

struct hg_error *process_news(const struct process *p, struct hg_error *error)
{
	struct hg_error *news = error ? process_still(p) : NULL;

	if (!news)
		return error;
	hg_error_free(error);
	return news;
}

/* /proc/PID/map_files needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE, but opens the very file that
 * is mapped. Through the path only a file with the same inode will do; device numbers are not
 * compared, because overlay file systems show another one in maps than in stat. */
static int open_live(const struct process *process, const struct mapping *mapping)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (asprintf(&path, "/proc/%d/map_files/%lx-%lx", process->pid, mapping->start,
		     mapping->end) < 0)
		path = NULL;
	if (path)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		return take_fd(fd);
	free(path);
	if (asprintf(&path, "/proc/%d/root%s", process->pid, mapping->path) < 0)
		path = NULL;
	if (path)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (st.st_ino != mapping->inode) {
		errno = ESTALE;
		return -1;
	}
	return take_fd(fd);
}

static const struct process_source live = { open_live, threads_of_proc };

/* The interpreter in it is found by the caller. */
static struct hg_error *describe(pid_t pid, struct process **ret)
{
	struct process *p = calloc(1, sizeof(*p));
	struct hg_error *error;

	if (!p)
		return &hg_error_no_memory;
	p->source = &live;
	p->pid = p->memory.pid = pid;
	error = read_proc(p);
	if (error) {
		process_close(p);
		return error;
	}
	*ret = p;
	return NULL;
}

static struct hg_error *open_checked(pid_t pid, struct process **ret)
{
	struct process *p = NULL;
	struct hg_error *error = describe(pid, &p);

	if (!error)
		error = process_news(p, interpreter_find(p));
	if (error) {
		process_close(p);
		return error;
	}
	*ret = p;
	return NULL;
}

struct hg_error *process_open(pid_t pid, struct process **ret)
{
	struct hg_error *error = check_process(pid);

	return error ? error : open_checked(pid, ret);
}

struct hg_error *process_describe(pid_t pid, struct process **ret)
{
	struct proc_status status;
	struct hg_error *error = find_process(pid, &status);

	if (!error)
		error = check_machine(pid);
	return error ? error : describe(pid, ret);
}

struct hg_error *process_open_self(struct process **ret)
{
	return open_checked(getpid(), ret);
}

void process_close(struct process *process)
{
	if (!process)
		return;
	free(process->image);
	free(process->exe);
	free(process->cmdline);
	free(process->maps);
	free(process->paths);
	free(process);
}

const struct mapping *process_mapping(const struct process *process, uint64_t address)
{
	return maps_find(process->maps, process->num_maps, address);
}

int process_open_mapping(const struct process *process, const struct mapping *mapping)
{
	return process->source->open_mapping(process, mapping);
}
