/* Reading a str of another process.
 *
 * PEP 393, Include/cpython/unicodeobject.h: length at 16 and state at 32 in all of 3.8 to 3.14
 * (builds with the GIL). The wstr pointer was there until 3.11, so the characters of compact
 * strings begin 8 (ASCII) or 16 bytes (others) earlier from 3.12 on. */
#include "unicode.h"

#include <string.h>

#define LENGTH 16
#define STATE 32
#define MAX_CHARACTERS 4096

struct characters {
	uint64_t address;
	uint64_t count;
	unsigned width; /* bytes each: 1, 2, 4 */
};

static int locate(const struct memory *memory, const struct py_layout *layout, uint64_t address,
		  struct characters *ret)
{
	bool wstr = layout->minor < 12;
	uint32_t state;

	if (memory_read_u64(memory, address + LENGTH, &ret->count) ||
	    memory_read_u32(memory, address + STATE, &state))
		return -1;
	ret->width = state >> 2 & 7;
	if (!(state & 1u << 5) || (ret->width != 1 && ret->width != 2 && ret->width != 4))
		return -1;
	if (state & 1u << 6)
		ret->address = address + (wstr ? 48 : 40);
	else
		ret->address = address + (wstr ? 72 : 56);
	return 0;
}

/* Appends one character; false where it does not fit with the final NUL. */
static bool put(char **at, const char *end, uint32_t c)
{
	unsigned more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const uint8_t lead[] = { 0, 0xc0, 0xe0, 0xf0 };

	if (*at + more + 1 >= end)
		return false;
	*(*at)++ = (char)(lead[more] | c >> 6 * more);
	while (more--)
		*(*at)++ = (char)(0x80 | (c >> 6 * more & 0x3f));
	return true;
}

int py_unicode_read(const struct memory *memory, const struct py_layout *layout, uint64_t address,
		    char *buffer, size_t size)
{
	const char *end = buffer + size;
	struct characters text;
	_cleanup_free_ uint8_t *raw = NULL;

	if (locate(memory, layout, address, &text))
		return -1;
	if (text.count > MAX_CHARACTERS)
		text.count = MAX_CHARACTERS;
	raw = malloc(text.count * text.width + 1);
	if (!raw || memory_read(memory, text.address, raw, text.count * text.width))
		return -1;
	for (uint64_t i = 0; i < text.count; i++) {
		uint32_t c = 0;

		memcpy(&c, raw + i * text.width, text.width);
		if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			c = 0xfffd;
		if (!put(&buffer, end, c))
			break;
	}
	*buffer = '\0';
	return 0;
}
