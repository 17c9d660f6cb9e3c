/* /proc/self/task/TID/syscall has them (fs/proc/base.c, proc_pid_syscall): the number of the call, its six
 * arguments, the stack pointer and the address that the thread goes on at; "running" where it is in
 * none. Without them the search would take what lies below a stack's end for live. */
#include "own_threads.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../graph/list.h"

/* False where it is in no system call, or gone. */
static bool in_call(int tasks, const char *tid, struct freeze_thread *ret)
{
	_cleanup_close_ int fd = -1;
	char path[300], text[256];
	ssize_t size;

	snprintf(path, sizeof(path), "%s/syscall", tid);
	fd = openat(tasks, path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (size <= 0)
		return false;
	text[size] = '\0';
	return sscanf(text, "%*d %*x %*x %*x %*x %*x %*x %" SCNx64 " %" SCNx64, &ret->sp,
		      &ret->ip) == 2;
}

static void closedirp(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

struct hg_error *own_threads_read(struct freeze_thread **ret, size_t *count)
{
	_cleanup_(closedirp) DIR *folder = opendir("/proc/self/task");
	long self = syscall(SYS_gettid);
	_cleanup_free_ struct freeze_thread *threads = NULL;
	const struct dirent *entry;
	size_t used = 0;

	if (!folder)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot list this process's threads");
	while ((entry = readdir(folder))) {
		struct freeze_thread *row, thread = { 0 };

		if (atol(entry->d_name) == self)
			thread.sp = (uintptr_t)__builtin_frame_address(0);
		else if (*entry->d_name == '.' || !in_call(dirfd(folder), entry->d_name, &thread))
			continue;
		row = list_add(&threads, &used);
		if (!row)
			return &hg_error_no_memory;
		*row = thread;
	}
	*ret = take_ptr(threads);
	*count = used;
	return NULL;
}
