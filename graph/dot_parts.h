/* What the parts of the DOT writer share. Only dot*.c include this.
 *
 * Names from the process go through dot_label(), the only way into an attribute that Graphviz
 * reads escapes in. */
#pragma once

#include <graphviz/cgraph.h>

#include "dot_look.h"

/* How a label is set: its columns, what stands before each line (edges: room between the line and
 * its words), and the escape that ends one (\n centres, \l sets left and wants one at the end). */
struct dot_setting {
	int columns, limit; /* limit: columns of each line feed's part before its middle is left out */
	const char *lead, *end;
	bool left;
};

extern const struct dot_setting dot_node_text, dot_edge_text, dot_title_text, dot_caption_text,
	dot_tip_text;

/* Text whose lines are parted by line feeds as a label of Graphviz. Caller frees; NULL without
 * memory. O(length). */
char *dot_label(const char *text, const struct dot_setting *setting);

/* All false without memory. */
bool dot_set(void *object, const char *name, const char *value);
bool dot_set_label(void *object, const char *attribute, const char *text,
		   const struct dot_setting *setting);
bool dot_set_node_look(Agnode_t *node, enum node_role role, const struct theme *theme);
/* A frame with a title, or the graph itself where the title is empty. NULL without memory. */
Agraph_t *dot_add_panel(Agraph_t *graph, const char *title, uint32_t number);
/* The roles in use, in a row below everything else. `nodes` are those of the drawing. */
bool dot_add_legend(Agraph_t *graph, const struct drawing *drawing, Agnode_t **nodes,
		    const struct theme *theme);
