/* Pictures of chosen objects: the chains that keep them (why), what they refer to (refs), what
 * refers to them (backrefs), breadth-first to a depth and at most max_nodes. */
#include <string.h>

#include "drawing.h"
#include "keeper.h"
#include "neighbors.h"
#include "routes.h"
#include "utf8.h"
#include "words.h"

#define ALIKE 3	 /* more of a kind are one node */
#define FAN_OUT 12 /* rows of one object; the others are counted in a node */
#define ROUTES 5
#define VALUE_COLUMNS 36

static struct hg_error *add_garbage(struct drawing *drawing, const struct answer *answer,
				    uint32_t panel, uint32_t object)
{
	_cleanup_keeper_ struct keeper keeper = {0};
	struct hg_error *error = keeper_of(answer, object, &keeper);
	uint32_t first = drawing->nodes, remark;

	if (!error)
		error = drawing_ring(drawing, answer, panel, &keeper.ring, 0, NULL);
	if (!error)
		error = drawing_chain(drawing, answer, panel, &keeper.tail);
	if (error)
		return error;
	drawing_object(drawing, answer, panel, object, NODE_SUBJECT);
	if (drawing->nodes == first)
		return NULL; /* on a ring that is drawn for another object */
	remark = drawing_node(drawing, panel, NODE_REMARK, strdup("garbage: no root reaches it"),
			      strdup(""));
	drawing_edge(drawing, remark, first, EDGE_MORE, strdup(""));
	return drawing->no_memory ? &hg_error_no_memory : NULL;
}

static struct hg_error *add_routes(struct drawing *drawing, const struct answer *answer,
				   uint32_t panel, uint32_t object, uint64_t *left_out)
{
	_cleanup_routes_ struct routes routes = {0};
	struct hg_error *error = routes_create(answer, object, ROUTES, &routes);

	if (error)
		return error;
	if (!routes.total)
		return add_garbage(drawing, answer, panel, object);
	drawing_object(drawing, answer, panel, object, NODE_SUBJECT);
	*left_out += routes.kinds - routes.count;
	for (uint32_t i = 0; i < routes.count && !error; i++) {
		if (i && drawing->objects + routes.chain[i].steps > drawing->max_nodes)
			++*left_out;
		else
			error = drawing_chain(drawing, answer, panel, &routes.chain[i]);
	}
	return error;
}

struct hg_error *select_why(struct drawing *drawing, const struct answer *answer,
			    const struct picture_options *options)
{
	uint32_t panel = drawing_panel(drawing, strdup(""));
	uint64_t left_out = 0;
	struct hg_error *error = NULL;
	char count[WORD_SIZE];

	for (uint32_t i = 0; i < options->num_objects && !error; i++) {
		if (i && drawing->objects >= drawing->max_nodes)
			left_out++;
		else
			error = add_routes(drawing, answer, panel, options->objects[i], &left_out);
	}
	if (error)
		return error;
	if (asprintf(&drawing->caption, "What keeps it alive%s%s", left_out ? "; chains not drawn: " : "",
		     left_out ? count_words(left_out, count) : "") < 0) {
		drawing->caption = NULL;
		return &hg_error_no_memory;
	}
	return NULL;
}

struct search {
	struct drawing *drawing;
	const struct answer *answer;
	uint32_t panel;
	bool referrers, all; /* all: --all-edges */
	const uint8_t *only; /* --filter, or NULL */
	uint64_t hidden, unexplored;
	uint32_t *queue; /* nodes, [max_nodes] */
	int *depth;	 /* of each */
	uint32_t head, tail;
};

static void connect_row(struct search *search, uint32_t node, uint32_t other, bool more,
			char *label)
{
	drawing_edge(search->drawing, search->referrers ? other : node,
		     search->referrers ? node : other, more ? EDGE_MORE : EDGE_PLAIN, label);
}

static void add_fold(struct search *search, uint32_t node, uint64_t count, const char *what,
		     char *label)
{
	char figure[WORD_SIZE], *title;

	if (asprintf(&title, "%s %s", count_words(count, figure), what) < 0)
		title = NULL;
	connect_row(search,
		    node, drawing_node(search->drawing, search->panel, NODE_MORE, title, strdup("")),
		    true, label);
}

/* Values stand in the node of what holds them: as nodes of their own None and small numbers would
 * tie everything to everything. */
static void add_value(struct search *search, uint32_t node, const struct neighbor *row)
{
	_cleanup_free_ char *edge = neighbor_edge(search->answer->s, row), *safe = NULL;
	_cleanup_free_ char *value = object_text(search->answer->s, row->object), *fitted = NULL;
	_cleanup_free_ char *line = NULL;

	if (edge && value && asprintf(&line, "%s = %s", edge, value) < 0)
		line = NULL;
	safe = line ? text_escape(line, true) : NULL;
	fitted = safe ? text_elide(safe, VALUE_COLUMNS, true) : NULL;
	if (fitted)
		drawing_add_detail(search->drawing, node, fitted);
	else
		search->drawing->no_memory = true;
}

