/* Memory of one capture, in mappings of its own. */
#pragma once

#include <stddef.h>

struct arena_piece;

struct arena {
	struct arena_piece *pieces; /* the newest first */
	struct arena *outer;
};

/* From here on malloc() and its kin, as this library calls them, serve this thread from the arena (all zero
 * at first); arena_leave() ends that. They nest. What the arena gave may be freed only between them. */
void arena_enter(struct arena *arena);
void arena_leave(struct arena *arena);
/* Gives the memory back to the kernel. */
void arena_free(struct arena *arena);
