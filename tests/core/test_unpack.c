/* Compressed cores: whole, cut short at each byte, damaged, lying about their size. */
#include "../../inspect/unpack.h"

#include <elf.h>
#include <lz4frame.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "../../inspect/core_file.h"
#include "made_core.h"

static const sig_atomic_t no_signal;
static const struct interrupt never = { &no_signal };
enum { SIZE = 3 << 20, HOLE = 1 << 20 };

struct packed {
	char *bytes;
	size_t size;
};

/* A core of 3 MB with a hole of 1 MB. */
static char *contents(void)
{
	struct made_core *made = made_core_create(0);
	char *bytes = calloc(1, SIZE);
	int fd;

	assert_non_null(bytes);
	made_core_segment(made, 0x10000000, CORE_PAGE, NULL, CORE_PAGE);
	fd = made_core_write(made);
	assert_true(pread(fd, bytes, SIZE, 0) > CORE_PAGE);
	close(fd);
	for (size_t i = 2 * CORE_PAGE; i < SIZE; i++)
		if (i < SIZE / 2 || i >= SIZE / 2 + HOLE)
			bytes[i] = (char)(1 + i % 251);
	return bytes;
}

static struct packed pack_zstd(const char *bytes, size_t size)
{
	struct packed p = { .bytes = malloc(ZSTD_compressBound(size)) };

	assert_non_null(p.bytes);
	p.size = ZSTD_compress(p.bytes, ZSTD_compressBound(size), bytes, size, 1);
	assert_false(ZSTD_isError(p.size));
	return p;
}

static struct packed pack_lz4(const char *bytes, size_t size)
{
	LZ4F_preferences_t how = { .frameInfo = { .contentChecksumFlag = LZ4F_contentChecksumEnabled } };
	struct packed p = { .bytes = malloc(LZ4F_compressFrameBound(size, &how)) };

	assert_non_null(p.bytes);
	p.size = LZ4F_compressFrame(p.bytes, LZ4F_compressFrameBound(size, &how), bytes, size, &how);
	assert_false(LZ4F_isError(p.size));
	return p;
}

static struct packed (*const packers[])(const char *, size_t) = { pack_zstd, pack_lz4 };
enum { PACKERS = sizeof(packers) / sizeof(*packers) };

static int file_of(const char *bytes, size_t size)
{
	int fd = memfd_create("packed", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	return fd;
}

static struct hg_error *unpack_bytes(const char *bytes, size_t size, int *ret)
{
	int fd = file_of(bytes, size);
	struct hg_error *error = unpack(fd, "packed", &never, ret);

	close(fd);
	return error;
}

static void assert_refused(const char *bytes, size_t size, const char *why)
{
	int fd;
	struct hg_error *error = unpack_bytes(bytes, size, &fd);

	assert_non_null(error);
	assert_int_equal(error->code, HG_EXIT_UNREADABLE);
	assert_non_null(error->hint);
	if (!strstr(error->message, why))
		fail_msg("'%s' is not said, but: %s", why, error->message);
	hg_error_free(error);
}

static void assert_contents(int fd, const char *whole, size_t size)
{
	char *bytes = malloc(size);
	struct stat st;

	assert_non_null(bytes);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, size);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(pread(fd, bytes, size, 0), size);
	assert_memory_equal(bytes, whole, size);
	free(bytes);
}

static void test_whole(void **state)
{
	char *whole = contents();

	(void)state;
	for (unsigned i = 0; i < PACKERS; i++) {
		struct packed p = packers[i](whole, SIZE);
		struct stat st;
		int fd = file_of(p.bytes, p.size), out;
		struct hg_error *error;

		assert_true(unpack_is_packed(fd));
		error = unpack(fd, "packed", &never, &out);
		if (error)
			fail_msg("%s", error->message);
		assert_contents(out, whole, SIZE);
		assert_int_equal(fstat(out, &st), 0);
		assert_true(st.st_blocks * 512 <= SIZE - HOLE + 64 * CORE_PAGE);
		close(out);
		close(fd);
		free(p.bytes);
	}
	free(whole);
}

