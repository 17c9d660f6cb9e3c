/* Segments of the core and mappings of files cut each other into pieces: see core_image.h. */
#include "core_image.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core_binaries.h"
#include "elffile.h"

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Where something begins or ends, ascending. */
static uint64_t *cuts(const struct core_file *core, size_t *count)
{
	uint64_t *cut = calloc(3 * core->num_segments + 2 * core->num_mappings + 1, sizeof(*cut));
	size_t n = 0;

	if (!cut)
		return NULL;
	for (size_t i = 0; i < core->num_segments; i++) {
		const struct core_segment *s = &core->segments[i];

		cut[n++] = s->start;
		cut[n++] = s->start + ((s->stored + CORE_PAGE - 1) & -(uint64_t)CORE_PAGE);
		cut[n++] = s->end;
	}
	for (size_t i = 0; i < core->num_mappings; i++) {
		cut[n++] = core->mappings[i].start;
		cut[n++] = core->mappings[i].end;
	}
	qsort(cut, n, sizeof(*cut), by_value);
	*count = n;
	return cut;
}

static struct hg_error *cut_pieces(const struct core_file *core, const size_t *binary_of,
				   struct core_image *image)
{
	size_t count = 0, s = 0, m = 0;
	_cleanup_free_ uint64_t *cut = cuts(core, &count);

	image->pieces = calloc(count + 1, sizeof(*image->pieces));
	if (!cut || !image->pieces)
		return &hg_error_no_memory;
	for (size_t i = 0; i + 1 < count; i++) {
		struct core_piece piece = { .start = cut[i], .end = cut[i + 1], .binary = SIZE_MAX };

		while (s < core->num_segments && core->segments[s].end <= piece.start)
			s++;
		while (m < core->num_mappings && core->mappings[m].end <= piece.start)
			m++;
		bool in_segment = s < core->num_segments && core->segments[s].start <= piece.start;
		bool in_file = m < core->num_mappings && core->mappings[m].start <= piece.start;

		if (piece.start == piece.end || (!in_segment && !in_file))
			continue;
		if (in_file) {
			piece.binary = binary_of[m];
			piece.file_offset = core->mappings[m].offset + piece.start -
					    core->mappings[m].start;
		}
		if (in_segment) {
			uint64_t from = piece.start - core->segments[s].start;
			uint64_t left = core->segments[s].stored > from ? core->segments[s].stored - from : 0;

			piece.prot = core->segments[s].prot;
			piece.offset = core->segments[s].offset + from;
			piece.stored = left < piece.end - piece.start ? left : piece.end - piece.start;
		} else {
			piece.prot = UINT32_MAX; /* the file's own headers tell */
		}
		image->pieces[image->num_pieces++] = piece;
	}
	return NULL;
}

/* Mappings of one file follow each other. */
static struct hg_error *list_binaries(const struct core_file *core, struct core_image *image,
				      size_t *binary_of)
{
	uint64_t phdr = core_file_auxv(core, AT_PHDR);

	image->binaries = calloc(core->num_mappings + 1, sizeof(*image->binaries));
	if (!image->binaries)
		return &hg_error_no_memory;
	for (size_t i = 0; i < core->num_mappings; i++) {
		const struct core_mapping *m = &core->mappings[i];
		struct core_binary *last = &image->binaries[image->num_binaries] - 1;

		if (!image->num_binaries || strcmp(last->path, m->path))
			*(last = &image->binaries[image->num_binaries++]) = (struct core_binary){
				.path = m->path, .fd = -1, .is_code = core_binary_is_elf(core, m) };
		last->is_program |= phdr >= m->start && phdr < m->end;
		binary_of[i] = image->num_binaries - 1;
	}
	return NULL;
}

static void open_binaries(const struct core_file *core, const struct core_places *places,
			  const size_t *binary_of, struct core_image *image)
{
	size_t first = 0;

	for (size_t i = 0; i < image->num_pieces; i++) {
		const struct core_piece *piece = &image->pieces[i];

		if (piece->binary != SIZE_MAX && piece->prot != UINT32_MAX && piece->prot & 4)
			image->binaries[piece->binary].is_code = true;
	}
	for (size_t i = 0; i < image->num_pieces; i++) {
		const struct core_piece *piece = &image->pieces[i];
		struct core_binary *binary = &image->binaries[piece->binary == SIZE_MAX ? 0 :
								      piece->binary];

		if (piece->binary == SIZE_MAX || piece->stored || !binary->is_code || binary->fd >= 0 ||
		    binary->missing)
			continue;
		while (binary_of[first] != piece->binary)
			first++;
		core_binary_open(binary, core, &core->mappings[first], places);
	}
}

static void complete_prot(struct core_image *image)
{
	for (size_t i = 0; i < image->num_pieces; i++) {
		struct core_piece *piece = &image->pieces[i];

		if (piece->prot == UINT32_MAX &&
		    (image->binaries[piece->binary].fd < 0 ||
		     !elffile_prot(image->binaries[piece->binary].fd, piece->file_offset, &piece->prot)))
			piece->prot = 0;
	}
}

struct hg_error *core_image_make(const struct core_file *core, const struct core_places *places,
				 struct core_image *ret)
{
	_cleanup_free_ size_t *binary_of = calloc(core->num_mappings + 1, sizeof(*binary_of));
	struct hg_error *error;

	*ret = (struct core_image){ 0 };
	if (!binary_of)
		return &hg_error_no_memory;
	error = list_binaries(core, ret, binary_of);
	if (!error)
		error = cut_pieces(core, binary_of, ret);
	if (error) {
		core_image_deinit(ret);
		return error;
	}
	open_binaries(core, places, binary_of, ret);
	complete_prot(ret);
	return NULL;
}

void core_image_deinit(struct core_image *image)
{
	for (size_t i = 0; i < image->num_binaries; i++)
		if (image->binaries[i].fd >= 0)
			close(image->binaries[i].fd);
	free(image->binaries);
	free(image->pieces);
	*image = (struct core_image){ 0 };
}

/* What the kernel calls mappings that are no file's, where the core tells. */
static const char *anonymous_name(const struct core_file *core, const struct core_image *image,
				  const struct core_piece *piece)
{
	uint64_t vdso = core_file_auxv(core, AT_SYSINFO_EHDR);
	uint64_t stack = core_file_auxv(core, AT_RANDOM); /* its bytes lie above the program's arguments */

	if (vdso >= piece->start && vdso < piece->end)
		return "[vdso]";
	if (image->heap_end && piece->end == image->heap_end)
		return "[heap]";
	return stack >= piece->start && stack < piece->end ? "[stack]" : "";
}

/* A newline in a path is \012, as the kernel writes it. */
static void put_path(FILE *out, const char *path)
{
	for (; *path; path++) {
		if (*path == '\n')
			fputs("\\012", out);
		else
			fputc(*path, out);
	}
}

char *core_image_maps(const struct core_file *core, const struct core_image *image)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; out && i < image->num_pieces; i++) {
		const struct core_piece *p = &image->pieces[i];
		bool file = p->binary != SIZE_MAX;

		fprintf(out, "%lx-%lx %c%c%cp %08lx 00:00 %zu ", p->start, p->end,
			p->prot & 1 ? 'r' : '-', p->prot & 2 ? 'w' : '-', p->prot & 4 ? 'x' : '-',
			p->file_offset, file ? p->binary + 1 : 0);
		put_path(out, file ? image->binaries[p->binary].path : anonymous_name(core, image, p));
		fputc('\n', out);
	}
	if (out && fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
