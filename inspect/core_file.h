/* An ELF core file taken apart: its memory, and what its notes say of the process. Only reading and
 * checking: no process, no other file. A core may come from anywhere: nothing in it is believed
 * before it is checked against the file's size and against the rest. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "freeze.h"

enum { CORE_PAGE = 4096 };

/* One PT_LOAD; whole pages, ascending, none over another. */
struct core_segment {
	uint64_t start, end;
	uint64_t offset; /* in the core */
	uint64_t stored; /* bytes that the core has of it, from its start */
	uint32_t prot;	 /* as in struct mapping */
};

/* A mapping of a file, by NT_FILE; whole pages, ascending, none over another. */
struct core_mapping {
	uint64_t start, end;
	uint64_t offset; /* in the file */
	const char *path;
};

struct core_file {
	int fd; /* the caller's */
	/* Of a process that stands still, `fd` being its /proc/PID/mem: its pagemap. -1 of a core file. */
	int pagemap;
	const char *name;
	uint64_t size;
	struct core_segment *segments;
	size_t num_segments;
	struct core_mapping *mappings;
	size_t num_mappings;
	char *paths; /* pool behind mappings[].path */
	char *auxv;  /* NULL: none */
	size_t auxv_size;
	struct freeze_thread *threads; /* the one that the core is about first */
	uint32_t *tids;		       /* of each, as the process numbered them */
	size_t num_threads;
	uint64_t thread_pointer; /* of the first */
	pid_t pid;
	char program[17];   /* comm of the main thread */
	char arguments[81]; /* the command line's beginning */
};

/* Whether the file open at `fd` is an ELF core, of any machine. */
bool core_is_one(int fd);
/* Reads what the core says of itself. A damaged, truncated or foreign one has exit code 5; where the
 * file is whole and honest, so is *ret. O(segments + mappings + threads). */
_must_check_ struct hg_error *core_file_read(int fd, const char *name, struct core_file *ret);
void core_file_deinit(struct core_file *core);

/* Reads what the core holds of memory; -1 where it does not hold all of it. O(log segments). */
int core_file_memory(const struct core_file *core, uint64_t address, void *buffer, size_t size);
/* The value of an entry of the auxiliary vector; 0: none. */
uint64_t core_file_auxv(const struct core_file *core, uint64_t type);

/* "cannot read NAME: WHY", exit code 5. */
_must_check_ struct hg_error *core_damaged(const char *name, const char *why);
