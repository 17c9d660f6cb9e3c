/* The reader of .hgs: maps the file, proves it sound once, then hands out columns.
 *
 * After snapshot_open() every index in every section is in range and every string ends inside the
 * blob, so the analyses check nothing: a damaged or hostile file is an error here (exit 5), never
 * a crash later. O(file) for checksums and ranges. */
#pragma once

#include "error.h"
#include "hgs.h"

struct snapshot {
	const void *map;
	size_t map_size;
	const struct hgs_meta *meta;
	const char *strings;
	uint64_t strings_size;
	uint32_t n; /* objects */
	uint64_t m; /* references */
	const uint64_t *addr;
	const uint32_t *type, *refs;
	const uint64_t *size; /* OBJ_SIZE and what BUFFERS adds to it */
	const uint32_t *flags, *text;
	const uint64_t *start;
	const uint32_t *target, *name;
	const struct hgs_root *roots;
	uint32_t num_roots;
	uint32_t first_table, end_tables; /* roots between which all HGS_ROOT_MODULES stand */
	const struct hgs_thread *threads;
	uint32_t num_threads;
	const struct hgs_frame *frames;
	uint32_t num_frames;
	const struct hgs_library *libraries;
	uint32_t num_libraries;
	const struct hgs_segment *segments;
	uint32_t num_segments;
	const struct hgs_holder *holders;
	uint32_t num_holders;
	const uint32_t *incomplete;
	uint32_t num_incomplete;
	const struct hgs_thread_local *thread_locals;
	uint32_t num_thread_locals;
	const struct hgs_descriptor *descriptors; /* NULL: not looked at */
	uint32_t num_descriptors;
	const struct hgs_capsule *capsules; /* NULL: not looked at */
	uint32_t num_capsules;
	const struct hgs_process *process;
	uint32_t num_processes; /* 0 or 1 */
	const struct hgs_search *search; /* NULL: memory was not searched */
	const struct hgs_surplus *surplus;
	uint32_t num_surplus;
	const struct hgs_word *words;
	uint32_t num_words;
	const struct hgs_inferred *inferred;
	uint32_t num_inferred;
	const struct hgs_pointer *pointers;
	uint32_t num_pointers;
	const struct hgs_block *blocks; /* NULL: not looked for */
	uint32_t num_blocks;
	const struct hgs_buffer *buffers;
	uint32_t num_buffers;
	/* sections repacked from longer records of a later minor revision, sizes with buffers,
	 * flags with marks */
	void *owned[32];
};

/* Opens a file, or a descriptor (which stays the caller's). `name` is for messages. Checks header,
 * table, checksums and ranges. */
_must_check_ struct hg_error *snapshot_open(const char *path, struct snapshot **ret);
_must_check_ struct hg_error *snapshot_open_fd(int fd, const char *name, struct snapshot **ret);
void snapshot_close(struct snapshot *snapshot);

static inline const char *snapshot_string(const struct snapshot *s, uint32_t offset)
{
	return s->strings + offset;
}
static inline const char *snapshot_text(const struct snapshot *s, uint32_t object)
{
	return s->strings + s->text[object];
}
/* "ctypes.CDLL", "dict", "frame" ...; never NULL. */
const char *snapshot_type_name(const struct snapshot *s, uint32_t object);

/* Flags that no file has (marks.h): of who only looks, and of where an IPython keeps, beside other
 * things, what it has displayed. */
#define SNAPSHOT_LOOKS (1u << 31)
#define SNAPSHOT_DISPLAYED (1u << 30)

/* Whether a reference leads from a thread or frame to a frame, its generator or the object that shows it. */
bool snapshot_links_frames(const struct snapshot *s, uint32_t edge);

/* A reference by which somebody looks at something: the last of reasons for that to be alive. */
static inline bool snapshot_observes(const struct snapshot *s, uint32_t from, uint32_t edge)
{
	return s->flags[from] & (HGS_OBJ_OBSERVER | SNAPSHOT_LOOKS) && !snapshot_links_frames(s, edge);
}

/* Whether the reference is to something as the result of a cell: how many steps farther that is than a
 * name which somebody gave. 0 of other references; `_12` and Out[12] are nearer than `_`, `__` and
 * `___`, which are another thing after the next result. */
unsigned snapshot_displayed(const struct snapshot *s, uint32_t from, uint32_t edge);
