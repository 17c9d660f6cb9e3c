/* Text that is safe to show.
 *
 * Names in a snapshot come from another process: they may hold control characters, escape
 * sequences, bytes that are no UTF-8, or direction marks that reorder a terminal's line. Every
 * report passes them through here, so that no other place has to think of it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_INVALID (-1)

/* Decodes the character at text, of `length` > 0 bytes. Returns its bytes; *code is the code point,
 * or UTF8_INVALID for a byte that starts none (overlong forms and surrogates are none; then 1). */
size_t utf8_decode(const char *text, size_t length, int32_t *code);

/* Columns of a terminal: 0 for combining marks, 2 for East Asian wide characters and emoji. */
int utf8_width(int32_t code);

/* Columns of a valid UTF-8 string. O(length). */
int text_width(const char *text);

/* Printable form: control, format and direction characters as \n, \x1b, \u202e, invalid bytes as
 * \xff. Without `utf8` also all that is not ASCII. Caller frees; NULL without memory. O(length). */
char *text_escape(const char *text, bool utf8);

/* Shortens printable text to at most `columns`, the middle replaced by an ellipsis: names differ at
 * their ends. Caller frees; NULL without memory. O(length). */
char *text_elide(const char *text, int columns, bool utf8);
