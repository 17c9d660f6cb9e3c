/* What an object refers to and what refers to it, as readers know it: attribute dictionaries
 * folded into edges (see steps.h), and many alike told as one ("5 x app.Proc"). */
#pragma once

#include "answer.h"

struct neighbor {
	uint32_t object;
	uint32_t from;	  /* the object whose reference it is: what edge_text() wants */
	uint32_t edge;	  /* name */
	uint32_t through; /* folded attribute dictionary, or HGS_NONE */
	uint64_t count;	  /* alike, this one included: same type by the same kind of edge */
};

struct neighbors {
	struct neighbor *row; /* in the order of the heap */
	uint64_t count;
	uint64_t hidden; /* keys of dictionaries that are strings, and types: every object has them */
};

struct neighbors_wanted {
	bool referrers;	     /* backwards */
	bool all;	     /* also what is hidden otherwise */
	unsigned alike;	     /* groups of more become one row; 0: none do */
	const uint8_t *only; /* a byte for each object: others are hidden; NULL: none is */
};

/* O(d log d) for d references. */
_must_check_ struct hg_error *neighbors_create(const struct answer *answer, uint32_t object,
					       struct neighbors_wanted wanted,
					       struct neighbors *ret);
void neighbors_deinit(struct neighbors *neighbors);
#define _cleanup_neighbors_ _cleanup_(neighbors_deinit)

/* The edge in words; caller frees, NULL without memory. */
char *neighbor_edge(const struct snapshot *s, const struct neighbor *neighbor);

/* Whether a tree or picture of referents should go on below the object. Classes, modules, their
 * dictionaries and code lead everywhere and explain nothing, unless they are what was asked
 * about. O(referrers) for a dict. */
bool neighbors_worth_opening(const struct answer *answer, uint32_t object);

/* A value rather than a thing: None, bool, a number, str, bytes. */
bool neighbors_is_value(const struct snapshot *s, uint32_t object);
