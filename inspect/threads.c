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

#define THREAD_MAIN 1u

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

static struct hg_error *comm(pid_t pid, const char *tid, struct snapshot_writer *writer,
			     uint32_t *name)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[512], text[64] = "";

	snprintf(path, sizeof(path), "/proc/%d/task/%s/comm", pid, tid);
	file = fopen(path, "re");
	if (!file || !fgets(text, sizeof(text), file))
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return snapshot_writer_string(writer, text, name);
}

/* Whether struct pthread is laid out as expected, told by the main thread. */
static bool pthread_tid_holds(pid_t pid, const struct memory *memory,
			      const struct hgs_thread *threads, uint32_t count)
{
	char self[16];

	snprintf(self, sizeof(self), "%d", pid);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t tid;

		if (threads[i].flags & THREAD_MAIN)
			return !memory_read_u32(memory, threads[i].pthread + PTHREAD_TID, &tid) &&
			       tid && tid == inner_tid(pid, self);
	}
	return false;
}

static void fill_tids(pid_t pid, const struct memory *memory, struct hgs_thread *threads,
		      uint32_t count)
{
	if (!pthread_tid_holds(pid, memory, threads, count))
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

struct hg_error *threads_name(pid_t pid, const struct memory *memory, struct hgs_thread *threads,
			      uint32_t count, struct snapshot_writer *writer)
{
	_cleanup_closedir_ DIR *tasks = open_tasks(pid);
	struct hg_error *error = NULL;
	struct dirent *entry;

	fill_tids(pid, memory, threads, count);
	while (tasks && !error && (entry = readdir(tasks))) {
		uint32_t tid = entry->d_name[0] == '.' ? 0 : inner_tid(pid, entry->d_name);

		for (uint32_t i = 0; tid && !error && i < count; i++) {
			if (threads[i].tid == tid)
				error = comm(pid, entry->d_name, writer, &threads[i].name);
		}
	}
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
