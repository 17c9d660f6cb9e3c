/* A drawing as a Graphviz graph.
 *
 * Roles differ in shape and line as well as in colour (Okabe and Ito's palette, made for
 * colour-blind readers), and the fills keep apart in greyscale. Names from the process go through
 * label_text(), the only way into an attribute. */
#include <graphviz/cgraph.h>
#include <string.h>

#include "dot_ids.h"
#include "drawing.h"
#include "memtext.h"
#include "utf8.h"

#define LABEL_LIMIT 400 /* columns of one label */

/* How a label is set: its columns, what stands before each line (edges: room between the line and
 * its words), and the escape that ends one (\n centres, \l sets left and wants one at the end). */
struct setting {
	int columns;
	const char *lead, *end;
	bool left;
};

static const struct setting node_setting = {38, "", "\\n", false};
static const struct setting edge_setting = {36, "  ", "\\l", true};
static const struct setting title_setting = {76, "", "\\l", true};
static const struct setting caption_setting = {110, "", "\\l", true};

struct look {
	const char *shape, *style, *fill, *color, *pen, *margin, *legend;
};

#define WIDE "0.14,0.07" /* margins; polygons add room of their own */
#define NARROW "0.05,0.03"

static const struct look looks[NODE_ROLES] = {
	[NODE_PLAIN] = {"box", "rounded,filled", "#ffffff", "#555555", "1", WIDE, "object"},
	[NODE_ROOT] = {"house", "filled", "#cfe8f7", "#0072b2", "1.5", NARROW, "root or module"},
	[NODE_RING] = {"box", "rounded,filled", "#fbe3c4", "#b35900", "2.5", WIDE, "on the cycle"},
	[NODE_OWNER] = {"octagon", "filled", "#fff6b3", "#6b5f00", "1.5", NARROW,
			"owns the handle"},
	[NODE_SUBJECT] = {"doubleoctagon", "filled", "#fff6b3", "#333333", "1.5", NARROW,
			  "asked about"},
	[NODE_LIBRARY] = {"component", "filled", "#333333", "#000000", "1.5", WIDE,
			  "loaded library"},
	[NODE_GONE] = {"component", "filled,dashed", "#ffffff", "#a63600", "2.5", WIDE,
		       "library no longer loaded"},
	[NODE_MORE] = {"folder", "filled", "#eeeeee", "#888888", "1", WIDE,
		       "folded: many alike, or more"},
	[NODE_REMARK] = {"plaintext", "", "#ffffff", "#000000", "1", NARROW, NULL},
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

static bool put_wrapped(FILE *out, const char *line, const struct setting *setting)
{
	_cleanup_free_ char *safe = text_escape(line, true), *fitted = NULL;

	fitted = safe ? text_elide(safe, LABEL_LIMIT, true) : NULL;
	for (const char *text = fitted; text && *text;) {
		size_t bytes = fitting_bytes(text, setting->columns);

		fputs(setting->lead, out);
		put_label(out, text, bytes);
		text += bytes;
		text += strspn(text, " ");
		if (*text)
			fputs(setting->end, out);
	}
	return fitted;
}

/* Line feeds part lines; those from the process were escaped when the drawing was made. */
static char *label_text(const char *text, const struct setting *setting)
{
	_cleanup_free_ char *copy = strdup(text);
	char *ret = NULL, *rest = copy;
	struct memtext m;
	bool opened = copy && memtext_open(&m), ok = opened;

	for (char *line; ok && (line = strsep(&rest, "\n"));) {
		ok = put_wrapped(m.out, line, setting);
		if (rest || setting->left)
			fputs(setting->end, m.out);
	}
	if (opened)
		ret = memtext_close(&m);
	if (ok)
		return ret;
	free(ret);
	return NULL;
}

static bool set(void *object, const char *name, const char *value)
{
	return !agsafeset(object, (char *)name, (char *)value, "");
}

static bool set_label(void *object, const char *text, const struct setting *setting)
{
	_cleanup_free_ char *label = label_text(text, setting);

	return label && set(object, "label", label);
}

static void set_defaults(Agraph_t *graph)
{
	static const char *const graph_defaults[][2] = {
		{"fontname", "Helvetica,Arial,sans-serif"}, {"fontsize", "12"},
		{"labelloc", "t"}, {"labeljust", "l"}, {"nodesep", "0.35"}, {"ranksep", "0.4"},
		{"pad", "0.25"}, {"bgcolor", "white"}, {"charset", "UTF-8"}, {"dpi", "144"},
		/* 16.6 inches are 2,400 pixels at this density: larger pictures are scaled down. */
		{"size", "16.6,60"},
		/* No line of DOT is broken: cgraph would break inside an escape. */
		{"linelength", "0"},
	};
	static const char *const node_defaults[][2] = {
		{"fontname", "Helvetica,Arial,sans-serif"}, {"fontsize", "11"},
		{"height", "0.3"},
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
	       set(node, "penwidth", look->pen) && set(node, "margin", look->margin) &&
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
	return set_look(made, node->role) && set_label(made, label, &node_setting) ? made : NULL;
}

static bool add_edge(Agraph_t *graph, const struct drawn_edge *edge, Agnode_t **nodes,
		     const char *id)
{
	const struct edge_look *look = &edge_looks[edge->role];
	Agedge_t *made = agedge(graph, nodes[edge->from], nodes[edge->to], (char *)id, 1);

	return made && set(made, "style", look->style) && set(made, "color", look->color) &&
	       set(made, "penwidth", look->pen) && set(made, "arrowhead", look->head) &&
	       set(made, "fontcolor", edge->role == EDGE_CUT ? "#a63600" : "#222222") &&
	       set_label(made, edge->label, &edge_setting);
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
	    !set(panel, "margin", "14") || !set_label(panel, title, &title_setting))
		return NULL;
	return panel;
}

static Agnode_t *add_key(Agraph_t *legend, int role)
{
	Agnode_t *node;
	char id[32];

	snprintf(id, sizeof(id), "legend%d", role);
	node = agnode(legend, id, 1);
	if (!node || !set_look(node, (enum node_role)role) ||
	    !set_label(node, looks[role].legend, &node_setting) || !set(node, "fontsize", "8") ||
	    !set(node, "margin", "0.06,0.03") || !set(node, "height", "0.2"))
		return NULL;
	return node;
}

/* Holds a key of the legend below the last node of each panel. */
static bool hold_below(Agraph_t *graph, const struct drawing *drawing, Agnode_t **nodes,
		       Agnode_t *key)
{
	for (uint32_t i = 0; i < drawing->nodes; i++) {
		Agedge_t *edge;

		if (i + 1 < drawing->nodes && drawing->node[i + 1].panel == drawing->node[i].panel &&
		    drawing->node[i].role != NODE_LIBRARY && drawing->node[i].role != NODE_GONE)
			continue;
		edge = agedge(graph, nodes[i], key, NULL, 1);
		if (!edge || !set(edge, "style", "invis") || !set(edge, "weight", "0"))
			return false;
	}
	return true;
}

/* The roles in use, in a row below everything else. */
static bool add_legend(Agraph_t *graph, const struct drawing *drawing, Agnode_t **nodes)
{
	bool used[NODE_ROLES] = {false};
	Agraph_t *frame = add_panel(graph, "Key", drawing->panels);
	Agraph_t *legend = frame ? agsubg(frame, (char *)"legend", 1) : NULL;
	Agnode_t *first = NULL;

	if (!legend || !set(frame, "fontsize", "9") || !set(frame, "margin", "6") ||
	    !set(legend, "rank", "same"))
		return false;
	for (uint32_t i = 0; i < drawing->nodes; i++)
		used[drawing->node[i].role] = true;
	for (int role = 0; role < NODE_ROLES; role++) {
		Agnode_t *key;

		if (!used[role] || !looks[role].legend)
			continue;
		key = add_key(legend, role);
		if (!key)
			return false;
		first = first ? first : key;
	}
	return !first || drawing->sideways || hold_below(graph, drawing, nodes, first);
}

static bool fill(Agraph_t *graph, const struct drawing *drawing, Agraph_t **panels,
		 Agnode_t **nodes)
{
	char id[32];

	if (!set_label(graph, drawing->caption, &caption_setting) ||
	    !set(graph, "rankdir", drawing->sideways ? "LR" : "TB"))
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
	return add_legend(graph, drawing, nodes);
}

struct hg_error *dot_create(const struct drawing *drawing, struct Agraph_s **ret)
{
	_cleanup_free_ Agraph_t **panels = calloc(drawing->panels + 1ul, sizeof(Agraph_t *));
	_cleanup_free_ Agnode_t **nodes = calloc(drawing->nodes + 1ul, sizeof(Agnode_t *));
	Agraph_t *graph = agopen((char *)"heapgraph", Agdirected, (Agdisc_t *)&dot_discipline);

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
