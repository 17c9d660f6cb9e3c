/* What points into libraries that may be unloaded: gathered word by word, those alike put together. */
#pragma once

#include "native.h"
#include "scan.h"

struct pointers;

_must_check_ struct hg_error *pointers_create(const struct native_source *source,
					      struct pointers **ret);
void pointers_destroy(struct pointers *pointers);

/* Lets `scan` look for addresses in them. */
_must_check_ struct hg_error *pointers_want(const struct pointers *pointers, struct scan *scan);

/* Takes a word that holds `word->value`, where that is an address in one of them and says something.
 * O(log libraries). */
_must_check_ struct hg_error *pointers_take(struct pointers *pointers, const struct hgs_word *word);

/* The rows, once all words are taken: each gets the Python object that it lies in. O(objects + words log
 * words). The array stays theirs. */
_must_check_ struct hg_error *pointers_finish(struct pointers *pointers,
					      const struct hgs_pointer **ret, uint32_t *count);
