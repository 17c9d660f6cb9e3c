/* The key: one small node for each role in use. */
#include <string.h>

#include "dot_parts.h"

static Agnode_t *add_key(Agraph_t *legend, int role, const struct theme *theme)
{
	const struct node_look *look = &node_looks[role];
	Agnode_t *node;
	char id[32];

	snprintf(id, sizeof(id), "legend_%s", look->name);
	node = agnode(legend, id, 1);
	if (!node || !dot_set_node_look(node, (enum node_role)role, theme) ||
	    !dot_set_label(node, "label", look->legend, &dot_node_text) ||
	    !dot_set_label(node, "tooltip", look->legend, &dot_tip_text) ||
	    !dot_set(node, "class", "key") || !dot_set(node, "fontsize", "9") ||
	    !dot_set(node, "margin", "0.06,0.03") || !dot_set(node, "height", "0.2"))
		return NULL;
	return node;
}

/* Whether nothing else keeps the node above the key: what it refers to may be drawn above it. */
static bool may_be_last(const struct drawing *drawing, uint32_t node)
{
	for (uint32_t i = 0; i < drawing->edges; i++)
		if (drawing->edge[i].from == node && drawing->edge[i].to > node)
			return false;
	return true;
}

static bool add_invisible(Agraph_t *graph, Agnode_t *from, Agnode_t *to)
{
	Agedge_t *edge = agedge(graph, from, to, NULL, 1);

	return edge && dot_set(edge, "style", "invis") && dot_set(edge, "weight", "0");
}

static bool hold_below(Agraph_t *graph, const struct drawing *drawing, Agnode_t **nodes,
		       Agnode_t *key)
{
	for (uint32_t i = 0; i < drawing->nodes; i++)
		if (may_be_last(drawing, i) && !add_invisible(graph, nodes[i], key))
			return false;
	return true;
}

bool dot_add_legend(Agraph_t *graph, const struct drawing *drawing, Agnode_t **nodes,
		    const struct theme *theme)
{
	bool used[NODE_ROLES] = {false};
	Agraph_t *frame = dot_add_panel(graph, "Key", drawing->panels);
	Agraph_t *legend = frame ? agsubg(frame, (char *)"legend", 1) : NULL;
	Agnode_t *first = NULL, *last = NULL;

	if (!legend || !dot_set(frame, "fontsize", "9") || !dot_set(frame, "margin", "6") ||
	    !dot_set(legend, "rank", drawing->sideways ? "" : "same"))
		return false;
	for (uint32_t i = 0; i < drawing->nodes; i++)
		used[drawing->node[i].role] = true;
	for (int role = 0; role < NODE_ROLES; role++) {
		Agnode_t *key;

		if (!used[role] || !node_looks[role].legend)
			continue;
		key = add_key(legend, role, theme);
		if (!key)
			return false;
		/* A row in both directions of drawing: ranks, or an edge from each to the next. */
		if (drawing->sideways && last && !add_invisible(legend, last, key))
			return false;
		first = first ? first : key;
		last = key;
	}
	return !first || drawing->sideways || hold_below(graph, drawing, nodes, first);
}
