/* The search of memory and the proof of blocks, on the memory of the test itself. */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <threads.h>
#include <unistd.h>

#include "../../inspect/blocks.h"
#include "../../inspect/maps.h"
#include "../../inspect/pagemap.h"
#include "../../inspect/proc.h"
#include "../../inspect/scan.h"

enum { PAGE = 4096, PAGES = 64, BLOCKS = 200 };

struct hits {
	uint64_t at[8];
	uint32_t id[8];
	unsigned count;
};

static struct hg_error *note(void *context, uint64_t at, uint64_t value, uint32_t id)
{
	struct hits *hits = context;

	assert_true(hits->count < 8 && value);
	hits->at[hits->count] = at;
	hits->id[hits->count++] = id;
	return NULL;
}

/* Pages that were written are a process's own, of a file's mapping too; no others are. */
static void test_pagemap(void **state)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY), exe = open("/proc/self/exe", O_RDONLY);
	char *fresh = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *file = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, exe, 0);
	uint64_t own[4];

	assert_true(pagemap >= 0 && fresh != MAP_FAILED && file != MAP_FAILED);
	assert_int_equal(madvise(fresh, 4 * PAGE, MADV_NOHUGEPAGE), 0);
	fresh[PAGE] = 1;
	pagemap_own(pagemap, (uint64_t)(uintptr_t)fresh, 4, own);
	assert_true(!own[0] && own[1] && !own[2] && !own[3]);
	file[2 * PAGE] = file[0];
	pagemap_own(pagemap, (uint64_t)(uintptr_t)file, 4, own);
	assert_true(!own[0] && !own[1] && own[2] && !own[3]);
	pagemap_own(-1, (uint64_t)(uintptr_t)fresh, 4, own);
	assert_true(own[0] && own[1] && own[2] && own[3]);
	munmap(fresh, 4 * PAGE);
	munmap(file, 4 * PAGE);
	close(exe);
	close(pagemap);
}

/* The same is found by another process that has the memory, in place. */
static void test_in_place(const struct scan *scan, uint64_t start, const struct hits *wanted,
			  uint64_t searched)
{
	int file = memfd_create("scan", MFD_CLOEXEC);
	struct hits hits = { 0 };
	uint64_t bytes = 0;
	struct scan *own;
	void *saved;
	off_t size;

	assert_true(scan_save(scan, file));
	size = lseek(file, 0, SEEK_CUR);
	saved = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, file, 0);
	assert_true(saved != MAP_FAILED);
	assert_null(scan_load(saved, &own));
	assert_null(scan_run(own, &(struct scan_range){ start, start + PAGES * PAGE, false },
			     note, &hits, &bytes));
	assert_int_equal(bytes, searched);
	assert_memory_equal(&hits, wanted, sizeof(hits));
	scan_destroy(own);
	munmap(saved, (size_t)size);
	close(file);
}

/* Wanted values, tagged ones too, and ranges are found; a hole is passed over, and pages that were never
 * touched are not read. */
static void test_scan(void **state)
{
	const struct memory memory = { .pid = getpid() };
	uint64_t *words = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t start = (uint64_t)(uintptr_t)words, searched = 0;
	struct hits hits = { 0 };
	struct scan *scan;

	assert_true(words != MAP_FAILED);
	words[3] = 0x7fff12340;
	words[4] = 0x7fff12350; /* nobody's, on the same page */
	words[10 * PAGE / 8] = 0x7fff12341;
	words[40 * PAGE / 8 + 7] = 0x5000abcd3;
	words[41 * PAGE / 8] = 0x5000fffff;
	assert_int_equal(mprotect(&words[20 * PAGE / 8], PAGE, PROT_NONE), 0);
	assert_null(scan_create(&memory, 2, &scan));
	scan_want(scan, 0x7fff12340, 5);
	scan_want(scan, 0x123450, 6);
	assert_null(scan_want_range(scan, 0x5000abc00, 0x5000ac000));
	assert_null(scan_want_range(scan, 0x4000000, 0x4001000));
	assert_int_equal(scan_lookup(scan, 0x7fff12340), 5);
	assert_int_equal(scan_lookup(scan, 0x7fff12350), SCAN_NO_VALUE);
	assert_null(scan_run(scan, &(struct scan_range){ start, start + PAGES * PAGE, false },
			     note, &hits, &searched));
	assert_int_equal(hits.count, 3);
	assert_int_equal(hits.at[0], start + 24);
	assert_int_equal(hits.at[1], start + 10 * PAGE);
	assert_int_equal(hits.id[1], 5);
	assert_int_equal(hits.at[2], start + 40 * PAGE + 56);
	assert_int_equal(hits.id[2], SCAN_NO_VALUE);
	assert_true(searched <= 8 * PAGE);
	assert_int_equal(scan_resident(scan, start, start + PAGES * PAGE), searched);
	test_in_place(scan, start, &hits, searched);
	/* Whole, up to the hole: untouched pages are zeros, which are not counted. */
	hits = (struct hits){ 0 };
	searched = 0;
	assert_null(scan_run(scan, &(struct scan_range){ start, start + 20 * PAGE, true },
			     note, &hits, &searched));
	assert_int_equal(hits.count, 2);
	assert_int_equal(searched, 2 * PAGE);
	scan_destroy(scan);
	munmap(words, PAGES * PAGE);
}

