/* A core file made by hand, in memory. */
#pragma once

#include <elf.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../inspect/core_file.h"
#include "../process/unit.h"

enum { MADE_SEGMENTS = 16, MADE_NOTES = 1 << 16 };

struct made_core {
	Elf64_Ehdr header;
	Elf64_Phdr segments[MADE_SEGMENTS]; /* the first is the notes' */
	const void *contents[MADE_SEGMENTS];
	unsigned count;
	char notes[MADE_NOTES];
	size_t notes_size;
	uint64_t cut; /* bytes that are missing at its end */
};

/* With nothing in it but a note of one thread, tid 7, whose stack pointer is `sp`. */
struct made_core *made_core_create(uint64_t sp);
/* `stored` bytes of `contents` (NULL: zeros) of a segment of `size` bytes. The row can be changed until
 * the core is written. */
Elf64_Phdr *made_core_segment(struct made_core *made, uint64_t start, uint64_t size, const void *contents,
			      uint64_t stored);
void made_core_note(struct made_core *made, uint32_t type, const void *contents, size_t size);
/* NT_FILE with these mappings: {start, end, offset in pages} of each, their paths in one string, each
 * with its NUL. */
void made_core_files(struct made_core *made, const uint64_t (*rows)[3], size_t count, const char *paths,
		     size_t paths_size);
/* A descriptor of the file; frees the core. */
int made_core_write(struct made_core *made);
