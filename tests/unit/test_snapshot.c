/* The reader against damage: cut off anywhere, any byte turned over, and the same with checksums
 * made right again, so that the checks behind them are met. Run under sanitizers as well. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <xxhash.h>

#include "../../graph/answer.h"
#include "heap.h"

static int sample(void)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", "/srv/app.py");
	uint32_t thread = heap_object(heap, "dict");
	int fd;

	heap_library(heap, (struct hgs_library){.handle = 1,
						.path = heap_string(heap, "/opt/libfoo.so"),
						.opens = 2,
						.needed_by = 0,
						.bound_by = HGS_NONE});
	heap_key(heap, main, "dll", heap_cdll(heap, "libfoo.so", 1, 0, true));
	heap_thread(heap, (struct hgs_thread){.object = thread, .tid = 7});
	heap_root(heap, (struct hgs_root){.object = thread, .kind = HGS_ROOT_THREAD});
	heap_frame(heap, (struct hgs_frame){.object = thread, .code = HGS_NONE, .line = 3});
	fd = heap_write(heap);
	heap_destroy(heap);
	return fd;
}

static char *bytes_of(int fd, size_t *size)
{
	struct stat st;
	char *bytes;

	assert_int_equal(fstat(fd, &st), 0);
	*size = (size_t)st.st_size;
	bytes = malloc(*size);
	assert_int_equal(pread(fd, bytes, *size, 0), (ssize_t)*size);
	return bytes;
}

/* Opens the bytes; an answer is made of them where they pass. The exit code. */
static int try_bytes(const void *bytes, size_t size, bool answer_too)
{
	_cleanup_close_ int fd = memfd_create("try", MFD_CLOEXEC);
	struct answer *answer = NULL;
	struct snapshot *s = NULL;
	struct hg_error *error;
	int code = 0;

	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	error = snapshot_open_fd(fd, "x.hgs", &s);
	if (!error && answer_too)
		error = answer_create(s, &answer);
	if (error) {
		code = (int)error->code;
		assert_null(strchr(error->message, '\n'));
		hg_error_free(error);
	}
	answer_destroy(answer);
	snapshot_close(s);
	return code;
}

static void test_truncated(void **state)
{
	_cleanup_close_ int fd = sample();
	size_t size;
	_cleanup_free_ char *bytes = bytes_of(fd, &size);

	for (size_t i = 0; i < size; i++)
		assert_int_equal(try_bytes(bytes, i, false), HG_EXIT_UNREADABLE);
	assert_int_equal(try_bytes(bytes, size, true), 0);
}

/* Padding is in no checksum and changes nothing; all else is noticed. */
static bool is_padding(const char *bytes, size_t at)
{
	const struct hgs_header *header = (const void *)bytes;
	const struct hgs_section *table = (const void *)(header + 1);

	if (at < sizeof(*header) + header->sections * sizeof(*table))
		return false;
	for (uint32_t i = 0; i < header->sections; i++)
		if (at >= table[i].offset && at < table[i].offset + table[i].size)
			return false;
	return true;
}

static void test_flipped(void **state)
{
	_cleanup_close_ int fd = sample();
	size_t size;
	_cleanup_free_ char *bytes = bytes_of(fd, &size);

	for (size_t i = 0; i < size; i++) {
		bool padding = is_padding(bytes, i);

		bytes[i] ^= 0x41;
		assert_int_equal(try_bytes(bytes, size, false), padding ? 0 : HG_EXIT_UNREADABLE);
		bytes[i] ^= 0x41;
	}
}

/* Makes all checksums right, as far as the table makes sense. */
static void sign(char *bytes, size_t size)
{
	struct hgs_header *header = (void *)bytes;
	struct hgs_section *table = (void *)(header + 1);
	size_t length = sizeof(*header) + header->sections * sizeof(*table);

	if (header->sections > 64)
		return;
	for (uint32_t i = 0; i < header->sections; i++)
		if (table[i].offset <= size && table[i].size <= size - table[i].offset)
			table[i].checksum =
				XXH3_64bits(bytes + table[i].offset, table[i].size);
	header->checksum = 0;
	header->checksum = XXH3_64bits(bytes, length);
}

static void test_flipped_and_signed(void **state)
{
	static const unsigned char masks[] = {0x01, 0x80, 0xff};
	_cleanup_close_ int fd = sample();
	size_t size, refused = 0;
	_cleanup_free_ char *bytes = bytes_of(fd, &size);
	_cleanup_free_ char *copy = malloc(size);

	for (size_t i = 0; i < size; i++) {
		for (size_t k = 0; k < sizeof(masks); k++) {
			int code;

			memcpy(copy, bytes, size);
			copy[i] ^= (char)masks[k];
			sign(copy, size);
			code = try_bytes(copy, size, true);
			assert_true(code == 0 || code == HG_EXIT_UNREADABLE);
			refused += code != 0;
		}
	}
	assert_true(refused > 0);
}

static void assert_refused(const void *bytes, size_t size, const char *why)
{
	_cleanup_close_ int fd = memfd_create("refused", MFD_CLOEXEC);
	struct snapshot *s;
	struct hg_error *error;

	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	error = snapshot_open_fd(fd, "x.hgs", &s);
	assert_non_null(error);
	assert_int_equal(error->code, HG_EXIT_UNREADABLE);
	if (!strstr(error->message, why))
		fail_msg("%s", error->message);
	hg_error_free(error);
}

