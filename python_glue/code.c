/* Where a frame stands; code.h. Fields of PyCodeObject: Include/cpython/code.h of each version. */
#include "code.h"

#include "unicode.h"

static int read_name(const struct memory *memory, const struct py_layout *layout, uint64_t code,
		     int32_t offset, char *buffer, size_t size)
{
	uint64_t name;

	if (memory_read_u64(memory, code + (uint64_t)offset, &name))
		return -1;
	return py_unicode_read(memory, layout, name, buffer, size);
}

int py_code_place(const struct memory *memory, const struct py_layout *layout, uint64_t code,
		  int32_t lasti, struct py_code_place *ret)
{
	int32_t name = layout->code_qualname != PY_ABSENT ? layout->code_qualname
							  : layout->code_name;

	ret->line = 0;
	if (read_name(memory, layout, code, name, ret->name, sizeof(ret->name)) ||
	    read_name(memory, layout, code, layout->code_filename, ret->file, sizeof(ret->file)))
		return -1;
	return 0;
}
