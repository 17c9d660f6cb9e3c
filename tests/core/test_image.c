/* Segments and files cut each other into pieces; files stand in by build id; gaps are said. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../inspect/core_gaps.h"
#include "made_core.h"

enum { START = 0x10000000 };

static const struct core_places nowhere = { .sysroot = "/nonexistent" };
static const struct core_places here = { 0 };

struct made {
	struct core_file core;
	struct core_image image;
};

static struct made take(struct made_core *core, const struct core_places *places)
{
	int fd = made_core_write(core);
	struct made made;

	assert_null(core_file_read(fd, "made", &made.core));
	assert_null(core_image_make(&made.core, places, &made.image));
	return made;
}

static void drop(struct made *made)
{
	core_image_deinit(&made->image);
	close(made->core.fd);
	core_file_deinit(&made->core);
}

static void assert_piece(const struct core_piece *piece, uint64_t start, uint64_t pages, uint64_t stored,
			 size_t binary, uint64_t file_offset)
{
	assert_int_equal(piece->start, START + start * CORE_PAGE);
	assert_int_equal(piece->end - piece->start, pages * CORE_PAGE);
	assert_int_equal(piece->stored, stored);
	assert_true(piece->binary == binary);
	assert_int_equal(piece->file_offset, file_offset * CORE_PAGE);
}

/* Pages:      0 1 2 3 4 5 6 7 8
 * segments:     #####.    ...        # stored, . not
 * files:        ffff  gg      hh */
static void test_pieces(void **state)
{
	static const uint64_t rows[3][3] = {
		{ START + 1 * CORE_PAGE, START + 3 * CORE_PAGE, 5 },
		{ START + 4 * CORE_PAGE, START + 5 * CORE_PAGE, 0 },
		{ START + 7 * CORE_PAGE, START + 8 * CORE_PAGE, 9 },
	};
	static char bytes[3 * CORE_PAGE] = "contents";
	struct made_core *core = made_core_create(0);
	struct made made;
	const struct core_piece *p;
	_cleanup_free_ char *maps = NULL;

	(void)state;
	made_core_segment(core, START + CORE_PAGE, 3 * CORE_PAGE, bytes, 2 * CORE_PAGE + 10);
	made_core_segment(core, START + 5 * CORE_PAGE, 2 * CORE_PAGE, NULL, 0);
	made_core_files(core, rows, 3, "/f\0/g\0/h", 9);
	made = take(core, &nowhere);
	p = made.image.pieces;
	assert_int_equal(made.image.num_pieces, 5);
	assert_piece(&p[0], 1, 2, 2 * CORE_PAGE, 0, 5);
	assert_piece(&p[1], 3, 1, 10, SIZE_MAX, 0);
	assert_piece(&p[2], 4, 1, 0, 1, 0);
	assert_piece(&p[3], 5, 2, 0, SIZE_MAX, 0);
	assert_piece(&p[4], 7, 1, 0, 2, 9);
	assert_int_equal(p[2].prot, 0); /* by no segment, and its file is not to be had */
	maps = core_image_maps(&made.core, &made.image);
	assert_non_null(maps);
	assert_non_null(strstr(maps, "10001000-10003000 rw-p 00005000 00:00 1 /f\n"));
	assert_non_null(strstr(maps, "10003000-10004000 rw-p 00000000 00:00 0 \n"));
	drop(&made);
}

/* The file that strstr() is in: one with a build id. */
static const char *library(void)
{
	Dl_info info;

	assert_true(dladdr((void *)(uintptr_t)strstr, &info));
	return info.dli_fname;
}

/* A core in which the library's first page is mapped as code, its second one not in the core. */
static struct made_core *with_library(const char *path, const char *page, size_t stored)
{
	static const char stack[CORE_PAGE] = "not empty";
	uint64_t rows[1][3] = { { START, START + 4 * CORE_PAGE, 0 } };
	struct made_core *core = made_core_create(START + 16 * CORE_PAGE);
	Elf64_Phdr *segment = made_core_segment(core, START, 4 * CORE_PAGE, page, stored);

	segment->p_flags = PF_R | PF_X;
	made_core_segment(core, START + 16 * CORE_PAGE, CORE_PAGE, stack, sizeof(stack));
	made_core_files(core, rows, 1, path, strlen(path) + 1);
	return core;
}

