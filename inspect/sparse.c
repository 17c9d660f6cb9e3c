/* A core of many gigabytes, or a small file made to become one, may be larger than the disk that it is
 * unpacked to. Others write there, too: so a twentieth of it, 1 GB at most, is left to them. */
#include "sparse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "../graph/words.h"

enum { PAGE = 4096, SHARE_LEFT = 20 };
#define MOST_LEFT (UINT64_C(1) << 30)

static const char *folder(void)
{
	const char *set = getenv("TMPDIR");

	return set && *set ? set : "/var/tmp";
}

/* Not every file system has O_TMPFILE: then the name is taken away at once. */
static int open_named(const char *where)
{
	_cleanup_free_ char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/heapgraph-XXXXXX", where) < 0) {
		path = NULL;
		errno = ENOMEM;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

struct hg_error *sparse_open(struct sparse *ret)
{
	*ret = (struct sparse){ .folder = folder() };
	ret->fd = open(ret->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (ret->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT))
		ret->fd = open_named(ret->folder);
	if (ret->fd >= 0)
		return NULL;
	return hg_error_hint(hg_error_errno(HG_EXIT_FAILURE, errno, "cannot make a file in %s", ret->folder),
			     "set TMPDIR to a folder with room");
}

void sparse_deinit(struct sparse *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

static struct hg_error *leave_room(const struct sparse *file)
{
	char unpacked[WORD_SIZE], left[WORD_SIZE];
	uint64_t available, reserved;
	struct statvfs fs;

	if (fstatvfs(file->fd, &fs) < 0)
		return NULL;
	available = (uint64_t)fs.f_bavail * fs.f_frsize;
	reserved = (uint64_t)fs.f_blocks * fs.f_frsize / SHARE_LEFT;
	if (available >= (reserved < MOST_LEFT ? reserved : MOST_LEFT))
		return NULL;
	return hg_error_hint(hg_error_new(HG_EXIT_FAILURE, "no room in %s: %s are unpacked, and %s are left",
					  file->folder, bytes_words(file->stored, unpacked),
					  bytes_words(available, left)),
			     "set TMPDIR to a folder with more room");
}

struct hg_error *sparse_write(struct sparse *file, const char *data, size_t size)
{
	uint64_t before = file->stored;

	while (size) {
		size_t page = size < PAGE ? size : PAGE;

		if (data[0] || memcmp(data, data + 1, page - 1)) {
			ssize_t done = pwrite(file->fd, data, page, (off_t)file->size);

			if (done < 0 && errno == EINTR)
				continue;
			if (done <= 0)
				return hg_error_hint(hg_error_errno(HG_EXIT_FAILURE, done ? errno : EIO,
								    "cannot write to a file in %s",
								    file->folder),
						     "set TMPDIR to a folder with more room");
			page = (size_t)done;
			file->stored += page;
		}
		file->size += page;
		data += page;
		size -= page;
	}
	return file->stored > before ? leave_room(file) : NULL;
}

struct hg_error *sparse_finish(struct sparse *file, int *fd)
{
	if (ftruncate(file->fd, (off_t)file->size) < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot write to a file in %s",
				      file->folder);
	*fd = file->fd;
	file->fd = -1;
	return NULL;
}
