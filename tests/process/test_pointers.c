/* Which words count as pointers into a library: one is put together from mappings of the test itself. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../inspect/maps.h"
#include "../../inspect/pointers.h"
#include "../../inspect/proc.h"

enum { PAGE = 4096, HEADERS = 0, CODE = 1, DATA = 2, PARTS = 3, HEAP_WORDS = 512 };

struct world {
	struct linkmap map;
	struct linkmap_library libraries[2]; /* the library, and one that has words */
	struct snapshot heap;
	struct memory memory;
	struct native_source source;
	struct freeze freeze;
	uint64_t base;
	uint64_t words[HEAP_WORDS];
};

static uint64_t address(const struct world *w, unsigned part, unsigned offset)
{
	return w->base + part * PAGE + offset;
}

/* Headers, code with a call of itself at 16 and one through a register at 32, data. */
static void make(struct world *w)
{
	uint8_t *at = mmap(NULL, PARTS * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);

	assert_true(at != MAP_FAILED);
	*w = (struct world){ .memory = { .pid = getpid() }, .base = (uint64_t)(uintptr_t)at };
	memset(at + PAGE, 0x90, PAGE);
	memcpy(at + PAGE + 16, (uint8_t[]){ 0xe8, 0xeb, 0xff, 0xff, 0xff }, 5);
	memcpy(at + PAGE + 32, (uint8_t[]){ 0xff, 0xd0 }, 2);
	mprotect(at, PAGE, PROT_READ);
	mprotect(at + PAGE, PAGE, PROT_READ | PROT_EXEC);
	w->libraries[0] = (struct linkmap_library){
		.fact = { .handle = (uint64_t)(uintptr_t)&w->words[HEAP_WORDS - 1], .start = w->base,
			  .end = w->base + PARTS * PAGE, .opens = 1 },
		.path = (char *)"/opt/libcodec.so",
	};
	w->libraries[1] = (struct linkmap_library){ .fact = { .handle = 0x1000 },
						    .path = (char *)"/opt/libmeter.so" };
	w->map.libraries = w->libraries;
	w->map.num_libraries = 2;
	w->map.map_text = proc_read(getpid(), "maps", NULL);
	assert_int_equal(maps_parse(w->map.map_text, &w->map.maps, &w->map.num_segments), 0);
	w->map.segments = calloc(w->map.num_segments, sizeof(*w->map.segments));
	for (size_t i = 0; i < w->map.num_segments; i++)
		w->map.segments[i] = (struct hgs_segment){ .start = w->map.maps[i].start,
							   .end = w->map.maps[i].end,
							   .prot = w->map.maps[i].prot,
							   .library = HGS_NONE };
	w->source = (struct native_source){ .heap = &w->heap, .memory = &w->memory, .map = &w->map,
					    .freeze = &w->freeze };
}

static void unmake(struct world *w)
{
	munmap((void *)(uintptr_t)w->base, PARTS * PAGE);
	free(w->map.maps);
	free(w->map.segments);
	free(w->map.map_text);
}

/* Whether one such word makes a row. */
static uint32_t rows_of(const struct world *w, uint32_t place, uint32_t library, unsigned word,
			uint64_t value)
{
	const struct hgs_pointer *rows;
	struct pointers *pointers;
	uint32_t count;

	assert_null(pointers_create(&w->source, &pointers));
	assert_null(pointers_take(pointers, &(struct hgs_word){
						    .at = (uint64_t)(uintptr_t)&w->words[word],
						    .value = value, .place = place,
						    .library = library, .target = HGS_NONE }));
	assert_null(pointers_finish(pointers, &rows, &count));
	pointers_destroy(pointers);
	return count;
}

static void test_stacks(void **state)
{
	static struct world w;

	make(&w);
	assert_int_equal(rows_of(&w, HGS_PLACE_STACK, HGS_NONE, 0, address(&w, CODE, 21)), 1);
	assert_int_equal(rows_of(&w, HGS_PLACE_STACK, HGS_NONE, 0, address(&w, CODE, 34)), 1);
	assert_int_equal(rows_of(&w, HGS_PLACE_STACK, HGS_NONE, 0, address(&w, CODE, 64)), 0);
	assert_int_equal(rows_of(&w, HGS_PLACE_STACK, HGS_NONE, 0, address(&w, DATA, 64)), 0);
	unmake(&w);
}

