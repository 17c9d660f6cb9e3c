/* Reading a str of another process whole (the walk keeps only its beginning as text). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "../inspect/memory.h"
#include "layout.h"

/* Writes the str at `address` to `buffer` as UTF-8, NUL-terminated; what does not fit is left off
 * at a character's end. -1 where it is no compact str or cannot be read. */
int py_unicode_read(const struct memory *memory, const struct py_layout *layout, uint64_t address,
		    char *buffer, size_t size);
