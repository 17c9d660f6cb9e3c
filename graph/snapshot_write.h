/* The writer of .hgs, in one pass and with bounded memory.
 *
 * Sections are streamed to the file one after another, in any order. STRINGS is
 * special, because the last facts of a capture (library paths, function names)
 * still need strings when the columns are long written: once it is begun it
 * stays open until snapshot_writer_finish(), lies at the end of the file, and
 * sections that are added meanwhile wait in memory. So: first the columns, then
 * STRINGS, then the small sections.
 *
 *	snapshot_writer_begin(fd, "a.hgs", &w);
 *	snapshot_writer_section(w, HGS_OBJ_ADDR, 8) + _append()... for each column
 *	snapshot_writer_strings(w, chunk, size)...    the hook's blob, which begins with a NUL
 *	snapshot_writer_view(w, &partial)             to read what is there
 *	snapshot_writer_string(w, "/lib/libfoo.so", &offset)
 *	snapshot_writer_add(w, HGS_LIBRARIES, sizeof(*libraries), libraries, n)...
 *	snapshot_writer_finish(w)
 *
 * The file is sound only after finish: until then its header is all zeros and
 * no reader takes it. */
#pragma once

#include "snapshot.h"

struct snapshot_writer;

/* `fd` is a regular file open for reading and writing, empty, and stays the caller's; `name` is
 * for messages and is copied. */
_must_check_ struct hg_error *snapshot_writer_begin(int fd, const char *name,
						    struct snapshot_writer **ret);
/* Releases the writer, finished or not; the file is left as it is. NULL is allowed. */
void snapshot_writer_destroy(struct snapshot_writer *w);

/* Begins a section (ending the one before), whose bytes follow in pieces of any size. The size in
 * all must be a multiple of `stride`. Not for HGS_STRINGS. Each id once. */
_must_check_ struct hg_error *snapshot_writer_section(struct snapshot_writer *w, uint32_t id,
						      uint32_t stride);
_must_check_ struct hg_error *snapshot_writer_append(struct snapshot_writer *w, const void *data,
						     size_t size);

/* A whole section of `count` records at once. */
_must_check_ struct hg_error *snapshot_writer_add(struct snapshot_writer *w, uint32_t id,
						  uint32_t stride, const void *records,
						  size_t count);

/* Appends raw bytes to STRINGS. The very first byte must be NUL (offset 0 is ""), the last byte
 * before finish as well; both are seen to here where a caller's blob lacks them. */
_must_check_ struct hg_error *snapshot_writer_strings(struct snapshot_writer *w, const void *data,
						      size_t size);
/* Appends one string and gives its offset; "" and NULL are 0. Exit code 1 where the blob would
 * pass 4 GiB. Nothing is searched: equal strings are stored again. */
_must_check_ struct hg_error *snapshot_writer_string(struct snapshot_writer *w, const char *text,
						     uint32_t *offset);

/* Maps what has been written so far, with the checks of snapshot_open() except the checksums.
 * Sections not written yet are empty (num_* is 0, pointers NULL); the object and reference columns
 * must all be there. Close it with snapshot_close() before the writer is destroyed; strings and
 * sections added later are not in it. */
_must_check_ struct hg_error *snapshot_writer_view(struct snapshot_writer *w,
						   struct snapshot **ret);

/* Writes the waiting sections, the table and the header. Does not sync or rename. */
_must_check_ struct hg_error *snapshot_writer_finish(struct snapshot_writer *w);