static void test_words(void **state)
{
	_cleanup_close_ int fd = sample();
	size_t size;
	_cleanup_free_ char *bytes = bytes_of(fd, &size);
	struct hgs_header *header = (void *)bytes;

	assert_refused("", 0, "not a heapgraph snapshot");
	assert_refused("\x7f" "ELF and more of it", 20, "not a heapgraph snapshot");
	assert_refused(bytes, 20, "truncated (20 of");
	assert_refused(bytes, size - 1, "truncated (");
	header->version = 2;
	assert_refused(bytes, size, "written by a newer heapgraph (format 2");
	header->version = HGS_VERSION;
	bytes[size - 1 - sizeof(struct hgs_holder)] ^= 1;
	assert_refused(bytes, size, "damaged: checksum of section");
}

/* A later revision appends a field to the records of a section: the known part is read. */
static void test_longer_records(void **state)
{
	struct {
		struct hgs_meta meta;
		uint64_t appended;
	} longer = {.meta = {.pid = 77}};
	_cleanup_close_ int fd = memfd_create("longer", MFD_CLOEXEC);
	static const uint64_t start;
	struct snapshot_writer *w;
	struct snapshot *s;

	assert_null(snapshot_writer_begin(fd, "longer", &w));
	assert_null(snapshot_writer_add(w, HGS_REF_START, 8, &start, 1));
	for (uint32_t id = HGS_OBJ_ADDR; id <= HGS_OBJ_TEXT; id++)
		assert_null(snapshot_writer_add(
			w, id, id == HGS_OBJ_ADDR || id == HGS_OBJ_SIZE ? 8 : 4, NULL, 0));
	assert_null(snapshot_writer_add(w, HGS_REF_TARGET, 4, NULL, 0));
	assert_null(snapshot_writer_add(w, HGS_REF_NAME, 4, NULL, 0));
	assert_null(snapshot_writer_add(w, HGS_META, sizeof(longer), &longer, 1));
	assert_null(snapshot_writer_add(w, 4711, 1, "?", 1)); /* unknown: passed over */
	assert_null(snapshot_writer_finish(w));
	snapshot_writer_destroy(w);
	assert_null(snapshot_open_fd(fd, "longer", &s));
	assert_int_equal(s->meta->pid, 77);
	assert_int_equal(s->n, 0);
	snapshot_close(s);
}

static void test_view_while_writing(void **state)
{
	static const uint64_t addr[2] = {16, 32}, size[2] = {48, 48}, start[3] = {0, 1, 1};
	static const uint32_t zeros[2], target[1] = {1};
	_cleanup_close_ int fd = memfd_create("view", MFD_CLOEXEC);
	struct hgs_thread thread = {.object = 1};
	struct hgs_meta meta = {.pid = 1};
	struct snapshot_writer *w;
	struct snapshot *s;
	uint32_t foo, none;

	assert_null(snapshot_writer_begin(fd, "view", &w));
	assert_null(snapshot_writer_section(w, HGS_OBJ_ADDR, 8));
	assert_null(snapshot_writer_append(w, addr, 8));
	assert_null(snapshot_writer_append(w, addr + 1, 8));
	assert_null(snapshot_writer_add(w, HGS_OBJ_TYPE, 4, zeros, 2));
	assert_null(snapshot_writer_add(w, HGS_OBJ_REFS, 4, zeros, 2));
	assert_null(snapshot_writer_add(w, HGS_OBJ_SIZE, 8, size, 2));
	assert_null(snapshot_writer_add(w, HGS_OBJ_FLAGS, 4, zeros, 2));
	assert_null(snapshot_writer_add(w, HGS_OBJ_TEXT, 4, zeros, 2));
	assert_null(snapshot_writer_add(w, HGS_REF_START, 8, start, 3));
	assert_null(snapshot_writer_add(w, HGS_REF_TARGET, 4, target, 1));
	assert_null(snapshot_writer_add(w, HGS_REF_NAME, 4, zeros, 1));
	assert_null(snapshot_writer_strings(w, "\0abc", 4)); /* its end is seen to */
	assert_null(snapshot_writer_add(w, HGS_THREADS, sizeof(thread), &thread, 1));
	assert_null(snapshot_writer_view(w, &s));
	assert_int_equal(s->n, 2);
	assert_int_equal(s->m, 1);
	assert_int_equal(s->addr[1], 32);
	assert_int_equal(s->num_threads, 1);
	assert_string_equal(snapshot_string(s, 1), "abc");
	snapshot_close(s);
	assert_null(snapshot_writer_string(w, "foo", &foo));
	assert_null(snapshot_writer_string(w, "", &none));
	assert_int_equal(none, 0);
	meta.exe = foo;
	assert_null(snapshot_writer_add(w, HGS_META, sizeof(meta), &meta, 1));
	assert_null(snapshot_writer_finish(w));
	snapshot_writer_destroy(w);
	assert_null(snapshot_open_fd(fd, "view", &s));
	assert_string_equal(snapshot_string(s, s->meta->exe), "foo");
	assert_string_equal(snapshot_string(s, 1), "abc");
	assert_int_equal(s->threads[0].object, 1);
	snapshot_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_truncated),     cmocka_unit_test(test_flipped),
		cmocka_unit_test(test_flipped_and_signed), cmocka_unit_test(test_words),
		cmocka_unit_test(test_longer_records), cmocka_unit_test(test_view_while_writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
