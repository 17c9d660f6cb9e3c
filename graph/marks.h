/* Flags that no file has, found once when a snapshot is opened, for whatever reads it: who only looks
 * (observers.c), and what an IPython has displayed (shells.c). */
#pragma once

#include "snapshot.h"

struct marks {
	const struct snapshot *s;
	uint32_t *flags; /* of all objects, with the marks; NULL as long as there are none */
	bool no_memory;
};

/* HGS_NONE is left alone. */
void marks_set(struct marks *m, uint32_t object, uint32_t mark);
static inline bool marks_has(const struct marks *m, uint32_t object, uint32_t mark)
{
	return m->flags && m->flags[object] & mark;
}
/* A byte for each object: is it a class of that name, or derived from one? The caller's to free; NULL
 * where there is none. O(objects), and where there is one O(references of types). */
uint8_t *marks_classes(struct marks *m, const char *name);

#define NO_COPIES 0x030d0000 /* of local variables: PEP 667 */
#define DEBUGGER_VARIABLES "__pdb_convenience_variables"

/* SNAPSHOT_LOOKS. */
void observers_mark(struct marks *m);
/* SNAPSHOT_DISPLAYED, and SNAPSHOT_LOOKS of what runs cells. */
void shells_mark(struct marks *m);

/* The flags with all marks, the caller's to free; NULL where there are none. O(objects), and where a
 * debugger or IPython is loaded O(references of modules, types and frames). */
_must_check_ struct hg_error *marks_find(const struct snapshot *s, uint32_t **ret);
