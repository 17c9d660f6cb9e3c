/* A drawing as a Graphviz graph.
 *
 * Beside what is drawn, each node and edge says what it is to programs that read DOT or SVG: its
 * role (class), the object's address (id), and the whole of it (tooltip). */
#include "dot_ids.h"
#include "dot_parts.h"
#include "words.h"

#include <string.h>

static void set_defaults(Agraph_t *graph, const struct theme *theme)
{
	const char *const graph_defaults[][2] = {
		{"fontname", "Helvetica,Arial,sans-serif"}, {"fontsize", "12"},
		{"fontcolor", theme->text}, {"labelloc", "t"}, {"labeljust", "l"},
		{"nodesep", "0.35"}, {"ranksep", "0.4"}, {"pad", "0.25"},
		{"bgcolor", theme->background}, {"charset", "UTF-8"}, {"dpi", "144"},
		/* 16.6 inches are 2,400 pixels at this density: larger pictures are scaled down. */
		{"size", "16.6,60"},
		/* No line of DOT is broken: cgraph would break inside an escape. */
		{"linelength", "0"}, {"tooltip", " "},
	};
	static const char *const node_defaults[][2] = {
		{"fontname", "Helvetica,Arial,sans-serif"}, {"fontsize", "11"},
		{"height", "0.3"}, {"label", ""},
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
}

bool dot_set_node_look(Agnode_t *node, enum node_role role, const struct theme *theme)
{
	const struct node_look *look = &node_looks[role];
	const struct node_paint *paint = &theme->node[role];

	return dot_set(node, "class", look->name) && dot_set(node, "shape", look->shape) &&
	       dot_set(node, "style", look->style) && dot_set(node, "penwidth", look->pen) &&
	       dot_set(node, "margin", look->margin) && dot_set(node, "fillcolor", paint->fill) &&
	       dot_set(node, "color", paint->line) && dot_set(node, "fontcolor", paint->text);
}

/* Two thick lines around what --highlight matches. */
static bool set_highlight(Agnode_t *node, const struct theme *theme)
{
	return dot_set(node, "color", theme->mark) && dot_set(node, "penwidth", "3") &&
	       dot_set(node, "peripheries", "2");
}

/* What the node shows, and of an object its address, size and reference count. */
static char *node_tip(const struct drawn_node *node, const struct snapshot *s)
{
	char bytes[WORD_SIZE], counts[96] = "";
	const char *detail = node->detail, *break_ = *detail ? "\n" : "";
	char *ret;

	if (node->object != HGS_NONE && !(s->flags[node->object] & HGS_OBJ_PSEUDO))
		snprintf(counts, sizeof(counts), "\n0x%llx, %s, reference count %u",
			 (unsigned long long)s->addr[node->object],
			 bytes_words(s->size[node->object], bytes), s->refs[node->object]);
	return asprintf(&ret, "%s%s%s%s", node->title, break_, detail, counts) < 0 ? NULL : ret;
}

/* Anchors of SVG: the object's address; in further panels, which may show it again, with theirs. */
static bool set_anchor(Agnode_t *made, const struct drawn_node *node, const struct snapshot *s)
{
	unsigned long long address;
	char id[48];

	if (node->object == HGS_NONE)
		return true;
	address = (unsigned long long)s->addr[node->object];
	if (node->panel)
		snprintf(id, sizeof(id), "panel%u-0x%llx", node->panel, address);
	else
		snprintf(id, sizeof(id), "0x%llx", address);
	return dot_set(made, "id", id);
}

static Agnode_t *add_node(Agraph_t *panel, const struct drawn_node *node, const struct snapshot *s,
			  const struct theme *theme, const uint8_t *highlight, const char *id)
{
	bool marked = highlight && node->object != HGS_NONE && highlight[node->object];
	_cleanup_free_ char *label = NULL, *tip = node_tip(node, s);
	Agnode_t *made = agnode(panel, (char *)id, 1);

	if (asprintf(&label, "%s%s%s", node->title, *node->detail ? "\n" : "", node->detail) < 0)
		label = NULL;
	if (!made || !label || !tip || !dot_set_node_look(made, node->role, theme) ||
	    !dot_set_label(made, "label", label, &dot_node_text) ||
	    !dot_set_label(made, "tooltip", tip, &dot_tip_text) || !set_anchor(made, node, s) ||
	    (marked && !set_highlight(made, theme)))
		return NULL;
	return made;
}

/* "from, edge, to", in one line. */
static char *edge_tip(const struct drawing *drawing, const struct drawn_edge *edge)
{
	const char *from = drawing->node[edge->from].title, *to = drawing->node[edge->to].title;
	char *ret;

	if (asprintf(&ret, "%s  %s  \xe2\x86\x92  %s", from, edge->label, to) < 0)
		return NULL;
	for (char *c = ret; *c; c++)
		if (*c == '\n')
			*c = ' ';
	return ret;
}

static bool add_edge(Agraph_t *graph, const struct drawing *drawing, const struct drawn_edge *edge,
		     Agnode_t **nodes, const struct theme *theme, const char *id)
{
	const struct edge_look *look = &edge_looks[edge->role];
	const struct edge_paint *paint = &theme->edge[edge->role];
	_cleanup_free_ char *tip = edge_tip(drawing, edge);
	Agedge_t *made = agedge(graph, nodes[edge->from], nodes[edge->to], (char *)id, 1);

	return made && tip && dot_set(made, "class", look->name) &&
	       dot_set(made, "style", look->style) && dot_set(made, "color", paint->line) &&
	       dot_set(made, "penwidth", look->pen) && dot_set(made, "arrowhead", look->head) &&
	       dot_set(made, "fontcolor", paint->text) &&
	       dot_set_label(made, "label", edge->label, &dot_edge_text) &&
	       dot_set_label(made, "tooltip", tip, &dot_tip_text) &&
	       dot_set_label(made, "labeltooltip", tip, &dot_tip_text);
}

Agraph_t *dot_add_panel(Agraph_t *graph, const char *title, uint32_t number)
{
	char name[32];
	Agraph_t *panel;

	if (!*title)
		return graph;
	snprintf(name, sizeof(name), "cluster_%u", number);
	panel = agsubg(graph, name, 1);
	if (!panel || !dot_set(panel, "style", "rounded") || !dot_set(panel, "margin", "14") ||
	    !dot_set_label(panel, "label", title, &dot_title_text) ||
	    !dot_set_label(panel, "tooltip", title, &dot_tip_text))
		return NULL;
	return panel;
}

static bool fill(Agraph_t *graph, const struct drawing *drawing, const struct snapshot *s,
		 Agraph_t **panels, Agnode_t **nodes)
{
	const struct theme *theme = drawing->dark ? &theme_dark : &theme_light;
	char id[32];

	set_defaults(graph, theme);
	if (!dot_set_label(graph, "label", drawing->caption, &dot_caption_text) ||
	    !dot_set(graph, "color", theme->frame) ||
	    !dot_set(graph, "rankdir", drawing->sideways ? "LR" : "TB"))
		return false;
	for (uint32_t i = 0; i < drawing->panels; i++)
		if (!(panels[i] = dot_add_panel(graph, drawing->panel[i], i)))
			return false;
	for (uint32_t i = 0; i < drawing->nodes; i++) {
		const struct drawn_node *node = &drawing->node[i];

		snprintf(id, sizeof(id), "n%u", i);
		nodes[i] = add_node(panels[node->panel], node, s, theme, drawing->highlight, id);
		if (!nodes[i])
			return false;
	}
	for (uint32_t i = 0; i < drawing->edges; i++) {
		snprintf(id, sizeof(id), "e%u", i);
		if (!add_edge(graph, drawing, &drawing->edge[i], nodes, theme, id))
			return false;
	}
	return dot_add_legend(graph, drawing, nodes, theme);
}

struct hg_error *dot_create(const struct drawing *drawing, const struct snapshot *s,
			    struct Agraph_s **ret)
{
	_cleanup_free_ Agraph_t **panels = calloc(drawing->panels + 1ul, sizeof(Agraph_t *));
	_cleanup_free_ Agnode_t **nodes = calloc(drawing->nodes + 1ul, sizeof(Agnode_t *));
	Agraph_t *graph = agopen((char *)"heapgraph", Agdirected, (Agdisc_t *)&dot_discipline);

	if (!graph || !panels || !nodes || !fill(graph, drawing, s, panels, nodes)) {
		if (graph)
			agclose(graph);
		return &hg_error_no_memory;
	}
	*ret = graph;
	return NULL;
}
