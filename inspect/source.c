/* SOURCE; source.h. */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
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

/* When a core was written only its file says (core.c). */
static void keep_time(int packed, int unpacked)
{
	struct timespec times[2];
	struct stat st;

	if (fstat(packed, &st) < 0)
		return;
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	futimens(unpacked, times);
}

struct hg_error *source_open_core(const char *path, const struct interrupt *interrupt, int *ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct hg_error *error;

	*ret = -1;
	if (fd >= 0 && core_is_one(fd))
		*ret = take_fd(fd);
	if (fd < 0 || !unpack_is_packed(fd))
		return NULL;
	error = unpack(fd, path, interrupt, ret);
	if (!error)
		keep_time(fd, *ret);
	return error;
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

static void core_closep(struct core **core)
{
	core_close(*core);
}

struct hg_error *source_snapshot(const char *path, const struct core_places *places, bool redact,
				 const struct interrupt *interrupt, struct progress *progress,
				 struct snapshot **ret)
{
	_cleanup_close_ int fd = -1, out = -1;
	_cleanup_(core_closep) struct core *core = NULL;
	struct hg_error *error = source_open_core(path, interrupt, &fd);

	if (error)
		return error;
	if (fd < 0)
		return source_file(path, ret);
	error = core_open(fd, path, places, interrupt, &core);
	if (error)
		return error;
	out = memfd_create("heapgraph", MFD_CLOEXEC);
	if (out < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot hold the snapshot");
	error = core_capture(core, redact, out, path, interrupt, progress);
	return error ? error : snapshot_open_fd(out, path, ret);
}
