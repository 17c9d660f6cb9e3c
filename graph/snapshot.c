/* Opening a snapshot. The order of the checks is the order of the answers a reader wants: is it
 * one of ours, can this version read it, is it whole, is it what was written. */
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "marks.h"
#include "snapshot_check.h"

/* A table this long would be no table of ours; bounds the work on a hostile header. */
#define MAX_SECTIONS 256

static struct hg_error *damaged(const char *name, const char *what)
{
	return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE, "cannot read %s: damaged: %s", name,
					  what),
			     "take a new snapshot, or copy this one again from where it was made");
}

static struct hg_error *truncated(const char *name, uint64_t have, uint64_t need)
{
	return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE,
					  "cannot read %s: truncated (%llu of %llu bytes)", name,
					  (unsigned long long)have, (unsigned long long)need),
			     "copy it again from where it was made");
}

static struct hg_error *foreign(const char *name)
{
	return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE,
					  "cannot read %s: not a heapgraph snapshot", name),
			     "`heapgraph snapshot PID -o FILE.hgs` makes one");
}

static struct hg_error *map_file(int fd, const char *name, struct snapshot *s)
{
	struct stat st;
	void *map;

	if (fstat(fd, &st) < 0)
		return hg_error_errno(HG_EXIT_UNREADABLE, errno, "cannot read %s", name);
	if (!S_ISREG(st.st_mode))
		return hg_error_new(HG_EXIT_UNREADABLE, "cannot read %s: not a regular file", name);
	if (st.st_size == 0)
		return foreign(name);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return hg_error_errno(HG_EXIT_UNREADABLE, errno, "cannot map %s", name);
	s->map = map;
	s->map_size = (size_t)st.st_size;
	return NULL;
}

static struct hg_error *check_header(const struct snapshot *s, const char *name)
{
	const struct hgs_header *header = s->map;
	const uint64_t magic = HGS_MAGIC;
	struct hgs_header clean;
	XXH3_state_t *state;
	uint64_t table, sum;

	if (memcmp(s->map, &magic, s->map_size < 8 ? s->map_size : 8) != 0)
		return foreign(name);
	if (s->map_size < sizeof(*header))
		return truncated(name, s->map_size, sizeof(*header));
	if (header->version > HGS_VERSION)
		return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE,
						  "cannot read %s: written by a newer heapgraph "
						  "(format %u, this one reads %u)",
						  name, header->version, HGS_VERSION),
				     "use the heapgraph that wrote it, or a later one");
	if (header->version == 0 || header->sections > MAX_SECTIONS)
		return damaged(name, "the header makes no sense");
	if (s->map_size < header->file_size)
		return truncated(name, s->map_size, header->file_size);
	table = (uint64_t)header->sections * sizeof(struct hgs_section);
	if (s->map_size != header->file_size || table > s->map_size - sizeof(*header))
		return damaged(name, "its size is not what the header says");
	clean = *header;
	clean.checksum = 0;
	state = XXH3_createState();
	if (!state)
		return &hg_error_no_memory;
	XXH3_64bits_reset(state);
	XXH3_64bits_update(state, &clean, sizeof(clean));
	XXH3_64bits_update(state, header + 1, table);
	sum = XXH3_64bits_digest(state);
	XXH3_freeState(state);
	return sum == header->checksum ? NULL : damaged(name, "checksum of the header");
}

static void keep(struct snapshot *s, void *memory)
{
	size_t slot = 0;

	while (s->owned[slot])
		slot++;
	s->owned[slot] = memory;
}

/* Records longer than ours come from a later revision, which appended fields: keep the known part. */
static struct hg_error *repack(struct snapshot *s, const struct section_kind *kind,
			       const void *data, size_t count, uint32_t stride, const void **ret)
{
	char *copy = malloc(count * kind->stride + 1);

	if (!copy)
		return &hg_error_no_memory;
	for (size_t i = 0; i < count; i++)
		memcpy(copy + i * kind->stride, (const char *)data + i * stride, kind->stride);
	keep(s, copy);
	*ret = copy;
	return NULL;
}

