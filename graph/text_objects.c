/* why, refs and backrefs as text: chains one below the other, or a tree to a depth. */
#include <string.h>

#include "keeper.h"
#include "neighbors.h"
#include "report_text.h"
#include "roots.h"
#include "routes.h"
#include "words.h"

#define ROUTES 3     /* shown without -v */
#define FEW 3	     /* more objects are asked about together */
#define ALIKE 3	     /* more of a kind become one row */
#define TREE_LINES 200 /* of one tree, unless --limit 0 */

static void put_object(struct page *page, const struct snapshot *s, uint32_t object)
{
	_cleanup_free_ char *words = object_words(s, object);
	char bytes[WORD_SIZE];

	page->no_memory |= !words;
	page_wrap(page, INK_BOLD, 0, 2, "%s", words ? words : "");
	page_line(page, INK_DIM, 2, "0x%llx, %s, reference count %u",
		  (unsigned long long)s->addr[object], bytes_words(s->size[object], bytes),
		  s->refs[object]);
}

static struct hg_error *put_garbage(struct page *page, const struct answer *answer,
				    uint32_t object)
{
	bool frozen = answer->reach->state[object] == REACH_FROZEN;
	_cleanup_keeper_ struct keeper keeper = {0};
	struct hg_error *error = keeper_of(answer, object, &keeper);
	_cleanup_free_ char *from = NULL;

	if (error)
		return error;
	page_wrap(page, INK_WARNING, 2, 4, "No root reaches it: %s",
		  frozen ? "it is garbage in the permanent generation (gc.freeze), which gc never "
			   "frees."
			 : "it is garbage, alive until gc runs.");
	if (!keeper.ring.steps) {
		page_wrap(page, INK_PLAIN, 2, 4, "No cycle keeps it either.");
		return NULL;
	}
	page_wrap(page, INK_PLAIN, 2, 4, "%s",
		  keeper.tail.steps ? "The cycle that keeps it:" : "It is on this cycle:");
	error = text_ring(page, answer->s, &keeper.ring, 0, 2);
	if (error || !keeper.tail.steps)
		return error;
	from = object_words(answer->s, keeper.tail.object[0]);
	page->no_memory |= !from;
	page_wrap(page, INK_PLAIN, 2, 4, "and from %s to it:", from ? from : "");
	return text_tail(page, answer->s, &keeper.tail, 2);
}

static struct hg_error *put_why(struct page *page, const struct answer *answer, uint32_t object)
{
	_cleanup_routes_ struct routes routes = {0};
	uint32_t max = page->style->verbose > 0 ? UINT32_MAX : ROUTES;
	struct hg_error *error = routes_create(answer, object, max, &routes);
	char buffer[WORD_SIZE];

	if (error)
		return error;
	if (!routes.total)
		return put_garbage(page, answer, object);
	if (reach_only_asker(answer->s, answer->reach, object))
		page_wrap(page, INK_PLAIN, 2, 4, "nothing keeps it alive but the frame that asks:");
	else
		page_wrap(page, INK_PLAIN, 2, 4, "kept alive by %s referrer%s that a root reaches:",
			  count_words(routes.total, buffer), plural(routes.total));
	for (uint32_t i = 0; i < routes.count && !error; i++) {
		_cleanup_free_ char *path = path_text(answer->s, &routes.chain[i]);
		_cleanup_free_ char *root = root_words(answer->s, routes.chain[i].root, true);

		page->no_memory |= !path || !root;
		page_end(page);
		page_wrap(page, INK_BOLD, 2, 4, "%s", path ? path : "");
		if (routes.alike[i] > 1)
			page_wrap(page, INK_PLAIN, 4, 6, "and %s more like it",
				  count_words(routes.alike[i] - 1, buffer));
		page_wrap(page, INK_DIM, 4, 6, "root: %s", root ? root : "");
		error = text_chain(page, answer->s, &routes.chain[i], 4);
		text_advice(page, answer->s, &routes.chain[i], 4);
	}
	if (routes.count < routes.kinds)
		page_wrap(page, INK_DIM, 2, 4, "%s %s more chains (-v shows them)",
			  page_glyphs(page)->more,
			  count_words(routes.kinds - routes.count, buffer));
	return error;
}

/* One open level of the tree. */
struct level {
	struct neighbors neighbors;
	uint64_t next, shown;
};

struct tree {
	struct page *page;
	const struct answer *answer;
	bool referrers;
	struct level *level; /* [depth] */
	int depth, open;
	uint8_t *seen; /* bit per object */
	uint64_t lines;
};

static void tree_deinit(struct tree *tree)
{
	for (int i = 0; i < tree->open; i++)
		neighbors_deinit(&tree->level[i].neighbors);
	free(tree->level);
	free(tree->seen);
}

static bool test_and_set(uint8_t *seen, uint32_t object)
{
	bool was = seen[object / 8] >> object % 8 & 1;

	seen[object / 8] |= (uint8_t)(1u << object % 8);
	return was;
}

static struct hg_error *open_level(struct tree *tree, uint32_t object)
{
	struct level *level = &tree->level[tree->open];
	struct hg_error *error = neighbors_create(
		tree->answer, object,
		(struct neighbors_wanted){.referrers = tree->referrers, .alike = ALIKE},
		&level->neighbors);

