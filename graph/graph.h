/* The graph in memory: the snapshot's references forwards (in place) and their transpose. */
#pragma once

#include "snapshot.h"

struct graph {
	const struct snapshot *s;
	uint64_t *in_start;  /* [n + 1] */
	uint32_t *in_source; /* [m] referrer of each incoming reference, ascending per object */
	uint32_t *in_edge;   /* [m] low 32 bits of the reference's position in target[] (m < 2^32) */
};

/* Counting sort, O(n + m) time, 8 bytes a reference. */
_must_check_ struct hg_error *graph_create(const struct snapshot *s, struct graph **ret);
/* As graph_create() without in_edge, which is NULL: 4 bytes a reference. For what asks who refers to
 * an object, and not how: dominators. */
_must_check_ struct hg_error *graph_create_sources(const struct snapshot *s, struct graph **ret);
void graph_destroy(struct graph *graph);

/* Strongly connected components, iterative (Pearce 2016 / Tarjan 1972), O(n + m) time, no
 * recursion. component[i] of every object, numbered in reverse topological order. */
_must_check_ struct hg_error *graph_components(const struct snapshot *s, uint32_t **component,
					       uint32_t *count);

/* What is alive and why. */
enum reach_state { REACH_GARBAGE = 0, REACH_ROOT = 1, REACH_NATIVE = 2, REACH_FROZEN = 3 };
#define REACH_STATES 4
struct reach {
	/* Breadth-first forest from the roots: how each object is reached. parent_edge is the position in
	 * target[] of the reference used; UINT64_MAX at a root. First all known roots in their order (so
	 * that module and frame roots name things), then objects with references that nothing found
	 * accounts for (REACH_NATIVE). What neither reaches is garbage as gc sees it, or frozen. */
	uint32_t *parent;
	uint64_t *parent_edge;
	uint32_t *root;	 /* index into s->roots, or HGS_NONE (native) */
	uint8_t *state;	 /* enum reach_state */
	uint32_t *surplus; /* counted minus found references; 0 for immortal and pseudo objects */
	uint64_t garbage; /* objects */
};
/* O(n + m). Garbage follows gcmodule.c: tracked objects all of whose counted references come from
 * tracked objects that are themselves garbage; what hangs from them alone is garbage with them. */
_must_check_ struct hg_error *reach_create(const struct snapshot *s, struct reach **ret);
void reach_destroy(struct reach *reach);
/* Who looks at the object, or at something that its chain leads through, where nothing else keeps it
 * alive; else HGS_NONE. O(length of the chain). */
uint32_t reach_observer(const struct snapshot *s, const struct reach *reach, uint32_t object);
static inline bool reach_observed(const struct snapshot *s, const struct reach *reach, uint32_t object)
{
	return reach_observer(s, reach, object) != HGS_NONE;
}
/* Whether that is the frame of the process itself that asks, and no debugger. */
static inline bool reach_only_asker(const struct snapshot *s, const struct reach *reach,
				    uint32_t object)
{
	uint32_t observer = reach_observer(s, reach, object);

	return observer != HGS_NONE && s->flags[observer] & HGS_OBJ_OBSERVER;
}

/* A chain from a root to an object. */
struct chain {
	uint32_t root;	/* index into s->roots, or HGS_NONE: a native reference, or garbage */
	uint32_t steps; /* objects, the first is the root's, the last the object itself */
	uint32_t *object;
	uint32_t *edge; /* edge name by which object[i] is reached from object[i - 1]; edge[0] is 0 */
};
_must_check_ struct hg_error *chain_of(const struct snapshot *s, const struct reach *reach,
				       uint32_t object, struct chain *ret);
void chain_deinit(struct chain *chain);

/* The shortest cycle through an object, as a chain that starts and ends at it; steps 0 where there
 * is none. Breadth-first inside its component: O(component). */
_must_check_ struct hg_error *ring_of(const struct snapshot *s, const uint32_t *component,
				      uint32_t object, struct chain *ret);

/* Words. Each returns malloc'ed UTF-8 (caller frees), NULL without memory.
 * edge_text: ".dll", "['a']", "[3]", "local dll in load:12", "closure func", "__dict__" ...
 * path_text: "__main__.cache['a'].dll", an instance's __dict__ folded away; for native roots
 * "native reference to X"; for garbage NULL.
 * object_text: short value or "" ("'abc'", "42", "<function load>"). */
char *edge_text(const struct snapshot *s, uint32_t from, uint32_t edge_name);
char *path_text(const struct snapshot *s, const struct chain *chain);
char *object_text(const struct snapshot *s, uint32_t object);