static void read_maps(struct linkmap *map)
{
	map->map_text = proc_read(getpid(), "maps", NULL);
	assert_non_null(map->map_text);
	assert_int_equal(maps_parse(map->map_text, &map->maps, &map->num_segments), 0);
}

static uint32_t prove(const struct linkmap *map, struct hgs_block *rows, uint32_t count)
{
	const struct snapshot heap = { .n = 0 };
	const struct memory memory = { .pid = getpid() };
	uint32_t kept;

	assert_null(blocks_prove(&heap, &memory, map, rows, count, &kept));
	return kept;
}

static int allocate(void *blocks)
{
	for (unsigned i = 0; i < BLOCKS; i++)
		((void **)blocks)[i] = malloc(24 + i * 40);
	return 0;
}

/* All of a thread's arena, of the main one and mappings are blocks; addresses inside are none. */
static void test_blocks(void **state)
{
	static void *blocks[2 * BLOCKS + 1];
	struct hgs_block rows[2 * BLOCKS + 1], inside[2 * BLOCKS + 1];
	struct linkmap map = { 0 };
	thrd_t thread;

#ifdef __SANITIZE_ADDRESS__
	skip(); /* its malloc is not glibc's */
#endif
	allocate(blocks);
	assert_int_equal(thrd_create(&thread, allocate, blocks + BLOCKS), thrd_success);
	thrd_join(thread, NULL);
	blocks[2 * BLOCKS] = calloc(1, 8 << 20);
	for (unsigned i = 0; i < 2 * BLOCKS + 1; i++) {
		rows[i] = (struct hgs_block){ .address = (uint64_t)(uintptr_t)blocks[i], .object = i };
		inside[i] = rows[i];
		inside[i].address += 16;
		memset(blocks[i], 0x55, 24);
	}
	read_maps(&map);
	assert_int_equal(prove(&map, rows, 2 * BLOCKS + 1), 2 * BLOCKS + 1);
	for (unsigned i = 0; i < 2 * BLOCKS + 1; i++)
		assert_true(rows[i].size >= 32 && rows[i].size % 16 == 0);
	assert_int_equal(prove(&map, inside, 2 * BLOCKS + 1), 0);
	for (unsigned i = 0; i < 2 * BLOCKS + 1; i++)
		free(blocks[i]);
	free(map.maps);
	free(map.map_text);
}

/* Data of the program, a stack, what is not mapped. */
static void test_no_blocks(void **state)
{
	static uint64_t data[16];
	uint64_t local[16] = { 0 };
	struct hgs_block rows[] = {
		{ .address = (uint64_t)(uintptr_t)&data[8] & -16ull },
		{ .address = (uint64_t)(uintptr_t)&local[8] & -16ull },
		{ .address = 0x10000 },
		{ .address = 0x7ffffffff000 },
	};
	struct linkmap map = { 0 };

	data[7] = local[7] = 0x21;
	read_maps(&map);
	assert_int_equal(prove(&map, rows, 4), 0);
	free(map.maps);
	free(map.map_text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pagemap),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_no_blocks),
	};

	return RUN(tests);
}