	if (error)
		return error;
	level->next = 0;
	level->shown = text_limited(tree->page, level->neighbors.count);
	tree->open++;
	return NULL;
}

static int put_trunk(struct tree *tree, bool last)
{
	const struct glyphs *glyphs = page_glyphs(tree->page);
	int drawn = tree->open < 12 ? tree->open : 12; /* deeper levels keep the last margin */

	fputs("  ", tree->page->out);
	for (int i = 0; i + 1 < drawn; i++) {
		const struct level *level = &tree->level[i];

		fputs(level->next < level->neighbors.count ? glyphs->trunk : glyphs->gap,
		      tree->page->out);
	}
	fputs(last ? glyphs->last : glyphs->branch, tree->page->out);
	return 2 + 3 * drawn;
}

static void put_row(struct tree *tree, const struct neighbor *row, bool last, bool again)
{
	struct page *page = tree->page;
	const struct snapshot *s = tree->answer->s;
	_cleanup_free_ char *edge = neighbor_edge(s, row), *line = NULL, *words = NULL;
	char count[WORD_SIZE], times[2 * WORD_SIZE] = "";
	const char *arrow = page_glyphs(page)->arrow;
	int used = put_trunk(tree, last), length;

	words = root_or_object_words(s, tree->answer->reach->root[row->object], row->object);
	if (row->count > 1)
		snprintf(times, sizeof(times), "%s %s ", count_words(row->count, count),
			 page_glyphs(page)->times);
	if (tree->referrers)
		length = asprintf(&line, "%s%s %s%s", times, words ? words : "", edge ? edge : "",
				  again ? " (shown above)" : "");
	else
		length = asprintf(&line, "%s %s %s%s%s", edge ? edge : "", arrow, times,
				  words ? words : "", again ? " (shown above)" : "");
	if (length < 0)
		line = NULL;
	page->no_memory |= !edge || !words || !line;
	page_last(page, again ? INK_DIM : INK_PLAIN, page->style->width - used, line ? line : "");
	tree->lines++;
}

/* Prints the next row of the innermost level, and opens the level below it. */
static struct hg_error *advance(struct tree *tree)
{
	struct level *level = &tree->level[tree->open - 1];
	const struct neighbor *row;
	bool again;

	if (level->next >= level->shown) {
		if (level->shown < level->neighbors.count) {
			put_trunk(tree, true);
			text_rest(tree->page, 0, level->neighbors.count, level->shown, "rows");
		}
		neighbors_deinit(&level->neighbors);
		tree->open--;
		return NULL;
	}
	row = &level->neighbors.row[level->next++];
	again = test_and_set(tree->seen, row->object);
	put_row(tree, row, level->next == level->neighbors.count, again);
	if (again || row->count > 1 || tree->open >= tree->depth ||
	    (!tree->referrers && !neighbors_worth_opening(tree->answer, row->object)))
		return NULL;
	return open_level(tree, row->object);
}

static struct hg_error *put_tree(struct page *page, const struct answer *answer, uint32_t object,
				 bool referrers, int depth)
{
	_cleanup_(tree_deinit) struct tree tree = {
		.page = page,
		.answer = answer,
		.referrers = referrers,
		.level = calloc((size_t)(depth < 1 ? 1 : depth), sizeof(struct level)),
		.depth = depth < 1 ? 1 : depth,
		.seen = calloc(answer->s->n / 8 + 1ul, 1),
	};
	bool whole = !page->style->limit;
	struct hg_error *error;

	if (!tree.level || !tree.seen)
		return &hg_error_no_memory;
	test_and_set(tree.seen, object);
	error = open_level(&tree, object);
	if (!error && !tree.level[0].neighbors.count)
		page_wrap(page, INK_DIM, 2, 4, "%s",
			  referrers ? "Nothing in the heap refers to it." : "It refers to nothing.");
	while (!error && tree.open && (whole || tree.lines < TREE_LINES))
		error = advance(&tree);
	if (!error && tree.open)
		page_wrap(page, INK_DIM, 2, 4, "%s stopped after %u lines (--limit 0 shows all)",
			  page_glyphs(page)->more, TREE_LINES);
	return error;
}

struct hg_error *text_objects(struct page *page, const struct answer *answer,
			      enum object_part part, const uint32_t *objects, uint32_t count,
			      uint64_t total, int depth)
{
	bool crowd = part == OBJECT_WHY && total > FEW;
	struct hg_error *error = crowd ? text_crowds(page, answer, objects, total) : NULL;

	if (crowd && page->style->verbose <= 0)
		return error;
	if (crowd)
		page_end(page);
	for (uint32_t i = 0; i < count && !error; i++) {
		put_object(page, answer->s, objects[i]);
		if (part == OBJECT_WHY)
			error = put_why(page, answer, objects[i]);
		else
			error = put_tree(page, answer, objects[i], part == OBJECT_BACKREFS, depth);
		if (i + 1 < count)
			page_end(page);
	}
	text_rest(page, 0, total, count, "objects");
	return error;
}
