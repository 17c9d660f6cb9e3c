/* The memory of a core's process, piece by piece: what of it is in the core, what in the files that
 * were mapped there, and what is to be had nowhere.
 *
 * Kernel and gcore leave out what is in a file already: the code. A file on this machine stands in
 * for the one that was mapped only where its build id is the one that the core has of it. */
#pragma once

#include "core_file.h"

/* A file that was mapped, and the one that stands in for it. */
struct core_binary {
	const char *path;    /* as the process named it */
	int fd;		     /* -1: none */
	bool is_program;     /* the process's executable */
	bool is_code;	     /* an ELF file, or mapped as code: needed by the walk */
	bool is_unproved;    /* taken by its name: the core has no build id of it */
	const char *missing; /* why there is none (static text); NULL where there is, or none is needed */
};

enum { CORE_REGION_SHIFT = 26 }; /* 64 MB */

struct core_piece {
	uint64_t start, end;
	uint32_t prot;
	uint64_t stored, offset; /* bytes that the core has, from `start` on, and where */
	/* Of what is stored only pages that the process has written (by core_file.pagemap); the rest is the
	 * file's, or zeros. */
	bool own_pages;
	size_t binary;		 /* or SIZE_MAX */
	uint64_t file_offset;
};

struct core_image {
	struct core_piece *pieces; /* ascending */
	size_t num_pieces;
	struct core_binary *binaries;
	size_t num_binaries;
	uint64_t heap_end; /* of the mapping that brk() grows, whole pages; 0: not known */
	/* What there really is, as core_sandbox() has found: pages that are not all zeros, and pieces of the
	 * address space that have any. A core's tables can claim what they like. */
	uint64_t bytes, regions;
};

/* Where files are looked for. */
struct core_places {
	const char *exe;     /* stands in for the executable; NULL: by its path */
	const char *sysroot; /* what the process called "/"; NULL: what we do */
};

/* The files are opened here, and closed by core_image_deinit(). O(n log n). */
_must_check_ struct hg_error *core_image_make(const struct core_file *core,
					      const struct core_places *places,
					      struct core_image *ret);
void core_image_deinit(struct core_image *image);

/* The text of /proc/PID/maps as the process had it, as far as the core tells; the caller frees. Numbers
 * of files take the place of inodes. */
char *core_image_maps(const struct core_file *core, const struct core_image *image);
