#include "page.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "memtext.h"
#include "utf8.h"

struct hg_error *page_finish(struct page *page)
{
	if (page->no_memory)
		return &hg_error_no_memory;
	if (fflush(page->out) || ferror(page->out))
		return hg_error_write(errno, "the report");
	return NULL;
}

const struct glyphs *page_glyphs(const struct page *page)
{
	static const struct glyphs box = {"→",	 "╭→ ", "│  ", "╰─ ", "├─ ", "└─ ",
					  "│  ", "   ", "·",   "×",   "…"};
	static const struct glyphs ascii = {"->",  "+> ", "|  ", "+- ", "|- ", "`- ",
					    "|  ", "   ", "-",	 "x",	"..."};

	return page->style->utf8 ? &box : &ascii;
}

/* ECMA-48 attributes; the words say the same, so colour is never the only sign. */
static const char *ink_code(enum ink ink)
{
	static const char *const codes[] = {
		[INK_PLAIN] = "",	  [INK_BOLD] = "\033[1m",
		[INK_DIM] = "\033[2m",	  [INK_ERROR] = "\033[1;31m",
		[INK_WARNING] = "\033[1;33m", [INK_NOTE] = "\033[1;36m",
		[INK_CUT] = "\033[1;35m",
	};

	return codes[ink];
}

static void put_ink(struct page *page, enum ink ink, const char *text, size_t length)
{
	bool color = page->style->color && ink != INK_PLAIN && length;

	if (color)
		fputs(ink_code(ink), page->out);
	fwrite(text, 1, length, page->out);
	if (color)
		fputs("\033[0m", page->out);
}

static char *format_safe(struct page *page, const char *format, va_list args)
{
	_cleanup_free_ char *raw = NULL;
	char *safe;

	if (vasprintf(&raw, format, args) < 0)
		raw = NULL;
	safe = raw ? text_escape(raw, page->style->utf8) : NULL;
	page->no_memory |= !safe;
	return safe;
}

/* Bytes of `text` that go into a line of `room` columns: up to the last blank that fits. */
static size_t line_bytes(const char *text, int room)
{
	size_t length = strlen(text), used = 0, blank = 0;
	int columns = 0;

	while (used < length) {
		int32_t code;
		size_t bytes = utf8_decode(text + used, length - used, &code);

		columns += utf8_width(code);
		if (columns > room)
			return text[used] == ' ' ? used : blank ? blank : used ? used : bytes;
		if (text[used] == ' ')
			blank = used;
		used += bytes;
	}
	return used;
}

/* Elides the middle of words that are longer than `columns`. Takes the text. */
static char *elide_words(char *text, int columns, bool utf8)
{
	char *ret = NULL, *rest = text, *word;
	struct memtext m;
	bool opened = text && memtext_open(&m), ok = opened;

	while (ok && (word = strsep(&rest, " "))) {
		_cleanup_free_ char *fitted = text_elide(word, columns, utf8);

		ok = fitted;
		if (ok)
			fprintf(m.out, "%s%s", fitted, rest ? " " : "");
	}
	if (opened)
		ret = memtext_close(&m);
	free(text);
	if (ok)
		return ret;
	free(ret);
	return NULL;
}

void page_wrap(struct page *page, enum ink ink, int indent, int hang, const char *format, ...)
{
	_cleanup_free_ char *safe = NULL;
	const char *text;
	va_list args;

	va_start(args, format);
	safe = format_safe(page, format, args);
	va_end(args);
	if (page->style->verbose <= 0) {
		safe = elide_words(safe, page->style->width - hang, page->style->utf8);
		page->no_memory |= !safe;
	}
	for (text = safe; text && *text; indent = hang) {
		size_t bytes = line_bytes(text, page->style->width - abs(indent));

		fprintf(page->out, "%*s", indent > 0 ? indent : 0, "");
		put_ink(page, ink, text, bytes);
		fputc('\n', page->out);
		text += bytes;
		text += strspn(text, " ");
	}
}

void page_line(struct page *page, enum ink ink, int indent, const char *format, ...)
{
	_cleanup_free_ char *safe = NULL, *fitted = NULL;
	va_list args;

	va_start(args, format);
	safe = format_safe(page, format, args);
	va_end(args);
	fitted = safe ? text_elide(safe, page->style->width - indent, page->style->utf8) : NULL;
	page->no_memory |= !fitted;
	if (!fitted)
		return;
	fprintf(page->out, "%*s", indent, "");
	put_ink(page, ink, fitted, strlen(fitted));
	fputc('\n', page->out);
}

void page_facts(struct page *page, const char *const *facts)
{
	const char *dot = page_glyphs(page)->dot;
	int column = 0, hang = 2;

	for (; *facts; facts++) {
		_cleanup_free_ char *safe = text_escape(*facts, page->style->utf8);
		_cleanup_free_ char *fitted = safe ? text_elide(safe, page->style->width - hang,
								page->style->utf8)
						   : NULL;

		page->no_memory |= !fitted;
		if (!fitted)
			continue;
		if (column && column + 3 + text_width(fitted) > page->style->width)
			column = fprintf(page->out, "\n%*s", hang, "") - 1;
		else if (column)
			column += fprintf(page->out, " %s ", dot) > 0 ? 3 : 0;
		fputs(fitted, page->out);
		column += text_width(fitted);
	}
	fputc('\n', page->out);
}

void page_cell(struct page *page, enum ink ink, int columns, bool right, const char *text)
{
	_cleanup_free_ char *safe = text_escape(text, page->style->utf8), *fitted = NULL;
	int pad;

	fitted = safe ? text_elide(safe, columns, page->style->utf8) : NULL;
	page->no_memory |= !fitted;
	if (!fitted)
		return;
	pad = columns - text_width(fitted);
	if (right && pad > 0)
		fprintf(page->out, "%*s", pad, "");
	put_ink(page, ink, fitted, strlen(fitted));
	if (!right && pad > 0)
		fprintf(page->out, "%*s", pad, "");
}

void page_last(struct page *page, enum ink ink, int columns, const char *text)
{
	_cleanup_free_ char *safe = text_escape(text, page->style->utf8), *fitted = NULL;

	fitted = safe ? text_elide(safe, columns, page->style->utf8) : NULL;
	page->no_memory |= !fitted;
	if (fitted)
		put_ink(page, ink, fitted, strlen(fitted));
	page_end(page);
}

void page_end(struct page *page) { fputc('\n', page->out); }