static void add_row(struct search *search, uint32_t node, int depth, const struct neighbor *row)
{
	struct drawing *drawing = search->drawing;
	const struct answer *answer = search->answer;
	_cleanup_free_ char *edge = neighbor_edge(answer->s, row);
	char *label = edge ? text_escape(edge, true) : NULL;
	bool opens = search->referrers || search->all || neighbors_worth_opening(answer, row->object);
	uint32_t other = drawing_find(drawing, search->panel, row->object);

	if (row->count > 1) {
		_cleanup_free_ char *what = NULL, *safe = NULL;

		if (asprintf(&what, "\xc3\x97 %s", snapshot_type_name(answer->s, row->object)) < 0)
			what = NULL;
		safe = what ? text_escape(what, true) : NULL;
		drawing->no_memory |= !safe;
		add_fold(search, node, row->count, safe ? safe : "", label);
		drawing->objects++;
		return;
	}
	if (other == DRAWING_NONE) {
		other = drawing_object(drawing, answer, search->panel, row->object,
				       drawing_role_of(answer, row->object));
		if (opens && search->tail < drawing->max_nodes) {
			search->depth[search->tail] = depth + 1;
			search->queue[search->tail++] = other;
		}
	}
	connect_row(search, node, other, false, label);
}

static struct hg_error *expand(struct search *search, uint32_t node, int depth)
{
	_cleanup_neighbors_ struct neighbors neighbors = {0};
	struct drawing *drawing = search->drawing;
	uint32_t object = drawing->node[node].object;
	const struct neighbors_wanted wanted = {.referrers = search->referrers,
						.all = search->all,
						.alike = search->all ? 0 : ALIKE,
						.only = search->only};
	uint64_t fan_out = search->all ? UINT64_MAX : FAN_OUT;
	struct hg_error *error = neighbors_create(search->answer, object, wanted, &neighbors);
	uint64_t i;

	if (error)
		return error;
	search->hidden += neighbors.hidden;
	for (i = 0; i < neighbors.count && i < fan_out && drawing->objects < drawing->max_nodes &&
		    !drawing->no_memory;
	     i++)
		if (!search->referrers && !search->all && neighbors.row[i].count == 1 &&
		    neighbors_is_value(search->answer->s, neighbors.row[i].object))
			add_value(search, node, &neighbors.row[i]);
		else
			add_row(search, node, depth, &neighbors.row[i]);
	if (i < neighbors.count)
		add_fold(search, node, neighbors.count - i, "more", strdup(""));
	return drawing->no_memory ? &hg_error_no_memory : NULL;
}

static void search_deinit(struct search *search)
{
	free(search->queue);
	free(search->depth);
}

static void start(struct search *search, const struct picture_options *options)
{
	struct drawing *drawing = search->drawing;

	for (uint32_t i = 0; i < options->num_objects && search->tail < drawing->max_nodes; i++) {
		search->depth[search->tail] = 0;
		search->queue[search->tail++] = drawing_object(drawing, search->answer, search->panel,
							       options->objects[i], NODE_SUBJECT);
	}
}

static void add_caption(const struct search *search, const struct picture_options *options)
{
	char hidden[WORD_SIZE], unexplored[WORD_SIZE];

	if (asprintf(&search->drawing->caption, "%s, to depth %d%s%s%s%s%s",
		     search->referrers ? "What refers to it" : "What it refers to", options->depth,
		     search->referrers || search->all ? "" : "; classes and modules are not opened",
		     !search->hidden ? "" : search->only ? "; left out: " : "; not drawn, string keys and types: ",
		     search->hidden ? count_words(search->hidden, hidden) : "",
		     search->unexplored ? "; not followed (--max-nodes), objects: " : "",
		     search->unexplored ? count_words(search->unexplored, unexplored) : "") < 0) {
		search->drawing->caption = NULL;
		search->drawing->no_memory = true;
	}
}

struct hg_error *select_neighbors(struct drawing *drawing, const struct answer *answer,
				  const struct picture_options *options)
{
	_cleanup_(search_deinit) struct search search = {
		.drawing = drawing,
		.answer = answer,
		.panel = drawing_panel(drawing, strdup("")),
		.referrers = options->kind == PICTURE_BACKREFS,
		.all = options->all_edges,
		.only = options->filter,
		.queue = calloc(drawing->max_nodes, sizeof(uint32_t)),
		.depth = calloc(drawing->max_nodes, sizeof(int)),
	};
	struct hg_error *error = NULL;

	if (!search.queue || !search.depth)
		return &hg_error_no_memory;
	drawing->sideways = true;
	for (start(&search, options); search.head < search.tail && !error; search.head++) {
		uint32_t node = search.queue[search.head];

		if (search.depth[search.head] >= options->depth)
			continue;
		if (drawing->objects >= drawing->max_nodes)
			search.unexplored++;
		else
			error = expand(&search, node, search.depth[search.head]);
	}
	if (error)
		return error;
	add_caption(&search, options);
	return drawing->no_memory ? &hg_error_no_memory : NULL;
}
