/* SOURCE; source.h. */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core_file.h"
#include "unpack.h"

bool source_is_pid(const char *source, pid_t *pid)
{
	char *end;
	long value;

	if (!*source || strspn(source, "0123456789") != strlen(source))
		return false;
	errno = 0;
	value = strtol(source, &end, 10);
	*pid = errno || value > INT_MAX ? 0 : (pid_t)value;
	return true;
}

struct hg_error *source_process(const char *source, struct process **ret)
{
	pid_t pid;

	if (!source_is_pid(source, &pid) && *source && access(source, F_OK) == 0)
		return hg_error_hint(hg_error_new(HG_EXIT_USAGE, "'%s' is not a PID but a file",
						  source),
				     "for a snapshot: heapgraph report %s", source);
	if (!source_is_pid(source, &pid))
		return hg_error_hint(hg_error_new(HG_EXIT_USAGE, "'%s' is not a PID", source),
				     "pgrep -a python lists the running Python programs");
	if (pid <= 0)
		return hg_error_hint(hg_error_new(HG_EXIT_NO_PROCESS, "no process %s", source),
				     "pgrep -a python lists the running Python programs");
	if (pid == getpid())
		return hg_error_new(HG_EXIT_NO_PROCESS, "process %d is heapgraph itself", pid);
	return process_open(pid, ret);
}

struct hg_error *source_open_core(const char *path, const struct interrupt *interrupt, int *ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*ret = -1;
	if (fd >= 0 && core_is_one(fd))
		*ret = take_fd(fd);
	if (fd < 0 || !unpack_is_packed(fd))
		return NULL;
	return unpack(fd, path, interrupt, ret);
}

struct hg_error *source_file(const char *path, struct snapshot **ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char magic[4] = "";
	struct stat st;

	if (fd < 0)
		return hg_error_hint(hg_error_errno(HG_EXIT_FAILURE, errno, "cannot open %s", path),
				     "SOURCE is a PID, a snapshot (.hgs) or a core");
	if (!fstat(fd, &st) && S_ISDIR(st.st_mode))
		return hg_error_hint(hg_error_errno(HG_EXIT_FAILURE, EISDIR, "cannot read %s", path),
				     "SOURCE is a PID, a snapshot (.hgs) or a core");
	if (pread(fd, magic, sizeof(magic), 0) == sizeof(magic) && !memcmp(magic, "\177ELF", 4))
		return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE,
						  "cannot read %s: a program or library, not a snapshot or core", path),
				     "heapgraph snapshot PID -o FILE.hgs takes one from a running process");
	return snapshot_open_fd(fd, path, ret);
}