/* Of another library's data each, but for the address that __cxa_finalize() goes by; of its own none. */
static void test_data(void **state)
{
	static struct world w;

	make(&w);
	assert_int_equal(rows_of(&w, HGS_PLACE_BSS, 1, 0, address(&w, CODE, 64)), 1);
	assert_int_equal(rows_of(&w, HGS_PLACE_BSS, 1, 0, address(&w, DATA, 64)), 1);
	*(uint64_t *)(uintptr_t)address(&w, DATA, 64) = address(&w, DATA, 64);
	assert_int_equal(rows_of(&w, HGS_PLACE_BSS, 1, 0, address(&w, DATA, 64)), 0);
	assert_int_equal(rows_of(&w, HGS_PLACE_BSS, 0, 0, address(&w, CODE, 64)), 0);
	w.libraries[1].path = (char *)"/lib/libgcc_s.so.1";
	assert_int_equal(rows_of(&w, HGS_PLACE_BSS, 1, 0, address(&w, CODE, 64)), 0);
	unmake(&w);
}

/* In the heap, all but what the dynamic linker has: names in the headers, entries with the link map. */
static void test_heap(void **state)
{
	static struct world w;

	make(&w);
	assert_int_equal(rows_of(&w, HGS_PLACE_HEAP, HGS_NONE, 8, address(&w, CODE, 64)), 1);
	assert_int_equal(rows_of(&w, HGS_PLACE_HEAP, HGS_NONE, 8, address(&w, HEADERS, 64)), 0);
	w.words[10] = w.libraries[0].fact.handle;
	assert_int_equal(rows_of(&w, HGS_PLACE_HEAP, HGS_NONE, 8, address(&w, CODE, 64)), 0);
	w.words[10] = 0;
	w.libraries[0].fact.flags = HGS_LIB_EXTENSION;
	assert_int_equal(rows_of(&w, HGS_PLACE_HEAP, HGS_NONE, 8, address(&w, CODE, 64)), 0);
	w.libraries[0].fact.flags = HGS_LIB_STARTUP;
	assert_int_equal(rows_of(&w, HGS_PLACE_BSS, 1, 0, address(&w, CODE, 64)), 0);
	unmake(&w);
}

/* The last word of a str of 13 bytes is its end and what the memory had before. */
static void test_ends_of_objects(void **state)
{
	static struct world w;
	uint64_t address_of[1] = { (uint64_t)(uintptr_t)&w.words[8] }, size[1] = { 13 };
	uint32_t flags[1] = { 0 }, type[1] = { HGS_NONE };

	make(&w);
	w.heap = (struct snapshot){ .n = 1, .addr = address_of, .size = size, .flags = flags,
				    .type = type };
	assert_int_equal(rows_of(&w, HGS_PLACE_HEAP, HGS_NONE, 8, address(&w, CODE, 64)), 1);
	assert_int_equal(rows_of(&w, HGS_PLACE_HEAP, HGS_NONE, 9, address(&w, CODE, 64)), 0);
	assert_int_equal(rows_of(&w, HGS_PLACE_HEAP, HGS_NONE, 10, address(&w, CODE, 64)), 1);
	unmake(&w);
}

/* Where a thread stands. */
static void test_running(void **state)
{
	static struct world w;
	struct freeze_thread thread;
	const struct hgs_pointer *rows;
	struct pointers *pointers;
	uint32_t count;

	make(&w);
	thread = (struct freeze_thread){ .sp = (uint64_t)(uintptr_t)w.words,
					 .ip = address(&w, CODE, 5) };
	w.freeze.threads = &thread;
	w.freeze.num_threads = 1;
	assert_null(pointers_create(&w.source, &pointers));
	assert_null(pointers_finish(pointers, &rows, &count));
	assert_int_equal(count, 1);
	assert_int_equal(rows[0].flags, HGS_POINTER_CODE | HGS_POINTER_RUNNING);
	pointers_destroy(pointers);
	unmake(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_heap),
		cmocka_unit_test(test_ends_of_objects),
		cmocka_unit_test(test_running),
	};

	return RUN(tests);
}
