/* What a walk may leave, by the size of the core. */
#include "../../inspect/core_seal.h"

#include "../process/unit.h"

/* As a walk over that many objects leaves it. */
static struct hook_control walked(uint64_t objects, uint64_t references)
{
	struct hook_control control = { 0 };

	control.columns[HOOK_ADDR].used = control.columns[HOOK_SIZE].used = 8 * objects;
	control.columns[HOOK_TYPE].used = control.columns[HOOK_REFS].used = 4 * objects;
	control.columns[HOOK_FLAGS].used = control.columns[HOOK_TEXT].used = 4 * objects;
	control.columns[HOOK_START].used = 8 * (objects + 1);
	control.columns[HOOK_TARGET].used = control.columns[HOOK_NAME].used = 4 * references;
	control.columns[HOOK_ROOTS].used = 3 * sizeof(struct hgs_root);
	control.columns[HOOK_STRINGS].used = 7;
	return control;
}

static void test_columns(void **state)
{
	const struct core_image image = { .bytes = 1 << 20, .regions = 1 };
	uint64_t room = core_walk_room(&image);
	struct hook_control control = walked(10, 20);

	(void)state;
	assert_true(core_walk_is_sound(&image, &control));
	for (unsigned i = 0; i < HOOK_COLUMNS; i++) {
		control.columns[i].used++;
		assert_int_equal(core_walk_is_sound(&image, &control), i == HOOK_STRINGS);
		control.columns[i].used--;
	}
	for (unsigned i = 0; i < HOOK_COLUMNS; i++) {
		control = walked(10, 20);
		control.columns[i].used += i == HOOK_STRINGS ? room : 8 * (UINT64_MAX / 8);
		assert_false(core_walk_is_sound(&image, &control));
	}
	control = walked(room / 44, 0); /* each column has room, all have not */
	control.columns[HOOK_STRINGS].used = room / 4;
	assert_false(core_walk_is_sound(&image, &control));
	control = walked(room / 64, 0);
	assert_true(core_walk_is_sound(&image, &control));
	control = walked(UINT64_C(1) << 61, 0); /* 8 bytes each are none, modulo 2^64 */
	assert_int_equal(control.columns[HOOK_ADDR].used, 0);
	control.columns[HOOK_TYPE].used = 4;
	assert_false(core_walk_is_sound(&image, &control));
}

static void test_room_grows_with_the_core(void **state)
{
	struct core_image small = { .bytes = 1 << 20, .regions = 1 };
	struct core_image large = { .bytes = UINT64_C(100) << 30, .regions = 2000 };

	(void)state;
	/* 100 GB of objects of 64 bytes with two references each: 56 bytes an object, in arrays that double */
	assert_true(core_walk_room(&large) > large.bytes / 64 * 56 * 2);
	assert_true(core_walk_room(&small) < UINT64_C(1) << 29);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_columns),
					    cmocka_unit_test(test_room_grows_with_the_core) };

	return RUN(tests);
}
