/* The picture of `retained`: the top of the dominator tree, left to right. An edge says that what
 * it leads to is freed if what it comes from goes, and its share of the whole. */
#include <string.h>

#include "drawing.h"
#include "retained.h"
#include "words.h"

#define SIBLINGS 12 /* below one object at most; fewer where the picture would hold too many */

struct tree {
	struct drawing *drawing;
	const struct answer *answer;
	const struct dominators *d;
	uint32_t top, panel;
	uint32_t *parent; /* node of the last row of each depth, [depth + 1] */
};

static char *figures(uint64_t objects, uint64_t bytes)
{
	char count[WORD_SIZE], size[WORD_SIZE], *ret;

	if (asprintf(&ret, "%s, %s object%s", bytes_words(bytes, size), count_words(objects, count),
		     plural(objects)) < 0)
		return NULL;
	return ret;
}

static uint32_t add_top(struct tree *tree)
{
	const struct dominators *d = tree->d;
	struct drawing *drawing = tree->drawing;
	_cleanup_free_ char *own = NULL;
	char *text = figures(d->objects[tree->top], d->retained[tree->top]);
	uint32_t node;

	if (tree->top == d->n)
		return drawing_node(drawing, tree->panel, NODE_ROOT,
				    strdup("all that is alive"), text);
	own = text;
	node = drawing_object(drawing, tree->answer, tree->panel, tree->top, NODE_SUBJECT);
	drawing_add_detail(drawing, node, own ? own : "");
	return node;
}

/* "app.cache", what it is and what it retains. */
static uint32_t add_object(struct tree *tree, const struct retained_row *row)
{
	_cleanup_free_ char *sums = figures(row->objects, row->bytes);
	_cleanup_free_ char *path = retained_path(tree->answer, row->object);
	uint32_t node = drawing_object(tree->drawing, tree->answer, tree->panel, row->object,
				       drawing_role_of(tree->answer, row->object));

	tree->drawing->no_memory |= !sums || !path;
	if (!tree->drawing->no_memory) {
		if (*path && !strstr(tree->drawing->node[node].title, path))
			drawing_add_detail(tree->drawing, node, path);
		drawing_add_detail(tree->drawing, node, sums);
	}
	return node;
}

static uint32_t add_rest(struct tree *tree, const struct retained_row *row)
{
	const struct snapshot *s = tree->answer->s;
	char count[WORD_SIZE], *title;

	if (asprintf(&title, "%s more%s%s", count_words(row->count, count),
		     row->type == HGS_NONE ? "" : " \xc3\x97 ",
		     row->type == HGS_NONE ? "" : snapshot_text(s, row->type)) < 0)
		title = NULL;
	return drawing_node(tree->drawing, tree->panel, NODE_MORE, title,
			    figures(row->objects, row->bytes));
}

static void add_row(struct tree *tree, const struct retained_row *row)
{
	uint64_t whole = tree->d->retained[tree->top];
	bool rest = row->object == HGS_NONE;
	uint32_t node = rest ? add_rest(tree, row) : add_object(tree, row);
	char *share;

	if (asprintf(&share, "%.1f %%", whole ? 100.0 * (double)row->bytes / (double)whole : 0) < 0)
		share = NULL;
	drawing_edge(tree->drawing, tree->parent[row->depth], node, rest ? EDGE_MORE : EDGE_PLAIN,
		     share);
	tree->parent[row->depth + 1] = node;
}

/* As many rows as the picture holds: with fewer siblings of each, more are counted in one node. */
static struct hg_error *fitting_rows(const struct tree *tree, uint32_t depth,
				     struct retained_row **ret, size_t *count)
{
	for (uint32_t siblings = SIBLINGS;; siblings--) {
		struct hg_error *error = retained_rows(tree->answer->s, tree->d, tree->top, depth,
						       siblings, ret, count);

		if (error || siblings == 1 || *count < tree->drawing->max_nodes)
			return error;
		free(*ret);
	}
}

static struct hg_error *add_tree(struct tree *tree, uint32_t depth)
{
	_cleanup_free_ struct retained_row *rows = NULL;
	struct hg_error *error;
	size_t count;

	if (tree->top != tree->d->n && tree->d->parent[tree->top] == HGS_NONE) {
		uint32_t node = drawing_object(tree->drawing, tree->answer, tree->panel, tree->top,
					       NODE_SUBJECT);

		drawing_add_detail(tree->drawing, node, "garbage: keeps nothing alive");
		return NULL;
	}
	error = fitting_rows(tree, depth, &rows, &count);
	if (error)
		return error;
	tree->parent[0] = add_top(tree);
	for (size_t i = 0; i < count && !tree->drawing->no_memory; i++)
		add_row(tree, &rows[i]);
	return NULL;
}

struct hg_error *select_retained(struct drawing *drawing, const struct answer *answer,
				 const struct picture_options *options)
{
	_cleanup_dominators_ struct dominators *d = NULL;
	_cleanup_free_ uint32_t *parent = calloc((size_t)options->depth + 2, sizeof(*parent));
	struct tree tree = {.drawing = drawing, .answer = answer, .parent = parent};
	struct hg_error *error = parent ? retained_dominators(answer, &d) : &hg_error_no_memory;

	if (error)
		return error;
	tree.d = d;
	tree.top = d->n;
	tree.panel = drawing_panel(drawing, strdup(""));
	drawing->sideways = true;
	if (!options->num_objects)
		error = add_tree(&tree, (uint32_t)options->depth);
	for (uint32_t i = 0; i < options->num_objects && !error; i++) {
		if (i && drawing->nodes >= drawing->max_nodes)
			break;
		tree.top = options->objects[i];
		error = add_tree(&tree, (uint32_t)options->depth);
	}
	if (error)
		return error;
	drawing->caption = strdup("Who keeps what alive: what an edge leads to is freed if what it "
				  "comes from goes");
	drawing->no_memory |= !drawing->caption;
	return drawing->no_memory ? &hg_error_no_memory : NULL;
}
