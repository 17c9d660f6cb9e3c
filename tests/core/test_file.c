/* Cores taken apart: what is sound is read, what lies is said. */
#include "../../inspect/core_file.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "made_core.h"

enum { START = 0x10000000 };

static struct core_file read_sound(struct made_core *made)
{
	int fd = made_core_write(made);
	struct core_file core;

	assert_null(core_file_read(fd, "made", &core));
	return core;
}

static void drop(struct core_file *core)
{
	close(core->fd);
	core_file_deinit(core);
}

static void assert_refused(struct made_core *made, const char *why)
{
	int fd = made_core_write(made);
	struct core_file core;
	struct hg_error *error = core_file_read(fd, "made", &core);

	assert_non_null(error);
	assert_int_equal(error->code, HG_EXIT_UNREADABLE);
	if (!strstr(error->message, why))
		fail_msg("'%s' is not said, but: %s", why, error->message);
	assert_non_null(error->hint);
	hg_error_free(error);
	close(fd);
}

static void test_memory(void **state)
{
	static char bytes[2 * CORE_PAGE];
	struct made_core *made = made_core_create(START);
	struct core_file core;
	char buffer[16];

	(void)state;
	memset(bytes, 'b', sizeof(bytes));
	memcpy(bytes + CORE_PAGE - 4, "here", 4);
	made_core_segment(made, START + 4 * CORE_PAGE, CORE_PAGE, "last", 5);
	made_core_segment(made, START, 3 * CORE_PAGE, bytes, sizeof(bytes));
	core = read_sound(made);
	assert_int_equal(core.num_segments, 2);
	assert_int_equal(core.segments[0].start, START);
	assert_int_equal(core.segments[0].end, START + 3 * CORE_PAGE);
	assert_int_equal(core_file_memory(&core, START + CORE_PAGE - 4, buffer, 8), 0);
	assert_memory_equal(buffer, "herebbbb", 8);
	/* up to the last byte stored, not behind it, not before the first, not over a gap */
	assert_int_equal(core_file_memory(&core, START + 2 * CORE_PAGE - 1, buffer, 1), 0);
	assert_int_equal(core_file_memory(&core, START + 2 * CORE_PAGE - 1, buffer, 2), -1);
	assert_int_equal(core_file_memory(&core, START + 2 * CORE_PAGE, buffer, 1), -1);
	assert_int_equal(core_file_memory(&core, START - 1, buffer, 2), -1);
	assert_int_equal(core_file_memory(&core, START + 3 * CORE_PAGE, buffer, 1), -1);
	assert_int_equal(core_file_memory(&core, START + 4 * CORE_PAGE, buffer, 5), 0);
	assert_string_equal(buffer, "last");
	assert_int_equal(core_file_memory(&core, START, buffer, SIZE_MAX), -1);
	assert_int_equal(core_file_memory(&core, UINT64_MAX, buffer, 1), -1);
	drop(&core);
}

static void test_notes(void **state)
{
	static const uint64_t rows[2][3] = { { START + CORE_PAGE, START + 2 * CORE_PAGE, 1 },
					     { START, START + CORE_PAGE, 0 } };
	static const uint64_t auxv[] = { AT_PHDR, 0x40, AT_ENTRY, 0x50, AT_NULL, 0, AT_BASE };
	struct made_core *made = made_core_create(START + 8);
	struct core_file core;

	(void)state;
	made_core_segment(made, START, CORE_PAGE, NULL, 0);
	made_core_files(made, rows, 2, "/b\0/a", 6);
	made_core_note(made, NT_AUXV, auxv, sizeof(auxv));
	core = read_sound(made);
	assert_int_equal(core.num_threads, 1);
	assert_int_equal(core.tids[0], 7);
	assert_int_equal(core.pid, 7); /* no note of the process: the first thread's */
	assert_int_equal(core.threads[0].sp, START + 8);
	assert_int_equal(core.num_mappings, 2);
	assert_string_equal(core.mappings[0].path, "/a");
	assert_string_equal(core.mappings[1].path, "/b");
	assert_int_equal(core.mappings[1].offset, CORE_PAGE);
	assert_int_equal(core_file_auxv(&core, AT_ENTRY), 0x50);
	assert_int_equal(core_file_auxv(&core, AT_BASE), 0); /* cut off: no entry */
	drop(&core);
}

static struct made_core *with_segments(uint64_t first, uint64_t first_size, uint64_t second,
				       uint64_t second_size)
{
	struct made_core *made = made_core_create(START);

	made_core_segment(made, first, first_size, NULL, 0);
	made_core_segment(made, second, second_size, NULL, 0);
	return made;
}