/* Drops the pages just read from our resident set (they stay in the page cache): an analysis of a
 * large snapshot reads the columns one after another and never needs all of them at once. */
static void forget(const void *data, uint64_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = ((uintptr_t)data + page - 1) & ~(page - 1);
	uintptr_t end = ((uintptr_t)data + size) & ~(page - 1);

	if (end > start)
		madvise((void *)start, end - start, MADV_DONTNEED);
}

static struct hg_error *attach_section(struct snapshot *s, const struct hgs_section *section,
				       const struct section_kind *kind, const char *name)
{
	const void *data = (const char *)s->map + section->offset;
	uint64_t count = section->size / section->stride;
	struct hg_error *error;
	char what[64];

	snprintf(what, sizeof(what), "checksum of section %u (%s)", section->id, kind->name);
	if (XXH3_64bits(data, section->size) != section->checksum)
		return damaged(name, what);
	forget(data, section->size);
	if (kind->records ? section->stride < kind->stride : section->stride != kind->stride)
		return damaged(name, "a section's records have another length");
	if (section->stride != kind->stride) {
		error = repack(s, kind, data, count, section->stride, &data);
		if (error)
			return error;
	}
	return section_attach(s, kind, data, count) ? NULL
						    : damaged(name, "sizes of sections disagree");
}

static bool extent_ok(const struct snapshot *s, const struct hgs_section *section)
{
	return section->offset % HGS_ALIGN == 0 && section->offset <= s->map_size &&
	       section->size <= s->map_size - section->offset && section->stride &&
	       section->size % section->stride == 0;
}

static int by_offset(const void *a, const void *b)
{
	const struct hgs_section *x = a, *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Extents lie in the file, behind the table, and do not overlap; each id stands once. */
static struct hg_error *check_table(const struct snapshot *s, const char *name)
{
	const struct hgs_header *header = s->map;
	uint64_t end = sizeof(*header) + (uint64_t)header->sections * sizeof(struct hgs_section);
	_cleanup_free_ struct hgs_section *sorted =
		malloc((header->sections + 1) * sizeof(*sorted));

	if (!sorted)
		return &hg_error_no_memory;
	memcpy(sorted, header + 1, header->sections * sizeof(*sorted));
	qsort(sorted, header->sections, sizeof(*sorted), by_offset);
	for (uint32_t i = 0; i < header->sections; i++) {
		if (!extent_ok(s, &sorted[i]) || (sorted[i].size && sorted[i].offset < end))
			return damaged(name, "sections overlap or lie outside the file");
		if (sorted[i].size)
			end = sorted[i].offset + sorted[i].size;
		for (uint32_t j = 0; j < i; j++)
			if (sorted[j].id == sorted[i].id)
				return damaged(name, "a section stands twice");
	}
	return NULL;
}

static struct hg_error *attach_sections(struct snapshot *s, const char *name)
{
	const struct hgs_header *header = s->map;
	const struct hgs_section *table = (const void *)(header + 1);
	struct hg_error *error;

	for (size_t k = 0; k < num_section_kinds; k++) {
		const struct section_kind *kind = &section_kinds[k];
		uint32_t i = 0;

		while (i < header->sections && table[i].id != kind->id)
			i++;
		if (i == header->sections) {
			if (kind->required)
				return damaged(name, "a section is missing");
			continue;
		}
		error = attach_section(s, &table[i], kind, name);
		if (error)
			return error;
	}
	return NULL;
}

/* Whatever adds sizes up counts an object's buffers with it: here, once. */
static struct hg_error *add_buffers(struct snapshot *s)
{
	uint64_t *size;

	if (!s->num_buffers)
		return NULL;
	size = malloc((s->n + 1ul) * sizeof(*size));
	if (!size)
		return &hg_error_no_memory;
	memcpy(size, s->size, s->n * sizeof(*size));
	for (uint32_t i = 0; i < s->num_buffers; i++)
		size[s->buffers[i].object] += s->buffers[i].bytes;
	keep(s, size);
	s->size = size;
	return NULL;
}

static struct hg_error *add_marks(struct snapshot *s)
{
	uint32_t *flags = NULL;
	struct hg_error *error = marks_find(s, &flags);

	if (flags) {
		keep(s, flags);
		s->flags = flags;
	}
	return error;
}

static struct hg_error *open_mapped(struct snapshot *s, const char *name)
{
	struct hg_error *error = check_header(s, name);
	const char *wrong;

	if (!error)
		error = check_table(s, name);
	if (!error)
		error = attach_sections(s, name);
	if (error)
		return error;
	wrong = snapshot_check(s);
	if (wrong)
		return damaged(name, wrong);
	error = add_buffers(s);
	if (!error)
		error = add_marks(s);
	forget(s->map, s->map_size);
	return error;
}

struct hg_error *snapshot_open_fd(int fd, const char *name, struct snapshot **ret)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	struct hg_error *error;

	if (!s)
		return &hg_error_no_memory;
	error = map_file(fd, name, s);
	if (!error)
		error = open_mapped(s, name);
	if (error) {
		snapshot_close(s);
		return error;
	}
	*ret = s;
	return NULL;
}

