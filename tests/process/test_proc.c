/* The texts of /proc: maps and status, whole and damaged. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../inspect/maps.h"
#include "../../inspect/proc.h"
#include "unit.h"

static const char sample_maps[] =
	"55d0c8a00000-55d0c8a01000 r--p 00000000 fe:01 1234                       /usr/bin/python3.11\n"
	"55d0c8a01000-55d0c8a02000 r-xp 00001000 fe:01 1234   /opt/my app/libx.so (deleted)\n"
	"7f0000000000-7f0000021000 rw-p 00000000 00:00 0 \n"
	"7f0000100000-7f0000200000 rw-s 00000000 00:01 99 /dev/shm/a\\012b\n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

static void maps_are_parsed(void **state)
{
	char text[sizeof(sample_maps)];
	struct mapping *maps;
	size_t count;

	memcpy(text, sample_maps, sizeof(text));
	assert_int_equal(maps_parse(text, &maps, &count), 0);
	assert_int_equal(count, 5);
	assert_string_equal(maps[0].path, "/usr/bin/python3.11");
	assert_int_equal(maps[0].start, 0x55d0c8a00000);
	assert_int_equal(maps[0].prot, 1);
	assert_int_equal(maps[0].major, 0xfe);
	assert_int_equal(maps[0].inode, 1234);
	assert_string_equal(maps[1].path, "/opt/my app/libx.so");
	assert_true(maps[1].deleted);
	assert_int_equal(maps[1].offset, 0x1000);
	assert_int_equal(maps[1].prot, 5);
	assert_string_equal(maps[2].path, "");
	assert_false(maps[2].shared);
	assert_true(maps[3].shared);
	assert_string_equal(maps[4].path, "[vsyscall]");
	assert_int_equal(maps[4].prot, 4);

	assert_ptr_equal(maps_find(maps, count, 0x55d0c8a01fff), &maps[1]);
	assert_ptr_equal(maps_find(maps, count, 0x7f0000000000), &maps[2]);
	assert_null(maps_find(maps, count, 0x7f0000021000));
	assert_null(maps_find(maps, count, 0));
	assert_ptr_equal(maps_find(maps, count, 0xffffffffff600fff), &maps[4]);
	free(maps);
}

static void damaged_maps_are_refused(void **state)
{
	static const char *const lines[] = {
		"x", "1-", "1000-2000", "1000-2000 r", "2000-1000 r--p 0 0:0 0", "1000-2000 r--p",
		"1000-2000 r--p 0 00 0", "1000-2000 r--p 0 0:0 x", "1000-2000 r--p 0 0:0 12x",
		"fffffffffffffffff-1 r--p 0 0:0 0",
	};
	struct mapping *maps;
	size_t count;

	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char *text = strdup(lines[i]);

		assert_int_equal(maps_parse(text, &maps, &count), -1);
		free(text);
	}
}

/* Every beginning of a good text is parsed or refused, nothing else. */
static void cut_maps_are_survived(void **state)
{
	for (size_t size = 0; size < sizeof(sample_maps); size++) {
		char *text = strndup(sample_maps, size);
		struct mapping *maps;
		size_t count;

		if (maps_parse(text, &maps, &count) == 0)
			free(maps);
		free(text);
	}
}

static const char sample_status[] =
	"Name:\tState:\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t77\nPid:\t78\nPPid:\t5\n"
	"TracerPid:\t9\nUid:\t1000\t1001\t1002\t1003\nGid:\t1\t2\t3\t4\nNSpid:\t78\t6\n"
	"VmSize:\t  100 kB\nCapPrm:\t000001ffffffffff\nCapEff:\t0000000000080000\nSeccomp:\t2\n"
	"voluntary_ctxt_switches:\t150\nnonvoluntary_ctxt_switches:\t7\n";

static void status_is_parsed(void **state)
{
	struct proc_status s;

	assert_true(proc_status_parse(sample_status, &s));
	assert_int_equal(s.state, 'S');
	assert_true(s.has_memory);
	assert_false(s.kernel_thread);
	assert_int_equal(s.tgid, 77);
	assert_int_equal(s.parent, 5);
	assert_int_equal(s.tracer, 9);
	assert_int_equal(s.uid[0], 1000);
	assert_int_equal(s.uid[3], 1003);
	assert_int_equal(s.gid[1], 2);
	assert_int_equal(s.capabilities_permitted, 0x1ffffffffff);
	assert_int_equal(s.capabilities_effective, 0x80000);
	assert_int_equal(s.seccomp, 2);
	assert_int_equal(s.namespaces, 2);
	assert_int_equal(s.switches, 157);
}

static void kernel_threads_are_known(void **state)
{
	static const char head[] = "State:\tS\nTgid:\t7\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n";
	static const struct {
		const char *rest;
		bool kernel_thread;
	} cases[] = {
		{ "PPid:\t2\n", true },	      { "PPid:\t1\n", false },
		{ "PPid:\t1\nKthread:\t1\n", true }, { "PPid:\t2\nKthread:\t0\n", false },
		{ "PPid:\t2\nVmSize:\t9 kB\n", false },
	};
	struct proc_status s;
	char text[256];

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", head, cases[i].rest);
		assert_true(proc_status_parse(text, &s));
		assert_int_equal(s.kernel_thread, cases[i].kernel_thread);
	}
}

static void status_of_others_is_refused(void **state)
{
	struct proc_status s;

	assert_false(proc_status_parse("", &s));
	assert_false(proc_status_parse("State:", &s));
	assert_false(proc_status_parse("State:\nUid:\t1\t1\t1\t1\nGid:\t1\t1\t1\t1\n", &s));
	assert_false(proc_status_parse("State:\tS\nUid:\t1\t1\t1\nGid:\t1\t1\t1\t1\n", &s));
	for (size_t size = 0; size < sizeof(sample_status); size++) {
		char *text = strndup(sample_status, size);

		if (proc_status_parse(text, &s))
			assert_int_equal(s.state, 'S');
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_are_parsed),
		cmocka_unit_test(damaged_maps_are_refused),
		cmocka_unit_test(cut_maps_are_survived),
		cmocka_unit_test(status_is_parsed),
		cmocka_unit_test(kernel_threads_are_known),
		cmocka_unit_test(status_of_others_is_refused),
	};

	return RUN(tests);
}
