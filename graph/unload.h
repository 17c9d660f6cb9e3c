/* What would still point into a library if it were unloaded now. */
#pragma once

#include "answer.h"

/* The dynamic linker may take it away again: it came by dlopen(), or for such a one's sake. What points
 * into others is not gathered. */
static inline bool may_be_unloaded(const struct hgs_library *library)
{
	const uint32_t stays = HGS_LIB_STARTUP | HGS_LIB_MAIN | HGS_LIB_PYTHON | HGS_LIB_VDSO |
			       HGS_LIB_LOADER;

	return !(library->flags & stays) && library->opens != HGS_NONE &&
	       library->start < library->end;
}

struct unload_pointer {
	char *from, *what; /* "libhost.so .bss", "2 words are addresses of its code, ..." */
	char *path;	   /* of the object; NULL: none */
	bool certain;	   /* else inferred: a word that may be stale */
};

struct unload {
	uint32_t library;
	enum { UNLOAD_UNSAFE, UNLOAD_SAFE, UNLOAD_UNKNOWN } verdict; /* safe: nothing was found */
	char **searched; /* NULL-terminated */
	struct unload_pointer *pointers; /* the certain ones first */
	uint32_t num_pointers;
};

/* `name`: a library's path, its file name, or that without "lib" and what follows the first dot. Exit
 * code 1 where none is loaded. O(holders + rows of POINTERS). */
_must_check_ struct hg_error *unload_create(const struct answer *answer, const char *name,
					    struct unload **ret);
void unload_destroy(struct unload *unload);
