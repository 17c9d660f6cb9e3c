/* How roles look: shapes and lines (the same in every theme) and two palettes.
 *
 * Roles differ in shape and line as well as in colour: a picture must be legible in greyscale and
 * to readers who see colours differently. Palettes are taken from Okabe and Ito's ("Color Universal
 * Design", 2008), fills lightened or darkened until text on them has a contrast of 4.5 to 1 at
 * least (WCAG 2.1, 1.4.3), which tests/test_pictures.py measures in what is drawn. */
#pragma once

#include "drawing.h"

struct node_look {
	const char *name; /* the role, as class of SVG and as attribute of DOT */
	const char *shape, *style, *pen, *margin;
	const char *legend; /* NULL: explains itself */
};

struct edge_look {
	const char *name, *style, *pen, *head;
};

struct node_paint {
	const char *fill, *line, *text;
};

struct edge_paint {
	const char *line, *text;
};

struct theme {
	const char *background, *text, *frame, *mark; /* mark: the line of what is highlighted */
	struct node_paint node[NODE_ROLES];
	struct edge_paint edge[EDGE_ROLES];
};

extern const struct node_look node_looks[NODE_ROLES];
extern const struct edge_look edge_looks[EDGE_ROLES];
extern const struct theme theme_light, theme_dark;
