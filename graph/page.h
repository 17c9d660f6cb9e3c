/* A page of text for a terminal: width, colours, box characters, wrapping.
 *
 * Everything printed is passed through text_escape() here. A failure sticks: printers go on
 * calling, page_finish() tells. */
#pragma once

#include "report.h"

enum ink { INK_PLAIN, INK_BOLD, INK_DIM, INK_ERROR, INK_WARNING, INK_NOTE, INK_CUT };

struct page {
	FILE *out;
	const struct style *style;
	bool no_memory;
};

_must_check_ struct hg_error *page_finish(struct page *page);

/* One paragraph, wrapped at blanks: its first line starts at column `indent`, the others at
 * `hang`. A negative `indent` says that so many columns of the first line are printed already. A
 * word that is longer than a line, as a path of forty steps is, has its middle elided; with -v it
 * is broken. */
void page_wrap(struct page *page, enum ink ink, int indent, int hang, const char *format, ...)
	__attribute__((__format__(__printf__, 5, 6)));
/* One line at column `indent`, its middle elided where it is too long. */
void page_line(struct page *page, enum ink ink, int indent, const char *format, ...)
	__attribute__((__format__(__printf__, 4, 5)));
/* A piece of a line: text in ink, elided to `columns`, padded to them; to the left of it where
 * `right`. page_last() ends the line with one that is not padded. */
void page_cell(struct page *page, enum ink ink, int columns, bool right, const char *text);
void page_last(struct page *page, enum ink ink, int columns, const char *text);
/* A line of facts with dots between them, broken between two where it is full; the fact that has no
 * room in a line of its own is elided. NULL ends the list. */
void page_facts(struct page *page, const char *const *facts);
void page_end(struct page *page); /* of a line, or a blank line */

/* The characters of drawings: box characters, or ASCII where the terminal has no UTF-8. */
struct glyphs {
	const char *arrow;		   /* between edge and object */
	const char *ring_top, *ring, *ring_end; /* left margin of a ring, equally wide */
	const char *branch, *last, *trunk, *gap; /* of a tree, equally wide */
	const char *dot;		   /* between facts of a line */
	const char *times;
	const char *more; /* "..." */
};
const struct glyphs *page_glyphs(const struct page *page);