static void test_segments_that_lie(void **state)
{
	struct made_core *made;

	(void)state;
	assert_refused(with_segments(START, 2 * CORE_PAGE, START + CORE_PAGE, CORE_PAGE), "overlap");
	assert_refused(with_segments(START + CORE_PAGE, CORE_PAGE, START, CORE_PAGE + 1), "overlap");
	assert_refused(with_segments(START, CORE_PAGE, START, CORE_PAGE), "overlap");
	assert_refused(with_segments(START, CORE_PAGE, START + 8 * CORE_PAGE + 1, CORE_PAGE),
		       "no memory can be");
	assert_refused(with_segments(START, UINT64_MAX - START, 0, 0), "no memory can be");
	assert_refused(with_segments(START, UINT64_MAX, 0, 0), "no memory can be");
	assert_refused(with_segments(0x7ffffffff000, CORE_PAGE, 0, 0), "no memory can be");
	assert_refused(with_segments(0, 0, 0, 0), "holds no memory");
	/* the kernel's own page is no memory of the process, and no error */
	assert_refused(with_segments(0xffffffffff600000, CORE_PAGE, 0, 0), "holds no memory");

	made = with_segments(START, CORE_PAGE, 0, 0);
	made->segments[1].p_filesz = CORE_PAGE + 1;
	assert_refused(made, "no memory can be");
	made = with_segments(START, CORE_PAGE, 0, 0);
	made->segments[1].p_filesz = CORE_PAGE;
	made->cut = 1;
	assert_refused(made, "truncated");
	made = with_segments(START, CORE_PAGE, 0, 0);
	made->segments[1].p_filesz = CORE_PAGE;
	made->segments[1].p_offset = UINT64_MAX - 1;
	assert_refused(made, "truncated");
}

static void put_files(struct made_core *made, uint64_t start, uint64_t end, uint64_t offset)
{
	const uint64_t rows[1][3] = { { start, end, offset } };

	made_core_files(made, rows, 1, "/a", 3);
}

static void test_files_that_lie(void **state)
{
	static const uint64_t two[2][3] = { { START, START + 2 * CORE_PAGE, 0 },
					    { START + CORE_PAGE, START + 3 * CORE_PAGE, 0 } };
	static const uint64_t lies[][3] = {
		{ START + 1, START + CORE_PAGE, 0 }, { START, START, 0 },
		{ START + CORE_PAGE, START, 0 },     { START, UINT64_MAX & -CORE_PAGE, 0 },
		{ START, START + CORE_PAGE, UINT64_MAX }, { START, START + CORE_PAGE, UINT64_C(1) << 52 },
	};
	static const uint64_t counts[] = { 2, 1000, UINT64_MAX, UINT64_MAX / 24 + 1 };
	struct made_core *made;

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		made = with_segments(START, CORE_PAGE, 0, 0);
		put_files(made, lies[i][0], lies[i][1], lies[i][2]);
		assert_refused(made, "not what it says");
	}
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		made = with_segments(START, CORE_PAGE, 0, 0);
		put_files(made, START, START + CORE_PAGE, 0);
		memcpy(made->notes + made->notes_size - 16 - 24 - 4, &counts[i], sizeof(counts[i]));
		assert_refused(made, "not what it says");
	}
	made = with_segments(START, CORE_PAGE, 0, 0);
	made_core_files(made, two, 2, "/a\0/b", 6);
	assert_refused(made, "two files");
	made = with_segments(START, CORE_PAGE, 0, 0);
	made_core_files(made, two, 2, "/a", 2); /* of the second there is no path, not even a NUL */
	assert_refused(made, "not what it says");
	made = with_segments(START, CORE_PAGE, 0, 0);
	put_files(made, START, START + CORE_PAGE, 0);
	put_files(made, START, START + CORE_PAGE, 0);
	assert_refused(made, "twice");
	made = with_segments(START, CORE_PAGE, 0, 0);
	made_core_note(made, NT_FILE, "short", 5);
	assert_refused(made, "too short");
}

static void test_notes_that_lie(void **state)
{
	struct made_core *made;

	(void)state;
	made = with_segments(START, CORE_PAGE, 0, 0);
	made_core_note(made, NT_PRSTATUS, "short", 5);
	assert_refused(made, "thread is too short");
	made = with_segments(START, CORE_PAGE, 0, 0);
	made_core_note(made, NT_PRPSINFO, "short", 5);
	assert_refused(made, "process is too short");
	made = with_segments(START, CORE_PAGE, 0, 0);
	made->notes_size = 0;
	assert_refused(made, "no threads");
	made = with_segments(START, CORE_PAGE, 0, 0);
	made->notes[4] = (char)0xff; /* n_descsz: longer than all notes are */
	made->notes[6] = (char)0xff;
	assert_refused(made, "no threads");
	made = with_segments(START, CORE_PAGE, 0, 0);
	made->segments[0].p_offset = UINT64_MAX;
	assert_refused(made, "notes reach beyond");
	made = with_segments(START, CORE_PAGE, 0, 0);
	made->header.e_machine = EM_AARCH64;
	assert_refused(made, "another machine");
	made = with_segments(START, CORE_PAGE, 0, 0);
	made->header.e_phentsize = 1;
	assert_refused(made, "another machine");
	made = with_segments(START, CORE_PAGE, 0, 0);
	made->header.e_phoff = UINT64_MAX - 8;
	assert_refused(made, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),	       cmocka_unit_test(test_notes),
		cmocka_unit_test(test_segments_that_lie), cmocka_unit_test(test_files_that_lie),
		cmocka_unit_test(test_notes_that_lie),
	};

	return RUN(tests);
}