struct hg_error *snapshot_open(const char *path, struct snapshot **ret)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return hg_error_errno(errno == EACCES ? HG_EXIT_PERMISSION : HG_EXIT_UNREADABLE,
				      errno, "cannot read %s", path);
	return snapshot_open_fd(fd, path, ret);
}

void snapshot_close(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	for (size_t i = 0; i < sizeof(snapshot->owned) / sizeof(snapshot->owned[0]); i++)
		free(snapshot->owned[i]);
	if (snapshot->map)
		munmap((void *)snapshot->map, snapshot->map_size);
	free(snapshot);
}

/* To 3.10 frames are objects, which refer to each other by a member. */
bool snapshot_links_frames(const struct snapshot *s, uint32_t edge)
{
	uint32_t payload = HGS_EDGE_PAYLOAD(edge);

	if (HGS_EDGE_KIND(edge) == HGS_EDGE_FRAME)
		return payload == HGS_FRAME_TOP || payload == HGS_FRAME_BACK ||
		       payload == HGS_FRAME_GENERATOR || payload == HGS_FRAME_OBJECT;
	return HGS_EDGE_KIND(edge) == HGS_EDGE_MEMBER &&
	       strcmp(snapshot_string(s, payload), "f_back") == 0;
}

#define DISPLAYED 7u
#define DISPLAYED_LATELY 8u

static unsigned is_result(const char *name)
{
	size_t underscores = strspn(name, "_"), digits = strspn(name + underscores, "0123456789");

	if (name[underscores + digits])
		return 0;
	if (digits)
		return underscores <= 1 ? DISPLAYED : 0;
	return underscores && underscores <= 3 ? DISPLAYED_LATELY : 0;
}

unsigned snapshot_displayed(const struct snapshot *s, uint32_t from, uint32_t edge)
{
	enum hgs_edge kind = HGS_EDGE_KIND(edge);

	return s->flags[from] & SNAPSHOT_DISPLAYED &&
			       (kind == HGS_EDGE_KEY || kind == HGS_EDGE_ATTR)
		       ? is_result(snapshot_text(s, HGS_EDGE_PAYLOAD(edge)))
		       : 0;
}

const char *snapshot_type_name(const struct snapshot *s, uint32_t object)
{
	uint32_t type = s->type[object];
	const char *name;

	if (type != HGS_NONE) {
		name = snapshot_text(s, type);
		return *name ? name : "object";
	}
	for (uint32_t i = 0; i < s->num_threads; i++)
		if (s->threads[i].object == object)
			return "thread";
	return "frame";
}
