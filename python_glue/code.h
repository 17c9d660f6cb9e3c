/* Where a frame stands: function, file and line of a code object of another process. */
#pragma once

#include "../inspect/memory.h"
#include "layout.h"

struct py_code_place {
	char name[256];	 /* qualified where the version keeps it (3.11 on) */
	char file[1024];
	int line; /* 0: unknown */
};

/* `lasti` is the byte offset of the instruction last executed; negative: none yet. -1 where the
 * code object cannot be read. O(size of the line table). */
int py_code_place(const struct memory *memory, const struct py_layout *layout, uint64_t code,
		  int32_t lasti, struct py_code_place *ret);
