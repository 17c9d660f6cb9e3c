/* Output files; output.h tells the story. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static const char *const formats[] = {
	[OUTPUT_PNG] = "png", [OUTPUT_SVG] = "svg",   [OUTPUT_PDF] = "pdf",
	[OUTPUT_DOT] = "dot", [OUTPUT_JSON] = "json", [OUTPUT_HGS] = "hgs",
	[OUTPUT_BASELINE] = "baseline",
};

const char *output_format(enum output_kind kind)
{
	return formats[kind];
}

static struct hg_error *kind_of(const char *path, enum output_kind *ret)
{
	const char *dot = strrchr(path, '.');

	for (unsigned i = 0; dot && i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!strcasecmp(dot + 1, formats[i])) {
			*ret = (enum output_kind)i;
			return NULL;
		}
	}
	return hg_error_hint(hg_error_new(HG_EXIT_USAGE, "cannot write '%s': its suffix does not say what",
					  path),
			     "name it .png, .svg, .pdf, .dot, .json, .hgs or .baseline");
}

static struct hg_error *exists(const char *path)
{
	return hg_error_hint(hg_error_new(HG_EXIT_FAILURE, "cannot write %s: it exists", path),
			     "-f overwrites it");
}

static struct hg_error *cannot_open(const char *path, const char *folder, int errnum)
{
	struct hg_error *error =
		hg_error_errno(HG_EXIT_FAILURE, errnum, "cannot write %s", path);

	if (errnum == ENOENT && access(folder, F_OK) < 0)
		return hg_error_hint(error, "mkdir -p %s", folder);
	/* ENOENT as well: a file system where no file can be made, such as /proc. */
	if (errnum == ENOENT || errnum == ENOTDIR || errnum == EACCES || errnum == EROFS ||
	    errnum == EPERM)
		return hg_error_hint(error, "-o FILE in a folder that you may write to");
	if (errnum == ENOSPC || errnum == EDQUOT)
		return hg_error_hint(error, "make room there, or -o FILE on another file system");
	return error;
}

static struct hg_error *open_beside(struct output *o)
{
	_cleanup_free_ char *copy = strdup(o->path);
	const char *folder;

	if (!copy)
		return &hg_error_no_memory;
	folder = dirname(copy);
	o->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (o->fd >= 0)
		return NULL;
	/* EISDIR: a kernel, EOPNOTSUPP: a file system without O_TMPFILE (open(2)). */
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return cannot_open(o->path, folder, errno);
	if (asprintf(&o->temporary, "%s/.heapgraph-XXXXXX", folder) < 0) {
		o->temporary = NULL;
		return &hg_error_no_memory;
	}
	o->fd = mkostemp(o->temporary, O_CLOEXEC);
	if (o->fd < 0) {
		int errnum = errno;

		free(take_ptr(o->temporary));
		return cannot_open(o->path, folder, errnum);
	}
	return NULL;
}

/* The least that a file of this kind takes: of a snapshot the bare interpreter, 7,000 objects or more
 * at 40 bytes; of the others a block of the file system. */
static off_t least_size(enum output_kind kind)
{
	return kind == OUTPUT_HGS ? 256 << 10 : 4096;
}

/* A disk that is full is found now, while nothing is lost by it. The blocks stay ours. */
static struct hg_error *reserve(const struct output *o)
{
	_cleanup_free_ char *copy = strdup(o->path);
	off_t size = least_size(o->kind);
	struct statvfs disk;

	if (!copy)
		return &hg_error_no_memory;
	if (!fallocate(o->fd, FALLOC_FL_KEEP_SIZE, 0, size))
		return NULL;
	if (errno == ENOSPC || errno == EDQUOT)
		return cannot_open(o->path, dirname(copy), errno);
	/* A file system that reserves nothing. Those that know no number of blocks give 0. */
	if (!fstatvfs(o->fd, &disk) && disk.f_blocks &&
	    disk.f_bavail * disk.f_frsize < (unsigned long)size)
		return cannot_open(o->path, dirname(copy), ENOSPC);
	return NULL;
}

static struct hg_error *take_file(struct output *o)
{
	struct hg_error *error = open_beside(o);

	return error ? error : reserve(o);
}

struct hg_error *output_open(const char *path, bool force, struct output *ret)
{
	struct hg_error *error;
	struct stat st;

	*ret = (struct output){ .fd = -1, .force = force };
	error = kind_of(path, &ret->kind);
	if (error)
		return error;
	if (!lstat(path, &st)) {
		if (S_ISDIR(st.st_mode))
			return hg_error_errno(HG_EXIT_FAILURE, EISDIR, "cannot write %s", path);
		if (!force)
			return exists(path);
	}
	ret->path = strdup(path);
	return ret->path ? take_file(ret) : &hg_error_no_memory;
}

static char *numbered_name(const char *stem, unsigned number)
{
	char *name;
	int length = number == 1 ? asprintf(&name, "%s.png", stem)
				 : asprintf(&name, "%s-%u.png", stem, number);

	return length < 0 ? NULL : name;
}

struct hg_error *output_open_numbered(const char *stem, struct output *ret)
{
	*ret = (struct output){ .fd = -1, .kind = OUTPUT_PNG, .numbered = true };
	ret->path = numbered_name(stem, 1);
	return ret->path ? take_file(ret) : &hg_error_no_memory;
}

/* Gives the file a name that is free: 0, or -1 with errno (EEXIST where it is not). */
static int name_file(const struct output *o, const char *path)
{
	char self[64];

	if (o->temporary)
		return renameat2(AT_FDCWD, o->temporary, AT_FDCWD, path, RENAME_NOREPLACE);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", o->fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

/* Replaces `path` in one step: link(2) never overwrites, rename(2) does. */
static int replace_file(struct output *o)
{
	if (!o->temporary) {
		char *name;

		if (asprintf(&name, "%s.%d.tmp", o->path, getpid()) < 0) {
			errno = ENOMEM;
			return -1;
		}
		if (name_file(o, name)) {
			free(name);
			return -1;
		}
		o->temporary = name;
	}
	return rename(o->temporary, o->path);
}

static int commit_numbered(struct output *o)
{
	_cleanup_free_ char *stem = strndup(o->path, strlen(o->path) - strlen(".png"));

	for (unsigned number = 1; stem && number < 100000; number++) {
		char *name = numbered_name(stem, number);

		if (!name)
			break;
		if (!name_file(o, name)) {
			free(o->path);
			o->path = name;
			return 0;
		}
		free(name);
		if (errno != EEXIST)
			return -1;
	}
	errno = stem ? errno : ENOMEM;
	return -1;
}

struct hg_error *output_commit(struct output *o)
{
	int failed;

	if (o->numbered)
		failed = commit_numbered(o);
	else if (o->force)
		failed = replace_file(o);
	else
		failed = name_file(o, o->path);
	if (failed && errno == EEXIST)
		return exists(o->path);
	if (failed)
		return hg_error_write(errno, o->path);
	free(take_ptr(o->temporary));
	return NULL;
}

void output_deinit(struct output *o)
{
	if (o->temporary)
		unlink(o->temporary);
	free(o->temporary);
	free(o->path);
	if (o->fd >= 0)
		close(o->fd);
	*o = (struct output){ .fd = -1 };
}
