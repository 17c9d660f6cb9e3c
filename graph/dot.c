/* A drawing as a Graphviz graph.
 *
 * Roles differ in shape and line as well as in colour (Okabe and Ito's palette, made for
 * colour-blind readers), and the fills keep apart in greyscale. Names from the process go through
 * label_text(), the only way into an attribute. */
#include <graphviz/cgraph.h>
#include <string.h>

#include "drawing.h"
#include "utf8.h"

#define NODE_COLUMNS 34
#define EDGE_COLUMNS 30
#define TITLE_COLUMNS 76
#define LABEL_LIMIT 400 /* columns of one label */

struct look {
	const char *shape, *style, *fill, *color, *pen, *legend;
};

static const struct look looks[NODE_ROLES] = {
	[NODE_PLAIN] = {"box", "rounded,filled", "#ffffff", "#555555", "1", "object"},
	[NODE_ROOT] = {"house", "filled", "#cfe8f7", "#0072b2", "1.5", "root or module"},
	[NODE_RING] = {"box", "rounded,filled", "#fbe3c4", "#b35900", "2.5", "on the cycle"},
	[NODE_OWNER] = {"octagon", "filled", "#fff6b3", "#6b5f00", "1.5", "owns the handle"},
	[NODE_SUBJECT] = {"doubleoctagon", "filled", "#fff6b3", "#333333", "1.5", "asked about"},
	[NODE_LIBRARY] = {"component", "filled", "#333333", "#000000", "1.5", "loaded library"},
	[NODE_GONE] = {"component", "filled,dashed", "#ffffff", "#a63600", "2.5",
		       "library no longer loaded"},
	[NODE_MORE] = {"folder", "filled", "#eeeeee", "#888888", "1", "folded: many alike, or more"},
	[NODE_REMARK] = {"plaintext", "", "#ffffff", "#000000", "1", NULL},
};

struct edge_look {
	const char *style, *color, *pen, *head;
};

static const struct edge_look edge_looks[] = {
	[EDGE_PLAIN] = {"solid", "#555555", "1.2", "normal"},
	[EDGE_RING] = {"solid", "#b35900", "2.5", "normal"},
	[EDGE_CUT] = {"dashed", "#a63600", "3.5", "normal"},
	[EDGE_HANDLE] = {"bold", "#000000", "2", "diamond"},
	[EDGE_MORE] = {"dotted", "#888888", "1.2", "normal"},
};

/* One line's worth of a label, with what dot reads as an escape or an entity made harmless. */
static void put_label(FILE *out, const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\\')
			fputs("\\\\", out);
		else if (text[i] == '&')
			fputs("&amp;", out);
		else
			fputc(text[i], out);
	}
}

static size_t fitting_bytes(const char *text, int columns)
{
	size_t length = strlen(text), used = 0, blank = 0;

	while (used < length) {
		int32_t code;
		size_t bytes = utf8_decode(text + used, length - used, &code);

		columns -= utf8_width(code);
		if (columns < 0)
			return blank ? blank : used ? used : bytes;
		if (text[used] == ' ')
			blank = used;
		used += bytes;
	}
	return used;
}

static bool put_wrapped(FILE *out, const char *line, int columns, const char *end)
{
	_cleanup_free_ char *safe = text_escape(line, true), *fitted = NULL;

	fitted = safe ? text_elide(safe, LABEL_LIMIT, true) : NULL;
	for (const char *text = fitted; text && *text;) {
		size_t bytes = fitting_bytes(text, columns);

		put_label(out, text, bytes);
		text += bytes;
		text += strspn(text, " ");
		if (*text)
			fputs(end, out);
	}
	return fitted;
}

/* `end` closes each line: "\\n" centres, "\\l" sets left. Line feeds part lines; those from
 * the process were escaped when the drawing was made. */
