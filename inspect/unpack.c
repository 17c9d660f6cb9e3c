/* One loop for both formats: a piece in, what comes of it out. See unpack.h; the formats are RFC 8878 and
 * lz4_Frame_format.md. */
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <lz4frame.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

enum { PIECE = 1 << 20, PAGE = 4096 };
#define ZSTD_FRAME 0xfd2fb528u
#define LZ4_FRAME 0x184d2204u

struct unpacking {
	const char *name;
	ZSTD_DStream *zstd; /* one of the two */
	LZ4F_dctx *lz4;
	int out;
	off_t written;
	bool ended; /* at the end of a frame */
	char in[PIECE], piece[PIECE];
};

static void unpacking_freep(struct unpacking **u)
{
	if (!*u)
		return;
	ZSTD_freeDStream((*u)->zstd);
	LZ4F_freeDecompressionContext((*u)->lz4);
	if ((*u)->out >= 0)
		close((*u)->out);
	free(*u);
}

static uint32_t magic_of(int fd)
{
	uint32_t magic = 0;

	return pread(fd, &magic, sizeof(magic), 0) == sizeof(magic) ? magic : 0;
}

bool unpack_is_packed(int fd)
{
	uint32_t magic = magic_of(fd);

	return magic == ZSTD_FRAME || magic == LZ4_FRAME;
}

static int open_unnamed(void)
{
	const char *folder = getenv("TMPDIR");

	return open(folder && *folder ? folder : "/var/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static struct hg_error *keep(struct unpacking *u, const char *data, size_t size)
{
	while (size) {
		size_t page = size < PAGE ? size : PAGE;

		if (data[0] || memcmp(data, data + 1, page - 1)) {
			ssize_t done = pwrite(u->out, data, page, u->written);

			if (done < 0 && errno == EINTR)
				continue;
			if (done <= 0)
				return hg_error_write(done ? errno : EIO, "the unpacked core");
			page = (size_t)done;
		}
		u->written += (off_t)page;
		data += page;
		size -= page;
	}
	return NULL;
}

static struct hg_error *damaged(const struct unpacking *u, const char *why)
{
	return hg_error_new(HG_EXIT_UNREADABLE, "cannot read %s: its compressed data is damaged: %s", u->name,
			    why);
}

/* What comes of in[*at..size), up to one piece. */
static struct hg_error *step(struct unpacking *u, size_t size, size_t *at, size_t *got)
{
	size_t left = size - *at, code;

	*got = PIECE;
	if (u->lz4) {
		code = LZ4F_decompress(u->lz4, u->piece, got, u->in + *at, &left, NULL);
		*at += left;
		if (LZ4F_isError(code))
			return damaged(u, LZ4F_getErrorName(code));
	} else {
		ZSTD_inBuffer in = { u->in, size, *at };
		ZSTD_outBuffer out = { u->piece, PIECE, 0 };

		code = ZSTD_decompressStream(u->zstd, &out, &in);
		*at = in.pos;
		*got = out.pos;
		if (ZSTD_isError(code))
			return damaged(u, ZSTD_getErrorName(code));
	}
	u->ended = code == 0;
	return NULL;
}

static struct hg_error *take(struct unpacking *u, size_t size)
{
	struct hg_error *error = NULL;
	size_t at = 0, got = 0;

	/* A full piece may have more behind it that needs no further input. */
	while (!error && (at < size || got == PIECE)) {
		error = step(u, size, &at, &got);
		if (!error)
			error = keep(u, u->piece, got);
	}
	return error;
}

static struct hg_error *run(struct unpacking *u, int fd, const struct interrupt *interrupt)
{
	struct hg_error *error = NULL;
	off_t from = 0;

	while (!error) {
		ssize_t size = pread(fd, u->in, PIECE, from);

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read %s", u->name);
		if (!size)
			break;
		from += size;
		error = take(u, (size_t)size);
		if (!error)
			error = interrupt_check(interrupt);
	}
	if (!error && !u->ended)
		error = damaged(u, "it is truncated");
	if (!error && ftruncate(u->out, u->written) < 0)
		error = hg_error_write(errno, "the unpacked core");
	return error;
}

struct hg_error *unpack(int fd, const char *name, const struct interrupt *interrupt, int *ret)
{
	_cleanup_(unpacking_freep) struct unpacking *u = calloc(1, sizeof(*u));
	struct hg_error *error;

	if (!u)
		return &hg_error_no_memory;
	u->name = name;
	u->out = open_unnamed();
	if (u->out < 0)
		return hg_error_hint(hg_error_errno(HG_EXIT_FAILURE, errno, "cannot unpack %s", name),
				     "set TMPDIR to a folder with room for it");
	if (magic_of(fd) == ZSTD_FRAME)
		u->zstd = ZSTD_createDStream();
	else if (LZ4F_isError(LZ4F_createDecompressionContext(&u->lz4, LZ4F_VERSION)))
		u->lz4 = NULL;
	if (!u->zstd && !u->lz4)
		return &hg_error_no_memory;
	error = run(u, fd, interrupt);
	if (error)
		return error;
	*ret = u->out;
	u->out = -1;
	return NULL;
}
