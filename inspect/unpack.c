/* One loop for both formats: a piece in, what comes of it out. See unpack.h; the formats are RFC 8878 and
 * lz4_Frame_format.md. */
#include "unpack.h"

#include <elf.h>
#include <errno.h>
#include <lz4frame.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "core_file.h"
#include "sparse.h"

enum { PIECE = 1 << 20 };
#define ZSTD_FRAME 0xfd2fb528u
#define LZ4_FRAME 0x184d2204u

struct unpacking {
	const char *name;
	ZSTD_DStream *zstd; /* one of the two */
	LZ4F_dctx *lz4;
	struct sparse out;
	const struct interrupt *interrupt;
	bool ended;	/* at the end of a frame */
	bool is_wanted; /* what has come out begins like a core */
	char in[PIECE], piece[PIECE];
};

static void unpacking_freep(struct unpacking **u)
{
	if (!*u)
		return;
	ZSTD_freeDStream((*u)->zstd);
	LZ4F_freeDecompressionContext((*u)->lz4);
	sparse_deinit(&(*u)->out);
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

static struct hg_error *want_core(struct unpacking *u)
{
	u->is_wanted = core_is_one(u->out.fd);
	if (u->is_wanted)
		return NULL;
	return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE, "cannot read %s: what is compressed in it is no "
					  "core", u->name),
			     "of compressed files only cores are read");
}

static struct hg_error *damaged(const struct unpacking *u, const char *why)
{
	return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE, "cannot read %s: its compressed data is "
					  "damaged: %s", u->name, why),
			     "unpack it by zstd -d --long=31 or lz4 -d, which say more, or get it anew");
}

/* A file of a few kilobytes can become one that fills a disk: what is no core is given up at once. */
static struct hg_error *keep(struct unpacking *u, size_t size)
{
	struct hg_error *error = sparse_write(&u->out, u->piece, size);

	if (!error && !u->is_wanted && u->out.size >= sizeof(Elf64_Ehdr))
		error = want_core(u);
	return error ? error : interrupt_check(u->interrupt);
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

	/* A full piece may have more behind it that needs no further input. Behind the end of a frame it has
	 * not, and to ask would begin another one. */
	while (!error && (at < size || (got == PIECE && !u->ended))) {
		error = step(u, size, &at, &got);
		if (!error)
			error = keep(u, got);
	}
	return error;
}

static struct hg_error *run(struct unpacking *u, int fd)
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
	}
	if (!error && !u->ended)
		error = damaged(u, "it is truncated");
	return error;
}

struct hg_error *unpack(int fd, const char *name, const struct interrupt *interrupt, int *ret)
{
	_cleanup_(unpacking_freep) struct unpacking *u = calloc(1, sizeof(*u));
	struct hg_error *error;

	if (!u)
		return &hg_error_no_memory;
	u->name = name;
	u->interrupt = interrupt;
	error = sparse_open(&u->out);
	if (error)
		return error;
	if (magic_of(fd) == ZSTD_FRAME)
		u->zstd = ZSTD_createDStream();
	else if (LZ4F_isError(LZ4F_createDecompressionContext(&u->lz4, LZ4F_VERSION)))
		u->lz4 = NULL;
	if (!u->zstd && !u->lz4)
		return &hg_error_no_memory;
	error = run(u, fd);
	if (!error && !u->is_wanted)
		error = want_core(u);
	return error ? error : sparse_finish(&u->out, ret);
}
