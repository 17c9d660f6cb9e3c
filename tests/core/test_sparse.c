/* The file that a core is unpacked to. */
#include "../../inspect/sparse.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../process/unit.h"

static void test_holes(void **state)
{
	static char bytes[64 << 10], back[sizeof(bytes)];
	struct sparse file;
	struct stat st;
	int fd;

	(void)state;
	bytes[0] = 'a';
	bytes[sizeof(bytes) / 2] = 'b';
	assert_null(sparse_open(&file));
	assert_null(sparse_write(&file, bytes, sizeof(bytes)));
	assert_int_equal(file.size, sizeof(bytes));
	assert_int_equal(file.stored, 2 * 4096);
	assert_null(sparse_finish(&file, &fd));
	sparse_deinit(&file); /* no longer its own */
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, sizeof(bytes)); /* it ends in a hole */
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_nlink, 0);
	assert_int_equal(pread(fd, back, sizeof(back), 0), sizeof(back));
	assert_memory_equal(back, bytes, sizeof(bytes));
	close(fd);
}

static void test_where(void **state)
{
	struct sparse file;
	struct hg_error *error;

	(void)state;
	setenv("TMPDIR", "/nonexistent", 1);
	error = sparse_open(&file);
	assert_non_null(error);
	assert_non_null(strstr(error->message, "/nonexistent"));
	assert_non_null(strstr(error->hint, "TMPDIR"));
	hg_error_free(error);
	unsetenv("TMPDIR");
	assert_null(sparse_open(&file));
	assert_string_equal(file.folder, "/var/tmp");
	sparse_deinit(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_holes), cmocka_unit_test(test_where) };

	return RUN(tests);
}
