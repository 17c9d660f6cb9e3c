/* What a walk may leave, by the size of the core. */
#include "../../inspect/core_seal.h"

#include "../process/unit.h"

static void test_columns(void **state)
{
	static struct hook_control control;
	struct core_image image = { .bytes = 1 << 20, .regions = 1 };
	uint64_t room = core_walk_room(&image);

	(void)state;
	assert_true(core_walk_is_sound(&image, &control));
	control.columns[HOOK_ADDR].used = room;
	assert_true(core_walk_is_sound(&image, &control));
	control.columns[HOOK_FRAMES].used = 1; /* each has room, both have not */
	assert_false(core_walk_is_sound(&image, &control));
	control.columns[HOOK_ADDR].used = 0;
	control.columns[HOOK_FRAMES].used = UINT64_MAX;
	assert_false(core_walk_is_sound(&image, &control));
	control.columns[HOOK_ADDR].used = 2; /* their sum wraps around */
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
