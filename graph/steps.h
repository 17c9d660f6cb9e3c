/* A chain or ring as readers know it.
 *
 * The heap has an object for an instance and another for its __dict__, and a frame for every
 * caller on a stack. People think `obj.name`. Here an attribute dictionary is folded into the edge
 * that leads through it, and a run of frames into its last one, so that the same program gives the
 * same chain on every CPython, inline values (3.11 on) or not. */
#pragma once

#include "answer.h"

struct step {
	uint32_t object;
	uint32_t through; /* the attribute dictionary folded into the edge, or HGS_NONE */
	char *edge;	  /* how it is reached from the step before; "" at the first */
	bool cut;	  /* this edge is the one to cut */
};

struct steps {
	struct step *step;
	uint32_t count; /* 0 where there is no chain */
};

/* `cut` is a position in chain->edge, or 0. For a ring the last step is the first object again.
 * O(chain). */
_must_check_ struct hg_error *steps_create(const struct snapshot *s, const struct chain *chain,
					   uint32_t cut, bool ring, struct steps *ret);
void steps_deinit(struct steps *steps);
#define _cleanup_steps_ _cleanup_(steps_deinit)

/* The first step worth showing: sys.modules itself is left out before a module. */
uint32_t steps_first(const struct snapshot *s, const struct chain *chain,
		     const struct steps *steps);

/* If `edge` leads to an attribute dictionary, and `next` from it to an attribute: the name (a
 * string of the snapshot), else NULL. */
const char *folded_attribute(const struct snapshot *s, uint32_t edge, uint32_t next);

/* What the object is, in a few words: "module app", "function load", "class app.Proc",
 * "frame load:12", "str 'abc'", "app.Proc", safe to show in one line (see utf8.h). Caller frees;
 * NULL without memory. O(1), frames O(frames of the snapshot). */
char *object_words(const struct snapshot *s, uint32_t object);
/* As above, after the root's own words where the object is the root's: "sys.modules", "atexit registry:
 * method Pool.close". */
char *root_or_object_words(const struct snapshot *s, uint32_t root, uint32_t object);