static void assert_binary(struct made_core *core, const struct core_places *places, const char *missing,
			  const char *said)
{
	struct made made = take(core, places);
	const struct core_binary *binary = made.image.binaries;
	_cleanup_free_ char *gaps = NULL;

	assert_int_equal(made.image.num_binaries, 1);
	if (missing)
		assert_string_equal(binary->missing, missing);
	else
		assert_null(binary->missing);
	assert_int_equal(binary->fd >= 0, !missing);
	assert_null(core_gaps(&made.core, &made.image, &gaps));
	if (said)
		assert_non_null(strstr(gaps, said));
	else
		assert_null(gaps);
	drop(&made);
}

static void test_build_ids(void **state)
{
	char page[CORE_PAGE], other[CORE_PAGE], deleted[4200];
	int fd = open(library(), O_RDONLY | O_CLOEXEC);
	char *id;

	(void)state;
	assert_int_equal(read(fd, page, sizeof(page)), sizeof(page));
	close(fd);
	memcpy(other, page, sizeof(page));
	id = memmem(other, sizeof(other), "\x14\0\0\0\3\0\0\0GNU", 12);
	assert_non_null(id);
	id[12] ^= 1;
	snprintf(deleted, sizeof(deleted), "%s (deleted)", library());
	assert_binary(with_library(library(), page, sizeof(page)), &here, NULL, NULL);
	assert_binary(with_library(library(), other, sizeof(other)), &here, "another build", "another build");
	assert_binary(with_library(deleted, page, sizeof(page)), &here, NULL, NULL);
	assert_binary(with_library(library(), NULL, 0), &here, NULL, "by name alone");
	assert_binary(with_library(library(), page, sizeof(page)), &nowhere, "not found", "not found");
	assert_binary(with_library("/usr", page, sizeof(page)), &here, "not found", "not found");
	assert_binary(with_library("/dev/zero", page, sizeof(page)), &here, "not found", "not found");
	assert_binary(with_library("/etc/passwd", page, sizeof(page)), &here, "no ELF file of 64-bit x86",
		      "/etc/passwd");
	assert_binary(with_library("relative", page, sizeof(page)), &here, "not found", "relative");
	assert_binary(with_library("", page, sizeof(page)), &here, "not found", "not found");
}

/* Each header of the ELF file in the core lies. */
static void test_notes_of_a_file_that_lie(void **state)
{
	static const uint64_t values[] = { 0, 1, CORE_PAGE, UINT32_MAX, INT64_MAX, UINT64_MAX, UINT64_MAX - 64 };
	char page[CORE_PAGE];
	int fd = open(library(), O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(read(fd, page, sizeof(page)), sizeof(page));
	close(fd);
	for (size_t at = 16; at < 1024; at += 8) {
		char lying[CORE_PAGE];

		memcpy(lying, page, sizeof(page));
		memcpy(lying + at, &values[at / 8 % (sizeof(values) / sizeof(*values))], 8);
		struct made made = take(with_library(library(), lying, sizeof(lying)), &here);

		assert_true(made.image.binaries[0].fd >= 0 || made.image.binaries[0].missing);
		drop(&made);
	}
}

static char *gaps_of(uint64_t sp, const char *stack, size_t size)
{
	struct made_core *core = made_core_create(sp);
	struct made made;
	char *gaps;

	made_core_segment(core, START, CORE_PAGE, stack, size);
	made = take(core, &here);
	assert_null(core_gaps(&made.core, &made.image, &gaps));
	drop(&made);
	return gaps;
}

static void test_stacks(void **state)
{
	static char stack[CORE_PAGE];
	char *gaps;

	(void)state;
	gaps = gaps_of(START + 512, stack, sizeof(stack));
	assert_non_null(strstr(gaps, "the stack of 1 thread is not in the core"));
	free(gaps);
	gaps = gaps_of(START + 2 * CORE_PAGE, stack, sizeof(stack));
	assert_non_null(strstr(gaps, "the stack of 1 thread"));
	free(gaps);
	stack[CORE_PAGE - 8] = 1;
	assert_null(gaps_of(START + CORE_PAGE - 8, stack, sizeof(stack))); /* nearly at its end */
	assert_null(gaps_of(START + CORE_PAGE - 1000, stack, sizeof(stack)));
	gaps = gaps_of(START + CORE_PAGE - 8, stack, CORE_PAGE / 2);
	assert_non_null(strstr(gaps, "the stack of 1 thread"));
	free(gaps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_build_ids),
		cmocka_unit_test(test_notes_of_a_file_that_lie),
		cmocka_unit_test(test_stacks),
	};

	return RUN(tests);
}
