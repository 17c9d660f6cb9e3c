/* Pictures through libcgraph and libgvc: a selection of at most max_nodes, then layout in a child
 * with a time limit. */
#pragma once

#include "answer.h"

struct diff;

enum picture_kind {
	PICTURE_FINDINGS,
	PICTURE_CYCLES,
	PICTURE_HANDLES,
	PICTURE_RETAINED,
	PICTURE_WHY,
	PICTURE_REFS,
	PICTURE_BACKREFS,
	PICTURE_DIFF
};

struct picture_options {
	enum picture_kind kind;
	const uint32_t *objects; /* for WHY, REFS, BACKREFS; RETAINED: may be none */
	uint32_t num_objects;
	const struct diff *diff; /* for DIFF, of which the answer is the last */
	int depth;
	uint32_t max_nodes; /* default 60 */
	bool dark;	    /* light words on a dark ground */
	bool all_edges;	    /* nothing left out as boilerplate, nothing grouped */
	/* A byte for each object of the snapshot, or NULL. */
	const uint8_t *filter;	  /* REFS, BACKREFS: others are left out */
	const uint8_t *highlight; /* marked as such */
	unsigned seconds;   /* time limit of the layout */
};

/* Draws into an open descriptor; format is "png", "svg", "pdf" or "dot". */
_must_check_ struct hg_error *picture_draw(const struct answer *answer,
					   const struct picture_options *options,
					   const char *format, int fd);
