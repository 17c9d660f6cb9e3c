/* Conditions on objects: --where 'type=dict and (size>1M or text~"abc")'.
 *
 *	condition = term { "or" term }          term = factor { "and" factor }
 *	factor    = [ "not" ] ( test | "(" condition ")" )
 *	test      = field operator value
 *
 * Fields: type (the full name, or its part behind the module), module (of the type), text (value or
 * name), by = != ~ !~ (contains, or not); size (own bytes), count (of references) by = != < <= > >=,
 * numbers with k, M, G for thousands; state (root, native, frozen, garbage) by = !=. A value with
 * blanks or brackets stands in quotes, ' or ", where a backslash takes the next character as it is. */
#pragma once

#include "answer.h"

struct where;

/* Exit code 2 where it cannot be read: the message says at which character. O(length). */
_must_check_ struct hg_error *where_parse(const char *text, struct where **ret);
void where_destroy(struct where *where);

/* Frames and thread states match nothing. O(tests), and the length of the texts compared. */
bool where_matches(const struct where *where, const struct answer *answer, uint32_t object);

/* All objects that match: a byte for each object of the snapshot. The caller frees. */
_must_check_ struct hg_error *where_mark(const struct where *where, const struct answer *answer,
					 uint8_t **ret);
