/* What native memory holds: the part of the answer made from the search of the process's memory. */
#pragma once

#include "answer_parts.h"

/* Fills answer.native. After reach, holders and loops. O(surplus + words log words). */
_must_check_ struct hg_error *native_make(struct making *making);

/* Part of CPython itself: its own data may hold any object, and that is no leak. */
bool library_is_pythons(const struct library *library);

/* "libmeter.so .bss", "stack of thread 4243", "[heap]", "anonymous memory". Caller frees; NULL without
 * memory. */
char *word_place(const struct answer *answer, const struct hgs_word *word);
