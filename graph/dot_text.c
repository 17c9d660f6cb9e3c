/* Text as Graphviz wants it: wrapped, shortened in the middle, escapes and entities harmless. */
#include <string.h>

#include "dot_parts.h"
#include "memtext.h"
#include "utf8.h"

const struct dot_setting dot_node_text = {38, 400, "", "\\n", false};
const struct dot_setting dot_edge_text = {40, 400, "  ", "\\l", true};
const struct dot_setting dot_title_text = {76, 400, "", "\\l", true};
const struct dot_setting dot_caption_text = {110, 400, "", "\\l", true};
const struct dot_setting dot_tip_text = {4096, 4096, "", "\\n", false};

/* One line's worth of a label, with what dot reads as an escape or an entity made harmless. */
static void put_label(FILE *out, const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\\')
			fputs("\\\\", out);
		else if (text[i] == '&')
			fputs("&amp;", out);
		else
			fputc(text[i], out);
	}
}

/* A line ends at a blank; a name that is longer than a line, behind a mark within it. */
static bool may_break_after(char c)
{
	return c == '/' || c == '.' || c == '_' || c == '(' || c == ',' || c == ':';
}

static size_t fitting_bytes(const char *text, int columns)
{
	size_t length = strlen(text), used = 0, blank = 0, mark = 0;

	while (used < length) {
		int32_t code;
		size_t bytes = utf8_decode(text + used, length - used, &code);

		columns -= utf8_width(code);
		if (columns < 0)
			return blank ? blank : mark ? mark : used ? used : bytes;
		if (text[used] == ' ')
			blank = used;
		used += bytes;
		if (may_break_after(text[used - 1]))
			mark = used;
	}
	return used;
}

static bool put_wrapped(FILE *out, const char *line, const struct dot_setting *setting)
{
	_cleanup_free_ char *safe = text_escape(line, true), *fitted = NULL;

	fitted = safe ? text_elide(safe, setting->limit, true) : NULL;
	for (const char *text = fitted; text && *text;) {
		size_t bytes = fitting_bytes(text, setting->columns);

		fputs(setting->lead, out);
		put_label(out, text, bytes);
		text += bytes;
		text += strspn(text, " ");
		if (*text)
			fputs(setting->end, out);
	}
	return fitted;
}

/* Line feeds part lines; those from the process were escaped when the drawing was made. */
char *dot_label(const char *text, const struct dot_setting *setting)
{
	_cleanup_free_ char *copy = strdup(text);
	char *ret = NULL, *rest = copy;
	struct memtext m;
	bool opened = copy && memtext_open(&m), ok = opened;

	for (char *line; ok && (line = strsep(&rest, "\n"));) {
		ok = put_wrapped(m.out, line, setting);
		if (rest || setting->left)
			fputs(setting->end, m.out);
	}
	if (opened)
		ret = memtext_close(&m);
	if (ok)
		return ret;
	free(ret);
	return NULL;
}

bool dot_set(void *object, const char *name, const char *value)
{
	return !agsafeset(object, (char *)name, (char *)value, "");
}

bool dot_set_label(void *object, const char *attribute, const char *text,
		   const struct dot_setting *setting)
{
	_cleanup_free_ char *label = dot_label(text, setting);

	return label && dot_set(object, attribute, label);
}
