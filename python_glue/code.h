/* Where a frame stands: function, file and line of a code object of another process. */
#pragma once

#include <stdbool.h>

#include "../inspect/memory.h"
#include "layout.h"

struct py_code_place {
	char name[256];	 /* qualified where the version keeps it (3.11 on) */
	char file[1024];
	int line; /* 0: unknown */
};

/* Whether a suspended generator or coroutine has not begun: no line of it has run. `lasti` as below;
 * false where its state cannot be read. */
bool py_generator_is_new(const struct memory *memory, const struct py_layout *layout,
			 uint64_t generator, int32_t lasti);

/* `lasti` is the byte offset of the instruction last executed; negative: none yet. -1 where the
 * code object cannot be read. O(size of the line table). */
int py_code_place(const struct memory *memory, const struct py_layout *layout, uint64_t code,
		  int32_t lasti, struct py_code_place *ret);
