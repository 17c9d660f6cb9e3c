/* Taking hold of every thread of a process. See tracee.h. */
#include <errno.h>
#include <stdio.h>
#include <sys/ptrace.h>

#include "fault.h"
#include "process.h"
#include "tracee.h"

/* 1 seized, 0 already known or gone, -1 errno. */
static int seize(struct tracees *tracees, pid_t tid)
{
	if (tracees_find(tracees, tid))
		return 0;
	if (ptrace(PTRACE_SEIZE, tid, 0, tracees->options) < 0) {
		char path[64], state = 0;
		_cleanup_fclose_ FILE *file = NULL;
		int why = errno;

		/* A main thread that called pthread_exit() is a zombie among living threads. */
		snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", tracees->pid, tid);
		file = fopen(path, "re");
		if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1 || state == 'Z' ||
		    state == 'X' || why == ESRCH)
			return 0;
		/* Started by a thread that we trace, so it is ours already and will report. */
		if (why == EPERM && tracees->count)
			return 0;
		errno = why;
		return -1;
	}
	if (tracees_add(tracees, tid))
		return 1;
	errno = ENOMEM;
	return -1;
}

struct hg_error *tracees_seize_new(struct tracees *tracees, bool *found)
{
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *entry;
	char path[64];

	*found = false;
	snprintf(path, sizeof(path), "/proc/%d/task", tracees->pid);
	dir = opendir(path);
	if (!dir)
		return hg_error_new(HG_EXIT_NO_PROCESS, "no process with PID %d", tracees->pid);
	while ((entry = readdir(dir))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
		int got = tid > 0 ? seize(tracees, tid) : 0;

		if (got < 0 && errno == EPERM)
			return process_denied(tracees->pid);
		if (got < 0)
			return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot trace thread %d", tid);
		*found |= got > 0;
	}
	return tracees_alive(tracees);
}

/* Until a pass finds none that is new. */
static struct hg_error *seize_all(struct tracees *tracees)
{
	struct hg_error *error;
	bool found;

	do {
		error = tracees_seize_new(tracees, &found);
	} while (!error && found);
	return error;
}

/* A filter could kill the target for a call that we inject; SUSPEND_SECCOMP is for this. */
static void choose_options(struct tracees *tracees)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[64], line[256];
	int mode = 0;

	tracees->options = PTRACE_O_TRACECLONE | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC;
	snprintf(path, sizeof(path), "/proc/%d/status", tracees->pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Seccomp: %d", &mode) == 1 && mode != 0)
			tracees->options |= PTRACE_O_SUSPEND_SECCOMP;
}

bool tracees_init_one(struct tracees *tracees, pid_t pid, pid_t tid)
{
	*tracees = (struct tracees){ .pid = pid, .complete = true };
	choose_options(tracees);
	if (seize(tracees, tid) > 0)
		return true;
	tracees_deinit(tracees);
	return false;
}

struct hg_error *tracees_init(struct tracees *tracees, pid_t pid, const struct interrupt *interrupt)
{
	struct hg_error *error;

	*tracees = (struct tracees){ .pid = pid, .interrupt = interrupt };
	choose_options(tracees);
	error = fault_at(FAULT_SEIZE);
	if (!error)
		error = seize_all(tracees);
	if (error && error->code == HG_EXIT_PERMISSION &&
	    tracees->options & PTRACE_O_SUSPEND_SECCOMP && geteuid() != 0) {
		hg_error_free(error);
		error = hg_error_hint(hg_error_new(HG_EXIT_PERMISSION,
						   "cannot attach to process %d: a seccomp filter "
						   "forbids system calls in it", pid),
				      "run heapgraph as root, which may suspend the filter");
	}
	if (error)
		tracees_deinit(tracees);
	return error;
}
