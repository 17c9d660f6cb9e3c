/* A picture before it is drawn: nodes with roles, edges with words, panels side by side.
 *
 * Selections (select_*.c) fill it, dot.c gives it to Graphviz. A node stands for one object in
 * one panel, so that a panel can be read alone. Failures stick in `no_memory`. */
#pragma once

#include "picture.h"
#include "steps.h"

#define DRAWING_NONE UINT32_MAX

/* Each role has a shape of its own: a picture must be legible without colours. */
enum node_role {
	NODE_PLAIN,
	NODE_ROOT,	/* a root, or a module at the head of a chain */
	NODE_RING,	/* on a cycle */
	NODE_OWNER,	/* holds the handle */
	NODE_SUBJECT,	/* what was asked about */
	NODE_LIBRARY,
	NODE_GONE,	/* a library that is no longer loaded */
	NODE_MORE,	/* stands for what was folded */
	NODE_REMARK,	/* says something, is no object */
	NODE_ROLES
};

enum edge_role { EDGE_PLAIN, EDGE_RING, EDGE_CUT, EDGE_HANDLE, EDGE_MORE, EDGE_ROLES };

struct drawn_node {
	enum node_role role;
	uint32_t panel;
	uint32_t object; /* or HGS_NONE */
	char *title, *detail; /* detail: "" where there is none */
};

struct drawn_edge {
	uint32_t from, to; /* nodes */
	enum edge_role role;
	char *label;
};

struct drawing {
	struct drawn_node *node;
	uint32_t nodes;
	struct drawn_edge *edge;
	uint32_t edges;
	char **panel; /* titles; "" draws no frame */
	uint32_t panels;
	char *caption;
	bool dark;
	const uint8_t *highlight; /* as in struct picture_options */
	bool sideways; /* left to right: many neighbours fit below each other, not side by side */
	uint32_t max_nodes;
	uint32_t objects; /* nodes that count against max_nodes: not remarks, not folds */
	bool no_memory;
};

void drawing_deinit(struct drawing *drawing);

/* All take ownership of their strings (NULL: no memory) and return an index. Strings are safe to
 * show (see utf8.h), but for line feeds, which part the lines of a label. */
uint32_t drawing_panel(struct drawing *drawing, char *title);
uint32_t drawing_node(struct drawing *drawing, uint32_t panel, enum node_role role, char *title,
		      char *detail);
/* An edge that is there already (same ends and label) is not drawn twice; a cut wins. */
void drawing_edge(struct drawing *drawing, uint32_t from, uint32_t to, enum edge_role role,
		  char *label);
/* The node of an object in a panel, made where it is missing; a stronger role wins. */
uint32_t drawing_object(struct drawing *drawing, const struct answer *answer, uint32_t panel,
			uint32_t object, enum node_role role);
/* A further line below the title; copied. */
void drawing_add_detail(struct drawing *drawing, uint32_t node, const char *text);
/* NODE_OWNER, NODE_ROOT or NODE_PLAIN. O(holders). */
enum node_role drawing_role_of(const struct answer *answer, uint32_t object);
uint32_t drawing_find(const struct drawing *drawing, uint32_t panel, uint32_t object);

/* Draws a chain or ring into a panel; the middle of a long one becomes a node that counts it.
 * `advice` stands at the cut; NULL: none. */
_must_check_ struct hg_error *drawing_chain(struct drawing *drawing, const struct answer *answer,
					    uint32_t panel, const struct chain *chain);
_must_check_ struct hg_error *drawing_ring(struct drawing *drawing, const struct answer *answer,
					   uint32_t panel, const struct chain *ring, uint32_t cut,
					   const char *advice);

_must_check_ struct hg_error *select_findings(struct drawing *drawing,
					      const struct answer *answer);
_must_check_ struct hg_error *select_cycles(struct drawing *drawing, const struct answer *answer);
struct diff;
_must_check_ struct hg_error *select_diff(struct drawing *drawing, const struct diff *diff);
_must_check_ struct hg_error *select_handles(struct drawing *drawing, const struct answer *answer);
_must_check_ struct hg_error *select_retained(struct drawing *drawing, const struct answer *answer,
					      const struct picture_options *options);
_must_check_ struct hg_error *select_why(struct drawing *drawing, const struct answer *answer,
					 const struct picture_options *options);
_must_check_ struct hg_error *select_neighbors(struct drawing *drawing,
					       const struct answer *answer,
					       const struct picture_options *options);

/* An owner's edge to its library, both nodes with it; what pins it, if a cycle does. */
_must_check_ struct hg_error *drawing_holder(struct drawing *drawing, const struct answer *answer,
					     uint32_t panel, const struct holder *holder);
/* The node of a library (index) or of one that is gone (by name). */
uint32_t drawing_library(struct drawing *drawing, const struct answer *answer, uint32_t panel,
			 uint32_t library, const char *gone);

/* The drawing as a graph of Graphviz, with ids n0, n1 ... and e0, e1 ... in the order of its nodes
 * and edges (docs/pictures.md). `s` is what its objects are of. The caller agclose()s it. */
struct Agraph_s;
_must_check_ struct hg_error *dot_create(const struct drawing *drawing, const struct snapshot *s,
					 struct Agraph_s **ret);
/* Lays out and renders in a child with a time limit. *timed_out: worth trying with less. */
_must_check_ struct hg_error *draw_render(struct Agraph_s *graph, const char *format, int fd,
					  unsigned seconds, bool *timed_out);
