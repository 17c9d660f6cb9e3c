/* Writing a snapshot: sections stream through a small buffer and a running checksum, the table and
 * the header come last. A file that was not finished begins with zeros and is taken for none of
 * ours. */
#include "snapshot_write.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "snapshot_check.h"

/* Room kept for the table at the file's start; more sections than this cannot be written. */
#define TABLE_ROOM 64
#define BUFFER_SIZE (256 << 10)

/* A section that waits in memory because STRINGS is open. */
struct waiting {
	uint32_t id, stride;
	void *data;
	size_t size;
};

struct snapshot_writer {
	int fd;
	char *name;
	uint64_t offset; /* of the next byte that leaves the buffer */
	char *buffer;
	size_t buffered;
	struct hgs_section table[TABLE_ROOM];
	uint32_t sections;
	bool open;	   /* table[sections] is being written */
	bool strings_open; /* and it is STRINGS */
	char last;	   /* its last byte */
	XXH3_state_t *sum; /* of the open section */
	struct waiting waiting[TABLE_ROOM];
	uint32_t num_waiting;
};

static struct hg_error *write_failed(const struct snapshot_writer *w, int errnum)
{
	return hg_error_write(errnum, w->name);
}

static struct hg_error *misuse(const struct snapshot_writer *w, const char *what)
{
	return hg_error_new(HG_EXIT_FAILURE, "cannot write %s: %s", w->name, what);
}