static char *label_text(const char *text, int columns, const char *end)
{
	_cleanup_free_ char *copy = strdup(text);
	size_t size;
	char *ret = NULL, *rest = copy;
	FILE *out = copy ? open_memstream(&ret, &size) : NULL;
	bool ok = out;

	for (char *line; ok && (line = strsep(&rest, "\n"));) {
		ok = put_wrapped(out, line, columns, end);
		if (rest || !strcmp(end, "\\l"))
			fputs(end, out);
	}
	if (!out || fclose(out) || !ok) {
		free(ret);
		return NULL;
	}
	return ret;
}

static bool set(void *object, const char *name, const char *value)
{
	return !agsafeset(object, (char *)name, (char *)value, "");
}

static bool set_label(void *object, const char *text, int columns, const char *end)
{
	_cleanup_free_ char *label = label_text(text, columns, end);

	return label && set(object, "label", label);
}

static void set_defaults(Agraph_t *graph)
{
	static const char *const graph_defaults[][2] = {
		{"rankdir", "TB"}, {"fontname", "Helvetica,Arial,sans-serif"}, {"fontsize", "12"},
		{"labelloc", "t"}, {"labeljust", "l"}, {"nodesep", "0.35"}, {"ranksep", "0.4"},
		{"pad", "0.25"}, {"bgcolor", "white"}, {"charset", "UTF-8"}, {"dpi", "144"},
		/* 16.6 inches are 2,400 pixels at this density: larger pictures are scaled down. */
		{"size", "16.6,60"},
		/* No line of DOT is broken: cgraph would break inside an escape. */
		{"linelength", "0"},
	};
	static const char *const node_defaults[][2] = {
		{"fontname", "Helvetica,Arial,sans-serif"}, {"fontsize", "11"},
		{"margin", "0.14,0.07"}, {"height", "0.3"},
	};
	static const char *const edge_defaults[][2] = {
		{"fontname", "Helvetica,Arial,sans-serif"}, {"fontsize", "10"},
		{"arrowsize", "0.8"},
	};

	for (size_t i = 0; i < sizeof(graph_defaults) / sizeof(*graph_defaults); i++)
		agattr(graph, AGRAPH, (char *)graph_defaults[i][0], (char *)graph_defaults[i][1]);
	for (size_t i = 0; i < sizeof(node_defaults) / sizeof(*node_defaults); i++)
		agattr(graph, AGNODE, (char *)node_defaults[i][0], (char *)node_defaults[i][1]);
	for (size_t i = 0; i < sizeof(edge_defaults) / sizeof(*edge_defaults); i++)
		agattr(graph, AGEDGE, (char *)edge_defaults[i][0], (char *)edge_defaults[i][1]);
	agattr(graph, AGNODE, (char *)"label", (char *)"");
}

static bool set_look(Agnode_t *node, enum node_role role)
{
	const struct look *look = &looks[role];
	bool dark = role == NODE_LIBRARY;

	return set(node, "shape", look->shape) && set(node, "style", look->style) &&
	       set(node, "fillcolor", look->fill) && set(node, "color", look->color) &&
	       set(node, "penwidth", look->pen) &&
	       set(node, "fontcolor", dark ? "#ffffff" : "#000000");
}

static Agnode_t *add_node(Agraph_t *panel, const struct drawn_node *node, const char *id)
{
	_cleanup_free_ char *label = NULL;
	Agnode_t *made = agnode(panel, (char *)id, 1);

	if (!made || asprintf(&label, "%s%s%s", node->title, *node->detail ? "\n" : "",
			      node->detail) < 0) {
		label = NULL;
		return NULL;
	}
	return set_look(made, node->role) && set_label(made, label, NODE_COLUMNS, "\\n") ? made : NULL;
}

