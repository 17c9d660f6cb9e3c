/* Kernel threads behind Python's thread states.
 *
 * The target numbers its threads in its own pid namespace; /proc here uses
 * ours. NSpid in a thread's status has both, so threads are matched by it. */
#include "threads.h"

#include <dirent.h>
#include <string.h>

/* glibc's struct pthread keeps the thread id at this offset on x86-64 since 2.4 (nptl/descr.h: the
 * tid follows the 704-byte header and the list node). Trusted only where the main thread has
 * its process id there. */
#define PTHREAD_TID 720

/* The number in the innermost namespace, from /proc/PID/task/TID/status; 0 where it is gone. */
static uint32_t inner_tid(pid_t pid, const char *tid)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[512], line[256];

	snprintf(path, sizeof(path), "/proc/%d/task/%s/status", pid, tid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		char *last;

		if (strncmp(line, "NSpid:", 6))
			continue;
		last = strrchr(line, '\t');
		return last ? (uint32_t)strtoul(last + 1, NULL, 10) : 0;
	}
	return file ? (uint32_t)strtoul(tid, NULL, 10) : 0;
}

static void comm(pid_t pid, const char *tid, char name[64])
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[512];

	snprintf(path, sizeof(path), "/proc/%d/task/%s/comm", pid, tid);
	file = fopen(path, "re");
	if (!file || !fgets(name, 64, file))
		name[0] = '\0';
	name[strcspn(name, "\n")] = '\0';
}

/* Whether struct pthread is laid out as expected, told by the main thread. */
static bool pthread_tid_holds(uint32_t main, const struct memory *memory,
			      const struct hgs_thread *threads, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t tid;

		if (threads[i].flags & HGS_THREAD_MAIN)
			return !memory_read_u32(memory, threads[i].pthread + PTHREAD_TID, &tid) &&
			       tid && tid == main;
	}
	return false;
}

static void fill_tids(uint32_t main, const struct memory *memory, struct hgs_thread *threads,
		      uint32_t count)
{
	if (!pthread_tid_holds(main, memory, threads, count))
		return;
	for (uint32_t i = 0; i < count; i++) {
		if (!threads[i].tid &&
		    memory_read_u32(memory, threads[i].pthread + PTHREAD_TID, &threads[i].tid))
			threads[i].tid = 0;
	}
}

static DIR *open_tasks(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	return opendir(path);
}

struct hg_error *threads_of_proc(const struct process *process, struct threads *ret)
{
	pid_t pid = process->pid;
	_cleanup_closedir_ DIR *tasks = open_tasks(pid);
	struct dirent *entry;
	char self[16];

	*ret = (struct threads){ 0 };
	snprintf(self, sizeof(self), "%d", pid);
	ret->main = inner_tid(pid, self);
	while (tasks && (entry = readdir(tasks))) {
		struct thread_name *grown;

		if (entry->d_name[0] == '.')
			continue;
		grown = reallocarray(ret->list, ret->count + 1, sizeof(*grown));
		if (!grown) {
			threads_deinit(ret);
			return &hg_error_no_memory;
		}
		ret->list = grown;
		grown[ret->count].tid = inner_tid(pid, entry->d_name);
		comm(pid, entry->d_name, grown[ret->count++].name);
	}
	return NULL;
}

void threads_deinit(struct threads *threads)
{
	free(threads->list);
	*threads = (struct threads){ 0 };
}

struct hg_error *threads_read(const struct process *process, struct threads *ret)
{
	return process->source->threads(process, ret);
}

struct hg_error *threads_name(const struct process *process, const struct memory *memory,
			      struct hgs_thread *threads, uint32_t count,
			      struct snapshot_writer *writer)
{
	_cleanup_(threads_deinit) struct threads known = { 0 };
	struct hg_error *error = threads_read(process, &known);

	if (!error)
		fill_tids(known.main, memory, threads, count);
	for (size_t k = 0; !error && k < known.count; k++)
		for (uint32_t i = 0; known.list[k].tid && !error && i < count; i++)
			if (threads[i].tid == known.list[k].tid)
				error = snapshot_writer_string(writer, known.list[k].name,
							       &threads[i].name);
	return error;
}

uint32_t threads_count(pid_t pid)
{
	_cleanup_closedir_ DIR *tasks = open_tasks(pid);
	uint32_t count = 0;
	struct dirent *entry;

	while (tasks && (entry = readdir(tasks)))
		count += entry->d_name[0] != '.';
	return count;
}
