/* Finding the private fields of link maps whose layout we choose ourselves. */
#include <stdlib.h>
#include <string.h>

#include "../../inspect/calibrate.h"
#include "unit.h"

enum { MAPS = 3, PHDR = 704, COUNT = PHDR + 112, BITMASK = COUNT - 24 };
enum { INITFINI = 1000, RELDEPS = 1016, TLS = 1160 };

struct world {
	struct linkmap_view views[MAPS];
	uint64_t list[2];    /* initfini of map 1 */
	uint64_t reldeps[2]; /* of map 1: one entry */
};

static void put(struct linkmap_view *view, int offset, uint64_t value)
{
	memcpy(view->bytes + offset, &value, sizeof(value));
}

/* Maps as glibc 2.36 lays them out. */
static struct world *make_world(void)
{
	struct world *w = calloc(1, sizeof(*w));

	for (unsigned i = 0; i < MAPS; i++) {
		struct linkmap_view *view = &w->views[i];

		view->address = 0x1000 * (i + 1);
		view->size = LINKMAP_BYTES;
		view->phdr = 0x700040 + i * 0x10000;
		view->gnu_hash = 0x700300 + i * 0x10000;
		view->relro = 0x9000 + i;
		view->relro_size = 0x500;
		put(view, PHDR, view->phdr);
		put(view, BITMASK, view->gnu_hash + 16);
		put(view, COUNT, 3 + i);
		put(view, TLS + 8, view->relro);
		put(view, TLS + 16, view->relro_size);
	}
	w->list[0] = w->views[1].address;
	w->reldeps[0] = 1;
	w->reldeps[1] = w->views[0].address;
	put(&w->views[1], INITFINI, (uintptr_t)w->list);
	put(&w->views[1], RELDEPS, (uintptr_t)w->reldeps);
	return w;
}

/* The only readable memory is the world's own. */
static bool read_word(void *context, uint64_t address, uint64_t *ret)
{
	const struct world *w = context;

	if (address < (uintptr_t)w || address + 8 > (uintptr_t)(w + 1))
		return false;
	memcpy(ret, (const void *)(uintptr_t)address, sizeof(*ret));
	return true;
}

static void fields_are_found(void **state)
{
	struct world *w = make_world();
	struct linkmap_offsets at;

	linkmap_calibrate(w->views, MAPS, read_word, w, &at);
	assert_null(at.why);
	assert_int_equal(at.open_count, COUNT);
	assert_int_equal(at.initfini, INITFINI);
	assert_int_equal(at.reldeps, RELDEPS);
	assert_int_equal(at.tls_dtors, TLS);
	free(w);
}

static void one_dissenter_makes_it_unknown(void **state)
{
	struct world *w = make_world();
	struct linkmap_offsets at;

	put(&w->views[2], BITMASK, 0);
	put(&w->views[2], BITMASK + 8, w->views[2].gnu_hash + 16);
	linkmap_calibrate(w->views, MAPS, read_word, w, &at);
	assert_int_equal(at.open_count, -1);
	assert_non_null(strstr(at.why, "disagree"));
	free(w);
}

/* musl's struct dso: program headers, but no bitmask. */
static void program_headers_alone_say_nothing(void **state)
{
	struct world *w = make_world();
	struct linkmap_offsets at;

	for (unsigned i = 0; i < MAPS; i++)
		put(&w->views[i], BITMASK, 0);
	linkmap_calibrate(w->views, MAPS, read_word, w, &at);
	assert_int_equal(at.open_count, -1);
	assert_non_null(at.why);
	free(w);
}

static void short_and_no_maps_are_survived(void **state)
{
	struct world *w = make_world();
	struct linkmap_offsets at;

	linkmap_calibrate(NULL, 0, read_word, w, &at);
	assert_int_equal(at.open_count, -1);
	for (size_t size = 0; size <= LINKMAP_BYTES; size++) {
		for (unsigned i = 0; i < MAPS; i++)
			w->views[i].size = size;
		linkmap_calibrate(w->views, MAPS, read_word, w, &at);
		assert_true(at.open_count == -1 || at.open_count == COUNT);
	}
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_found),
		cmocka_unit_test(one_dissenter_makes_it_unknown),
		cmocka_unit_test(program_headers_alone_say_nothing),
		cmocka_unit_test(short_and_no_maps_are_survived),
	};

	return RUN(tests);
}