static struct hg_error *write_at(struct snapshot_writer *w, const char *data, size_t size,
				 uint64_t offset)
{
	while (size) {
		ssize_t done = pwrite(w->fd, data, size, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return write_failed(w, done < 0 ? errno : ENOSPC);
		data += done;
		size -= (size_t)done;
		offset += (uint64_t)done;
	}
	return NULL;
}

static struct hg_error *flush(struct snapshot_writer *w)
{
	struct hg_error *error = write_at(w, w->buffer, w->buffered, w->offset);

	if (error)
		return error;
	w->offset += w->buffered;
	w->buffered = 0;
	return NULL;
}

static struct hg_error *put(struct snapshot_writer *w, const void *data, size_t size)
{
	struct hg_error *error;

	if (w->buffered + size > BUFFER_SIZE) {
		error = flush(w);
		if (error)
			return error;
	}
	if (size > BUFFER_SIZE) {
		error = write_at(w, data, size, w->offset);
		if (!error)
			w->offset += size;
		return error;
	}
	if (size)
		memcpy(w->buffer + w->buffered, data, size);
	w->buffered += size;
	return NULL;
}

struct hg_error *snapshot_writer_begin(int fd, const char *name, struct snapshot_writer **ret)
{
	struct snapshot_writer *w = calloc(1, sizeof(*w));
	uint64_t start = sizeof(struct hgs_header) + TABLE_ROOM * sizeof(struct hgs_section);

	if (!w)
		return &hg_error_no_memory;
	w->fd = fd;
	w->name = strdup(name);
	w->buffer = malloc(BUFFER_SIZE);
	w->sum = XXH3_createState();
	if (!w->name || !w->buffer || !w->sum) {
		snapshot_writer_destroy(w);
		return &hg_error_no_memory;
	}
	w->offset = (start + HGS_ALIGN - 1) / HGS_ALIGN * HGS_ALIGN;
	*ret = w;
	return NULL;
}

void snapshot_writer_destroy(struct snapshot_writer *w)
{
	if (!w)
		return;
	for (uint32_t i = 0; i < w->num_waiting; i++)
		free(w->waiting[i].data);
	XXH3_freeState(w->sum);
	free(w->buffer);
	free(w->name);
	free(w);
}

static bool has_section(const struct snapshot_writer *w, uint32_t id)
{
	for (uint32_t i = 0; i < w->sections + w->open; i++)
		if (w->table[i].id == id)
			return true;
	for (uint32_t i = 0; i < w->num_waiting; i++)
		if (w->waiting[i].id == id)
			return true;
	return false;
}

/* Ends the open section: its checksum is final, the next one starts aligned. */
static struct hg_error *close_section(struct snapshot_writer *w)
{
	static const char zeros[HGS_ALIGN];
	struct hgs_section *section = &w->table[w->sections];

	if (!w->open)
		return NULL;
	if (section->size % section->stride)
		return misuse(w, "a section holds part of a record");
	section->checksum = XXH3_64bits_digest(w->sum);
	w->open = false;
	w->sections++;
	return put(w, zeros, (HGS_ALIGN - section->size % HGS_ALIGN) % HGS_ALIGN);
}

static struct hg_error *begin_section(struct snapshot_writer *w, uint32_t id, uint32_t stride)
{
	struct hg_error *error = close_section(w);

	if (error)
		return error;
	if (has_section(w, id) || w->sections + w->num_waiting == TABLE_ROOM)
		return misuse(w, "a section is written twice");
	w->table[w->sections] = (struct hgs_section){
		.id = id, .stride = stride, .offset = w->offset + w->buffered};
	XXH3_64bits_reset(w->sum);
	w->open = true;
	return NULL;
}

static struct hg_error *append(struct snapshot_writer *w, const void *data, size_t size)
{
	w->table[w->sections].size += size;
	if (size)
		XXH3_64bits_update(w->sum, data, size);
	return put(w, data, size);
}

static struct hg_error *begin_waiting(struct snapshot_writer *w, uint32_t id, uint32_t stride)
{
	if (has_section(w, id) || w->sections + 1 + w->num_waiting == TABLE_ROOM)
		return misuse(w, "a section is written twice");
	w->waiting[w->num_waiting++] = (struct waiting){.id = id, .stride = stride};
	return NULL;
}

static struct hg_error *append_waiting(struct snapshot_writer *w, const void *data, size_t size)
{
	struct waiting *waiting = &w->waiting[w->num_waiting - 1];
	char *grown = realloc(waiting->data, waiting->size + size + 1);

	if (!grown)
		return &hg_error_no_memory;
	waiting->data = grown;
	if (size)
		memcpy(grown + waiting->size, data, size);
	waiting->size += size;
	return NULL;
}

struct hg_error *snapshot_writer_section(struct snapshot_writer *w, uint32_t id, uint32_t stride)
{
	if (id == HGS_STRINGS || !stride)
		return misuse(w, "strings are written by snapshot_writer_strings()");
	return w->strings_open ? begin_waiting(w, id, stride) : begin_section(w, id, stride);
}

struct hg_error *snapshot_writer_append(struct snapshot_writer *w, const void *data, size_t size)
{
	if (w->strings_open && w->num_waiting)
		return append_waiting(w, data, size);
	if (w->strings_open || !w->open)
		return misuse(w, "no section is open");
	return append(w, data, size);
}

struct hg_error *snapshot_writer_add(struct snapshot_writer *w, uint32_t id, uint32_t stride,
				     const void *records, size_t count)
{
	struct hg_error *error = snapshot_writer_section(w, id, stride);

	return error ? error : snapshot_writer_append(w, records, stride * count);
}

static struct hg_error *begin_strings(struct snapshot_writer *w, bool has_nul)
{
	struct hg_error *error;

	if (w->strings_open)
		return NULL;
	error = begin_section(w, HGS_STRINGS, 1);
	if (error)
		return error;
	w->strings_open = true;
	w->last = '\0';
	return has_nul ? NULL : append(w, "", 1);
}

struct hg_error *snapshot_writer_strings(struct snapshot_writer *w, const void *data, size_t size)
{
	const char *bytes = data;
	struct hg_error *error;

	if (!size)
		return begin_strings(w, false);
	error = begin_strings(w, !bytes[0]);
	if (error)
		return error;
	if (w->table[w->sections].size + size > UINT32_MAX)
		return misuse(w, "more than 4 GiB of strings");
	w->last = bytes[size - 1];
	return append(w, data, size);
}

struct hg_error *snapshot_writer_string(struct snapshot_writer *w, const char *text,
					uint32_t *offset)
{
	struct hg_error *error;

	*offset = 0;
	if (!text || !*text)
		return NULL;
	error = begin_strings(w, false);
	if (!error && w->last)
		error = snapshot_writer_strings(w, "", 1);
	if (error)
		return error;
	*offset = (uint32_t)w->table[w->sections].size;
	return snapshot_writer_strings(w, text, strlen(text) + 1);
}

/* Attaches what the file holds (through the mapping) and what waits in memory. */
static bool attach_all(const struct snapshot_writer *w, struct snapshot *s)
{
	for (size_t k = 0; k < num_section_kinds; k++) {
		const struct section_kind *kind = &section_kinds[k];
		const void *data = NULL;
		uint64_t size = 0;

		for (uint32_t i = 0; i < w->sections + w->open; i++)
			if (w->table[i].id == kind->id) {
				data = (const char *)s->map + w->table[i].offset;
				size = w->table[i].size;
			}
		for (uint32_t i = 0; i < w->num_waiting; i++)
			if (w->waiting[i].id == kind->id) {
				data = w->waiting[i].data;
				size = w->waiting[i].size;
			}
		if (data ? !section_attach(s, kind, data, size / kind->stride)
			 : kind->required && kind->id != HGS_META)
			return false;
	}
	return true;
}

struct hg_error *snapshot_writer_view(struct snapshot_writer *w, struct snapshot **ret)
{
	const char *wrong = "sizes of columns disagree, or one is missing";
	struct hg_error *error = begin_strings(w, false);
	struct snapshot *s;
	void *map;

	if (!error && w->last)
		error = snapshot_writer_strings(w, "", 1);
	if (!error)
		error = flush(w);
	if (error)
		return error;
	s = calloc(1, sizeof(*s));
	if (!s)
		return &hg_error_no_memory;
	map = mmap(NULL, w->offset, PROT_READ, MAP_SHARED, w->fd, 0);
	if (map == MAP_FAILED) {
		free(s);
		return write_failed(w, errno);
	}
	s->map = map;
	s->map_size = w->offset;
	if (attach_all(w, s))
		wrong = snapshot_check(s);
	if (wrong) {
		snapshot_close(s);
		return hg_error_new(HG_EXIT_UNREADABLE, "cannot read the walk's result: %s", wrong);
	}
	*ret = s;
	return NULL;
}

static struct hg_error *write_header(struct snapshot_writer *w)
{
	size_t table = w->sections * sizeof(*w->table);
	struct hgs_header header = {
		.magic = HGS_MAGIC,
		.version = HGS_VERSION,
		.sections = w->sections,
		.file_size = w->offset,
	};
	struct hg_error *error;

	XXH3_64bits_reset(w->sum);
	XXH3_64bits_update(w->sum, &header, sizeof(header));
	XXH3_64bits_update(w->sum, w->table, table);
	header.checksum = XXH3_64bits_digest(w->sum);
	error = write_at(w, (const char *)w->table, table, sizeof(header));
	return error ? error : write_at(w, (const char *)&header, sizeof(header), 0);
}

struct hg_error *snapshot_writer_finish(struct snapshot_writer *w)
{
	struct hg_error *error = begin_strings(w, false);

	if (!error && w->last)
		error = snapshot_writer_strings(w, "", 1);
	if (!error)
		error = close_section(w);
	w->strings_open = false;
	for (uint32_t i = 0; !error && i < w->num_waiting; i++) {
		struct waiting waiting = w->waiting[i];

		w->waiting[i].id = 0; /* it moves to the table */
		error = begin_section(w, waiting.id, waiting.stride);
		if (!error)
			error = append(w, waiting.data, waiting.size);
	}
	if (!error)
		error = close_section(w);
	if (!error)
		error = flush(w);
	return error ? error : write_header(w);
}
