/* The trie of patterns, shared by pattern.c (the trie), pattern_steps.c (chains put into it) and
 * pattern_words.c (and read out again). */
#pragma once

#include "pattern.h"

/* A step of a chain: `object` by the reference `edge` of `from`. */
struct way {
	const struct snapshot *s;
	uint32_t object, from;
	uint32_t edge;	 /* its name */
	bool attribute;	 /* `from` is an attribute dictionary: the key is an attribute */
};

struct node {
	uint32_t parent; /* HGS_NONE: a root */
	bool repeated;
	uint64_t element; /* hash of the step alone */
	uint64_t signature;
	struct way way; /* the first that was met; object HGS_NONE: nothing but the root's words */
	char *words;	/* of a root; else NULL */
};

struct patterns {
	struct node *node;
	uint32_t count;
	uint32_t *table; /* open addressing; node + 1, 0: free */
	uint32_t slots;	 /* a power of two */
};

uint64_t pattern_mix(uint64_t a, uint64_t b);
/* The pattern of `parent` and a step more; HGS_NONE: a root. Made where it is not there. */
_must_check_ struct hg_error *pattern_child(struct patterns *patterns, uint32_t parent,
					    uint64_t element, const struct way *way,
					    uint32_t *ret);
/* Where `element` below `parent` ends the same part a second time: the node where it ended first, or
 * HGS_NONE. */
uint32_t pattern_repetition(const struct patterns *patterns, uint32_t parent, uint64_t element);
/* Classes, modules and functions are known by their own names, others by their type's. */
bool pattern_has_own_name(const struct snapshot *s, uint32_t object);
