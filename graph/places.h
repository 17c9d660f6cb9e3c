/* Places: stretches of a chain that people know under a name of their own.
 *
 * Where the heap has a wrapper, a tuple and an index, a programmer says "the lru_cache of Proc.run".
 * One table (places.c) tells each place by the types and references along it, and has its name, what
 * is surprising about it and what to do. Paths, drawn chains and findings take their words from here,
 * so that they agree. */
#pragma once

#include "answer.h"

struct place_rule;

struct place {
	const struct place_rule *rule;
	const struct snapshot *s;
	const struct chain *chain;
	uint32_t first, last; /* object[first] of the chain keeps object[last] */
};

/* Whether a place begins at object[first]. Valid as long as snapshot and chain are.
 * O(references of the objects along it + threads). */
bool place_at(const struct snapshot *s, const struct chain *chain, uint32_t first,
	      struct place *ret);
/* The place along the chain that explains best why it keeps its end: the most severe, and of these
 * the one that the table has first. False: none of which there is something to say. */
bool place_of_chain(const struct snapshot *s, const struct chain *chain, struct place *ret);

/* A callable as people know it: its qualified name, through bound methods, partials and caches; where
 * it has none its type's. A string of the snapshot. O(references of the callables). */
const char *callable_name(const struct snapshot *s, uint32_t object);

/* A path up to the place, and how it goes on behind it; see path.c for the two parts. */
struct place_path {
	const char *head, *tail;
	FILE *new_head, *new_tail;
};
/* False where the place has no name for that, and each of its references goes by its own. */
bool place_path(const struct place *place, struct place_path *path);

/* One name for all its references in a drawn chain ("argument 0 of a cached call"); caller frees.
 * *ret NULL without an error: each is drawn by itself. */
_must_check_ struct hg_error *place_edge(const struct place *place, char **ret);

/* "a functools cache" */
const char *place_through(const struct place *place);
enum severity place_severity(const struct place *place);
/* The line to change; caller frees, NULL without memory. Takes the time of path_text(). */
char *place_advice(const struct place *place);
