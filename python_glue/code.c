/* Where a frame stands; code.h. Fields of PyCodeObject: Include/cpython/code.h of each version. */
#include "code.h"

#include "lines.h"
#include "unicode.h"

#define TABLE_MAX (16u << 20) /* bytes; a larger one is taken for a damaged object */

static int read_name(const struct memory *memory, const struct py_layout *layout, uint64_t code,
		     int32_t offset, char *buffer, size_t size)
{
	uint64_t name;

	if (memory_read_u64(memory, code + (uint64_t)offset, &name))
		return -1;
	return py_unicode_read(memory, layout, name, buffer, size);
}

/* The line table is a bytes object: ob_size at 16, the bytes at 32. */
static int read_line(const struct memory *memory, const struct py_layout *layout, uint64_t code,
		     int32_t lasti)
{
	_cleanup_free_ uint8_t *bytes = NULL;
	uint64_t table, size;
	uint32_t first;

	if (memory_read_u64(memory, code + (uint64_t)layout->code_linetable, &table) ||
	    memory_read_u32(memory, code + (uint64_t)layout->code_firstlineno, &first) ||
	    memory_read_u64(memory, table + 16, &size) || size > TABLE_MAX)
		return 0;
	bytes = malloc(size + 1);
	if (!bytes || memory_read(memory, table + 32, bytes, size))
		return 0;
	return py_line(layout->minor, bytes, size, (int)first, lasti);
}

int py_code_place(const struct memory *memory, const struct py_layout *layout, uint64_t code,
		  int32_t lasti, struct py_code_place *ret)
{
	int32_t name = layout->code_qualname != PY_ABSENT ? layout->code_qualname
							  : layout->code_name;

	if (read_name(memory, layout, code, name, ret->name, sizeof(ret->name)) ||
	    read_name(memory, layout, code, layout->code_filename, ret->file, sizeof(ret->file)))
		return -1;
	ret->line = read_line(memory, layout, code, lasti);
	return 0;
}

bool py_generator_is_new(const struct memory *memory, const struct py_layout *layout,
			 uint64_t generator, int32_t lasti)
{
	int8_t state;

	if (layout->gen_created == PY_ABSENT)
		return lasti < 0;
	return memory_read(memory, generator + (uint64_t)layout->gen_frame_state, &state, 1) == 0 &&
	       state == layout->gen_created;
}
