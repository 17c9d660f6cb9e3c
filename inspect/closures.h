/* Closures of libffi: the code that a callback of ctypes or cffi enters Python by. */
#pragma once

#include <stdbool.h>

#include "linkmap.h"

/* Closures can only lie there. */
bool closures_segment(const struct linkmap *map, size_t segment);
/* Whether there is one at the address, in use or free. */
bool closures_at(const struct linkmap *map, const struct memory *memory, uint64_t code);
/* Whether the word at `at`, which holds `code`, is libffi's own record of a closure. */
bool closures_record(const struct memory *memory, uint64_t at, uint64_t code);
