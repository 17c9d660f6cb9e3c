#include "utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memtext.h"

/* RFC 3629: the shortest form only, no surrogates, nothing above U+10FFFF. */
size_t utf8_decode(const char *text, size_t length, int32_t *code)
{
	const unsigned char *p = (const unsigned char *)text;
	static const int32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t bytes = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	int32_t value;

	*code = UTF8_INVALID;
	if (bytes == 1) {
		*code = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4 || bytes > length)
		return 1;
	value = p[0] & (0x7f >> bytes);
	for (size_t i = 1; i < bytes; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 1;
		value = value << 6 | (p[i] & 0x3f);
	}
	if (value < least[bytes] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 1;
	*code = value;
	return bytes;
}

struct range {
	int32_t first, last;
};

static bool in_ranges(const struct range *ranges, size_t count, int32_t code)
{
	for (size_t i = 0; i < count; i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

#define IN(ranges, code) in_ranges(ranges, sizeof(ranges) / sizeof(*(ranges)), code)

/* The blocks of Unicode 15's EastAsianWidth.txt and of general category Mn that names really use.
 * wcwidth() would know more, but only in the locale that setlocale() chose. */
int utf8_width(int32_t code)
{
	static const struct range zero[] = {
		{0x300, 0x36f}, {0x483, 0x489}, {0x591, 0x5bd}, {0x610, 0x61a}, {0x64b, 0x65f},
		{0x200b, 0x200f}, {0x20d0, 0x20f0}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
		{0xe0100, 0xe01ef},
	};
	static const struct range wide[] = {
		{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xac00, 0xd7a3},
		{0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6},
		{0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
	};

	if (code < 0x300)
		return 1;
	return IN(zero, code) ? 0 : IN(wide, code) ? 2 : 1;
}

int text_width(const char *text)
{
	size_t length = strlen(text);
	int width = 0;

	while (length) {
		int32_t code;
		size_t bytes = utf8_decode(text, length, &code);

		width += utf8_width(code);
		text += bytes;
		length -= bytes;
	}
	return width;
}

/* What a terminal obeys instead of showing it, and what shows nothing: controls, soft hyphen,
 * zero-width and direction marks, line separators, byte order mark, non-characters. */
static bool printable(int32_t code)
{
	static const struct range hidden[] = {
		{0x0, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x61c, 0x61c}, {0x200b, 0x200f},
		{0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff0, 0xfffb},
		{0xe000, 0xf8ff}, {0xfffe, 0xffff}, {0xe0000, 0xe007f}, {0xf0000, 0x10ffff},
	};

	return !IN(hidden, code);
}

static void put_escape(FILE *out, int32_t code, unsigned char byte)
{
	switch (code) {
	case '\n':
		fputs("\\n", out);
		break;
	case '\r':
		fputs("\\r", out);
		break;
	case '\t':
		fputs("\\t", out);
		break;
	case UTF8_INVALID:
		fprintf(out, "\\x%02x", byte);
		break;
	default:
		fprintf(out, code < 0x100 ? "\\x%02x" : code < 0x10000 ? "\\u%04x" : "\\U%08x",
			(unsigned)code);
	}
}

char *text_escape(const char *text, bool utf8)
{
	size_t length = strlen(text);
	struct memtext m;

	if (!memtext_open(&m))
		return NULL;
	while (length) {
		int32_t code;
		size_t bytes = utf8_decode(text, length, &code);

		if (code >= 0 && printable(code) && (utf8 || code < 0x80))
			fwrite(text, 1, bytes, m.out);
		else
			put_escape(m.out, code, (unsigned char)*text);
		text += bytes;
		length -= bytes;
	}
	return memtext_close(&m);
}

/* Bytes of the longest prefix that fits into `columns`. */
static size_t prefix_bytes(const char *text, int columns)
{
	size_t length = strlen(text), used = 0;

	while (used < length) {
		int32_t code;
		size_t bytes = utf8_decode(text + used, length - used, &code);

		columns -= utf8_width(code);
		if (columns < 0)
			break;
		used += bytes;
	}
	return used;
}

char *text_elide(const char *text, int columns, bool utf8)
{
	const char *dots = utf8 ? "\xe2\x80\xa6" : "...";
	int width = text_width(text), room = columns - text_width(dots);
	char *ret;
	size_t head, tail;

	if (width <= columns)
		return strdup(text);
	if (room < 2)
		return strndup(text, prefix_bytes(text, columns > 0 ? columns : 0));
	/* The tail gets the larger half: "__main__.…[3].dll" says more than its start. */
	head = prefix_bytes(text, room / 2);
	tail = prefix_bytes(text, width - (room - room / 2));
	while (text_width(text + tail) > room - room / 2) {
		int32_t code;

		/* A wide character lies across the border. */
		tail += utf8_decode(text + tail, strlen(text + tail), &code);
	}
	if (tail < head)
		tail = head;
	return asprintf(&ret, "%.*s%s%s", (int)head, text, dots, text + tail) < 0 ? NULL : ret;
}
