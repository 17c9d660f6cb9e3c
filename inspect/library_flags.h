/* What a library is, and what it may do, as the library itself tells. */
#pragma once

#include "module.h"
#include "process.h"

/* HGS_LIB_* that need no private field of the dynamic linker: whether it is the interpreter, an
 * extension module or the dynamic linker, and what it may open, by the functions that it calls. `path`
 * is its file's, NULL for the program. What cannot be read may do anything. O(its dynamic symbols). */
uint32_t library_flags(const struct process *process, const struct memory *memory,
		       const struct module *module, const char *path);
