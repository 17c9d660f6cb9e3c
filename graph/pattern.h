/* Patterns: what chains from a root have in common that differ only in addresses, positions and keys.
 *
 * "module app > .sessions dict > [*] app.Session" is the pattern of every session in the table. It
 * is made of the root, and per step the name of the edge and the type it leads to. Left out is what
 * differs from run to run: addresses, positions, keys of dicts, numbers of threads, lines. Attribute
 * dictionaries and the frames of a stack are folded away, so that a program has the same
 * patterns on every CPython that gives it the same chains. A part that repeats (a linked list, a
 * tree) counts once, so that a longer list has no longer pattern. */
#pragma once

#include "forest.h"

/* All patterns met so far, of one snapshot or several. */
struct patterns;

_must_check_ struct hg_error *patterns_create(struct patterns **ret);
void patterns_destroy(struct patterns *patterns);
uint32_t patterns_count(const struct patterns *patterns);

/* Set for an object that is folded away and has the pattern of the one it belongs to. */
#define PATTERN_FOLDED (1u << 31)
/* The pattern of every object: [n], the caller frees. The snapshot must live as long as `patterns`.
 * O(n) expected. */
_must_check_ struct hg_error *patterns_of(struct patterns *patterns, const struct answer *answer,
					  const struct forest *forest, uint32_t **ret);
/* The pattern of a chain, or of a ring, whose first object has no edge. O(steps). */
_must_check_ struct hg_error *patterns_of_chain(struct patterns *patterns, const struct snapshot *s,
						const struct chain *chain, bool ring, uint32_t *ret);

/* The same in every run and on every machine. */
uint64_t pattern_signature(const struct patterns *patterns, uint32_t pattern);
#define SIGNATURE_SIZE 17
/* As it is written: 16 hexadecimal digits, into buffer, of SIGNATURE_SIZE bytes, which is returned. */
const char *signature_text(uint64_t signature, char *buffer);
/* In words, as above. Caller frees; NULL without memory. */
char *pattern_words(const struct patterns *patterns, uint32_t pattern);