static bool add_edge(Agraph_t *graph, const struct drawn_edge *edge, Agnode_t **nodes,
		     const char *id)
{
	const struct edge_look *look = &edge_looks[edge->role];
	Agedge_t *made = agedge(graph, nodes[edge->from], nodes[edge->to], (char *)id, 1);

	return made && set(made, "style", look->style) && set(made, "color", look->color) &&
	       set(made, "penwidth", look->pen) && set(made, "arrowhead", look->head) &&
	       set(made, "fontcolor", edge->role == EDGE_CUT ? "#a63600" : "#222222") &&
	       set_label(made, edge->label, EDGE_COLUMNS, "\\n");
}

/* A frame with a title, or nothing but the graph itself where the title is empty. */
static Agraph_t *add_panel(Agraph_t *graph, const char *title, uint32_t number)
{
	char name[32];
	Agraph_t *panel;

	if (!*title)
		return graph;
	snprintf(name, sizeof(name), "cluster_%u", number);
	panel = agsubg(graph, name, 1);
	if (!panel || !set(panel, "style", "rounded") || !set(panel, "color", "#999999") ||
	    !set(panel, "margin", "14") || !set_label(panel, title, TITLE_COLUMNS, "\\l"))
		return NULL;
	return panel;
}

/* The roles in use, one below the other. */
static bool add_legend(Agraph_t *graph, const struct drawing *drawing, uint32_t panels)
{
	bool used[NODE_ROLES] = {false}, ok = true;
	Agraph_t *legend = add_panel(graph, "What the shapes mean", panels);
	Agnode_t *before = NULL;
	char id[32];

	for (uint32_t i = 0; i < drawing->nodes; i++)
		used[drawing->node[i].role] = true;
	for (int role = 0; role < NODE_ROLES && legend && ok; role++) {
		Agnode_t *node;
		Agedge_t *edge;

		if (!used[role] || !looks[role].legend)
			continue;
		snprintf(id, sizeof(id), "legend%d", role);
		node = agnode(legend, id, 1);
		ok = node && set_look(node, (enum node_role)role) &&
		     set_label(node, looks[role].legend, NODE_COLUMNS, "\\n") &&
		     set(node, "fontsize", "9");
		edge = before && ok ? agedge(legend, before, node, NULL, 1) : NULL;
		ok &= !before || (edge && set(edge, "style", "invis"));
		before = node;
	}
	return legend && ok;
}

static bool fill(Agraph_t *graph, const struct drawing *drawing, Agraph_t **panels,
		 Agnode_t **nodes)
{
	char id[32];

	if (!set_label(graph, drawing->caption, 110, "\\l"))
		return false;
	for (uint32_t i = 0; i < drawing->panels; i++)
		if (!(panels[i] = add_panel(graph, drawing->panel[i], i)))
			return false;
	for (uint32_t i = 0; i < drawing->nodes; i++) {
		snprintf(id, sizeof(id), "n%u", i);
		nodes[i] = add_node(panels[drawing->node[i].panel], &drawing->node[i], id);
		if (!nodes[i])
			return false;
	}
	for (uint32_t i = 0; i < drawing->edges; i++) {
		snprintf(id, sizeof(id), "e%u", i);
		if (!add_edge(graph, &drawing->edge[i], nodes, id))
			return false;
	}
	return add_legend(graph, drawing, drawing->panels);
}

struct hg_error *dot_create(const struct drawing *drawing, struct Agraph_s **ret)
{
	_cleanup_free_ Agraph_t **panels = calloc(drawing->panels + 1ul, sizeof(Agraph_t *));
	_cleanup_free_ Agnode_t **nodes = calloc(drawing->nodes + 1ul, sizeof(Agnode_t *));
	Agraph_t *graph = agopen((char *)"heapgraph", Agdirected, NULL);

	if (!graph || !panels || !nodes) {
		if (graph)
			agclose(graph);
		return &hg_error_no_memory;
	}
	set_defaults(graph);
	if (!fill(graph, drawing, panels, nodes)) {
		agclose(graph);
		return &hg_error_no_memory;
	}
	*ret = graph;
	return NULL;
}
