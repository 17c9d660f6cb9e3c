/* The filter admits the calls of the hook (hook_memory.c) and of walk.c with the very flags that these
 * use: memory that is anonymous, private and placed by the kernel. So code of the core cannot even
 * replace our page, and what it does to its memory is all that it can do.
 *
 * That memory is then read by us, and the hook's state lies in it: nothing in it is believed. How much
 * of it there can be is limited by the core's own size, and so is the time. */
#include "core_seal.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define MB (UINT64_C(1) << 20)
/* The hook's table from addresses to indices has one of these for each region (hook_memory.c). */
#define LEAF_SIZE (16 * MB)
/* An object takes 40 bytes in the columns and a reference 8, in arrays that double, where the smallest
 * object has 16 bytes and a reference 8. */
#define COLUMNS_PER_BYTE 8

struct hg_error *core_call(const struct core_file *core, struct freeze *freeze, const char *what,
			   long number, const uint64_t arguments[6])
{
	int64_t result = 0;
	struct hg_error *error = freeze_syscall(freeze, &result, number, arguments);

	if (!error && result < 0 && result > -4096)
		error = hg_error_hint(hg_error_errno(HG_EXIT_UNREADABLE, (int)-result,
						     "cannot read %s: %s", core->name, what),
				      "see ulimit -v, vm.max_map_count and the cgroup's memory");
	return error;
}

uint64_t core_walk_room(const struct core_image *image)
{
	return 256 * MB + image->regions * LEAF_SIZE + COLUMNS_PER_BYTE * image->bytes;
}

/* Of each object, and of each reference; what has neither is a table of its own. */
static const struct {
	uint8_t of_object, of_reference, of_row;
} widths[HOOK_COLUMNS] = {
	[HOOK_STRINGS] = { .of_row = 1 },
	[HOOK_ADDR] = { .of_object = 8 },
	[HOOK_TYPE] = { .of_object = 4 },
	[HOOK_REFS] = { .of_object = 4 },
	[HOOK_SIZE] = { .of_object = 8 },
	[HOOK_FLAGS] = { .of_object = 4 },
	[HOOK_TEXT] = { .of_object = 4 },
	[HOOK_START] = { .of_object = 8 },
	[HOOK_TARGET] = { .of_reference = 4 },
	[HOOK_NAME] = { .of_reference = 4 },
	[HOOK_ROOTS] = { .of_row = sizeof(struct hgs_root) },
	[HOOK_THREADS] = { .of_row = sizeof(struct hgs_thread) },
	[HOOK_FRAMES] = { .of_row = sizeof(struct hook_frame) },
};

bool core_walk_is_sound(const struct core_image *image, const struct hook_control *control)
{
	uint64_t objects = control->columns[HOOK_ADDR].used / 8;
	uint64_t references = control->columns[HOOK_TARGET].used / 4;
	uint64_t room = core_walk_room(image);

	for (size_t i = 0; i < HOOK_COLUMNS; i++) {
		uint64_t used = control->columns[i].used;
		/* where the references of the last object end is in START, too */
		uint64_t rows = objects + (i == HOOK_START);

		if (used > room)
			return false;
		room -= used;
		if (widths[i].of_row ? used % widths[i].of_row != 0
				     : used != rows * widths[i].of_object +
						       references * widths[i].of_reference)
			return false;
	}
	return true;
}

static uint64_t mapped_bytes(const struct core_image *image)
{
	uint64_t size = CORE_PAGE; /* ours */

	for (size_t i = 0; i < image->num_pieces; i++)
		size += image->pieces[i].end - image->pieces[i].start;
	return size;
}

/* A walk takes some 6 s for 1 GB of objects, and 5 s for a list of 100 million items: ten times that,
 * and what a busy machine may take from a small one. */
static void limit_time(const struct core_image *image, struct freeze *freeze)
{
	freeze->walk_ns = UINT64_C(10000000000) + image->bytes * 100;
	freeze->object_ns = UINT64_C(5000000000) + image->bytes * 50;
}

static struct hg_error *limit_memory(const struct core_file *core, const struct core_image *image,
				     struct freeze *freeze)
{
	rlim_t most = mapped_bytes(image) + core_walk_room(image);
	struct rlimit limit = { most, most }, now;

	if (!prlimit(freeze->copy, RLIMIT_AS, NULL, &now) && now.rlim_max < most)
		return NULL; /* has less already */
	if (prlimit(freeze->copy, RLIMIT_AS, &limit, NULL) < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read %s: its process's memory cannot "
				      "be limited", core->name);
	return NULL;
}

#define ARCH offsetof(struct seccomp_data, arch)
#define NUMBER offsetof(struct seccomp_data, nr)
/* Low half of an argument: flags and advice have no more. */
#define ARGUMENT(n) (offsetof(struct seccomp_data, args) + (n) * 8)
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, field)
#define IF(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no)
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)

static struct hg_error *take_calls(const struct core_file *core, struct freeze *freeze, uint64_t at)
{
	static const struct sock_filter filter[] = {
		LOAD(ARCH),
		IF(AUDIT_ARCH_X86_64, 0, 11),
		LOAD(NUMBER),
		IF(SYS_mmap, 2, 0),
		IF(SYS_mremap, 4, 0),
		IF(SYS_madvise, 5, 7),
		LOAD(ARGUMENT(3)),
		IF(MAP_PRIVATE | MAP_ANONYMOUS, 6, 0),
		IF(MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, 5, 4),
		LOAD(ARGUMENT(3)),
		IF(MREMAP_MAYMOVE, 3, 2),
		LOAD(ARGUMENT(2)),
		IF(MADV_HUGEPAGE, 1, 0),
		RETURN(SECCOMP_RET_TRAP),
		RETURN(SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(filter) / sizeof(*filter),
					    (struct sock_filter *)(at + sizeof(program)) };
	const uint64_t no_new_rights[6] = { PR_SET_NO_NEW_PRIVS, 1 };
	const uint64_t seccomp[6] = { PR_SET_SECCOMP, SECCOMP_MODE_FILTER, at };
	struct hg_error *error = freeze_write(freeze, at, &program, sizeof(program));

	if (!error)
		error = freeze_write(freeze, at + sizeof(program), filter, sizeof(filter));
	if (!error)
		error = core_call(core, freeze, "its process cannot give up rights", SYS_prctl, no_new_rights);
	if (!error)
		error = core_call(core, freeze, "no seccomp here to lock its process in", SYS_prctl, seccomp);
	return error;
}

struct hg_error *core_seal(const struct core_file *core, const struct core_image *image,
			   struct freeze *freeze, uint64_t at)
{
	const uint64_t all[6] = { 0, UINT32_MAX, 0 };
	struct hg_error *error = core_call(core, freeze, "its process keeps descriptors", SYS_close_range,
					   all);

	limit_time(image, freeze);
	if (!error)
		error = limit_memory(core, image, freeze);
	if (!error)
		error = take_calls(core, freeze, at);
	return error;
}