/* Two frames behind each other are one file: zstd(1) and lz4(1) both unpack them so. */
static void test_two_frames(void **state)
{
	char *whole = contents();

	(void)state;
	for (unsigned i = 0; i < PACKERS; i++) {
		struct packed one = packers[i](whole, SIZE / 2), two = packers[i](whole + SIZE / 2, SIZE / 2);
		int out;

		one.bytes = realloc(one.bytes, one.size + two.size);
		assert_non_null(one.bytes);
		memcpy(one.bytes + one.size, two.bytes, two.size);
		assert_null(unpack_bytes(one.bytes, one.size + two.size, &out));
		assert_contents(out, whole, SIZE);
		close(out);
		free(one.bytes);
		free(two.bytes);
	}
	free(whole);
}

static void test_truncated(void **state)
{
	char *whole = contents();

	(void)state;
	for (unsigned i = 0; i < PACKERS; i++) {
		struct packed p = packers[i](whole, SIZE);

		for (size_t size = 4; size < p.size; size += size < 64 ? 1 : p.size / 16 - 1)
			assert_refused(p.bytes, size, "it is truncated");
		assert_refused(p.bytes, p.size - 1, "it is truncated");
		free(p.bytes);
	}
	free(whole);
}

static void test_damaged(void **state)
{
	char *whole = contents();

	(void)state;
	for (unsigned i = 0; i < PACKERS; i++) {
		struct packed p = packers[i](whole, SIZE);

		memset(p.bytes + p.size / 2, 0xff, 64);
		assert_refused(p.bytes, p.size, "is damaged");
		free(p.bytes);
		p = packers[i](whole, SIZE);
		p.bytes = realloc(p.bytes, p.size + 5);
		assert_non_null(p.bytes);
		memcpy(p.bytes + p.size, "trash", 5);
		assert_refused(p.bytes, p.size + 5, "is damaged");
		free(p.bytes);
	}
	free(whole);
}

/* RFC 8878, 3.1.1.1: a header that promises 2^64 - 1 bytes, or a window of 2^41; lz4_Frame_format.md has
 * the like with a checksum of its own. */
static void test_absurd_sizes(void **state)
{
	static const char size[] = "\x28\xb5\x2f\xfd\xe0\xff\xff\xff\xff\xff\xff\xff\xff\x01\0\0";
	static const char window[] = "\x28\xb5\x2f\xfd\0\xff\x01\0\0";

	(void)state;
	assert_refused(size, sizeof(size) - 1, "is damaged");
	assert_refused(window, sizeof(window) - 1, "is damaged");
}

static void test_no_core(void **state)
{
	static char zeros[1 << 20];

	(void)state;
	for (unsigned i = 0; i < PACKERS; i++) {
		struct packed p = packers[i]("text", 4);

		assert_refused(p.bytes, p.size, "is no core");
		free(p.bytes);
		p = packers[i]("", 0);
		assert_refused(p.bytes, p.size, "is no core");
		free(p.bytes);
		p = packers[i](zeros, sizeof(zeros));
		assert_refused(p.bytes, p.size, "is no core");
		assert_refused(p.bytes, p.size - 2, "is no core"); /* said before the rest is unpacked */
		free(p.bytes);
	}
}

static void test_other_files(void **state)
{
	int fd = file_of("\x28\xb5\x2f", 3);

	(void)state;
	assert_false(unpack_is_packed(fd));
	close(fd);
	fd = file_of(ELFMAG "....", 8);
	assert_false(unpack_is_packed(fd));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),	     cmocka_unit_test(test_two_frames),
		cmocka_unit_test(test_truncated),    cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_absurd_sizes), cmocka_unit_test(test_no_core),
		cmocka_unit_test(test_other_files),
	};

	return RUN(tests);
}
