/* retained as text: the top of the dominator tree, or what would be freed if an object went. */
#include "gather.h"
#include "report_json.h"
#include "report_text.h"
#include "retained.h"
#include "types.h"
#include "words.h"

enum { FIGURE = 10, SHARE = 7, DEEPEST = 12 };

#define FEW 3 /* more objects are told together only, unless -v */

static char *rest_words(const struct page *page, const struct snapshot *s,
			const struct retained_row *row)
{
	char count[WORD_SIZE];
	char *ret;

	if (asprintf(&ret, "%s %s more%s%s", page_glyphs(page)->more, count_words(row->count, count),
		     row->type == HGS_NONE ? "" : " of type ",
		     row->type == HGS_NONE ? "" : snapshot_text(s, row->type)) < 0)
		return NULL;
	return ret;
}

static char *row_words(const struct page *page, const struct answer *answer,
		       const struct retained_row *row)
{
	_cleanup_free_ char *path = NULL, *words = NULL;
	char *ret;

	if (row->object == HGS_NONE)
		return rest_words(page, answer->s, row);
	path = retained_path(answer, row->object);
	words = object_words(answer->s, row->object);
	if (!path || !words ||
	    asprintf(&ret, "%s %s %s", path, page_glyphs(page)->dot, words) < 0)
		return NULL;
	return ret;
}

static void put_row(struct page *page, const struct answer *answer, uint64_t live,
		    const struct retained_row *row)
{
	_cleanup_free_ char *words = row_words(page, answer, row);
	int indent = 2 + 2 * (row->depth < DEEPEST ? (int)row->depth : DEEPEST);
	enum ink ink = row->object == HGS_NONE ? INK_DIM : INK_PLAIN;
	char buffer[WORD_SIZE];

	page->no_memory |= !words;
	page_cell(page, ink, FIGURE, true, bytes_words(row->bytes, buffer));
	snprintf(buffer, sizeof(buffer), "%.1f %%",
		 live ? 100.0 * (double)row->bytes / (double)live : 0);
	page_cell(page, ink, SHARE + 1, true, buffer);
	page_cell(page, ink, FIGURE + 2, true, count_words(row->objects, buffer));
	page_cell(page, ink, indent, false, "");
	page_last(page, ink, page->style->width - 2 * FIGURE - SHARE - 3 - indent,
		  words ? words : "");
}

struct hg_error *text_retained(struct page *page, const struct answer *answer,
			       const struct dominators *d, uint32_t depth)
{
	struct retained_heap heap = retained_heap(answer->s, d);
	_cleanup_free_ struct retained_row *rows = NULL;
	size_t count;
	struct hg_error *error = retained_rows(answer->s, d, d->n, depth, page->style->limit,
					       &rows, &count);
	char objects[WORD_SIZE], bytes[WORD_SIZE];

	if (error)
		return error;
	if (page->style->verbose >= 0) {
		page_wrap(page, INK_PLAIN, 0, 2,
			  "Alive: %s objects, %s. Each row: what would be freed if the object "
			  "went; indented, what only it keeps alive.",
			  count_words(heap.live, objects), bytes_words(heap.live_bytes, bytes));
		page_wrap(page, INK_PLAIN, 0, 2, "Shared, kept by no single object: %s objects, %s of own "
			  "size.", count_words(heap.shared, objects),
			  bytes_words(heap.shared_bytes, bytes));
		if (heap.garbage)
			page_wrap(page, INK_PLAIN, 0, 2, "Garbage, in no row: %s objects, %s.",
				  count_words(heap.garbage, objects),
				  bytes_words(heap.garbage_bytes, bytes));
	}
	page_cell(page, INK_DIM, FIGURE, true, "RETAINED");
	page_cell(page, INK_DIM, SHARE + 1, true, "");
	page_cell(page, INK_DIM, FIGURE + 2, true, "OBJECTS");
	page_last(page, INK_DIM, FIGURE, "  BY");
	for (size_t i = 0; i < count; i++)
		put_row(page, answer, heap.live_bytes, &rows[i]);
	return NULL;
}

static void put_types(struct page *page, const struct type_row *rows, uint32_t count)
{
	uint64_t shown;
	char buffer[WORD_SIZE];

	shown = text_limited(page, count);
	page_cell(page, INK_DIM, FIGURE + 4, true, "OBJECTS");
	page_cell(page, INK_DIM, FIGURE, true, "SIZE");
	page_last(page, INK_DIM, FIGURE, "  TYPE");
	for (uint64_t i = 0; i < shown; i++) {
		page_cell(page, INK_PLAIN, FIGURE + 4, true, count_words(rows[i].count, buffer));
		page_cell(page, INK_PLAIN, FIGURE, true, bytes_words(rows[i].bytes, buffer));
		page_cell(page, INK_PLAIN, 2, false, "");
		page_last(page, INK_PLAIN, page->style->width - 2 * FIGURE - 6, rows[i].name);
	}
	text_rest(page, 2, count, shown, "types");
}

static struct hg_error *put_together(struct page *page, const struct answer *answer,
				     const uint32_t *objects, uint64_t count)
{
	_cleanup_free_ struct type_row *rows = NULL;
	struct together together = {0};
	struct hg_error *error = retained_together(answer, objects, count, &together);
	char number[WORD_SIZE], freed[WORD_SIZE], bytes[WORD_SIZE];
	uint32_t types = 0;

	if (!error)
		error = types_count(answer->s, NULL, together.freed, &rows, &types);
	free(together.freed);
	if (error)
		return error;
	page_wrap(page, INK_BOLD, 0, 2, "If all %s went, %s objects of %s would be freed.",
		  count_words(count, number), count_words(together.objects, freed),
		  bytes_words(together.bytes, bytes));
	put_types(page, rows, types);
	return NULL;
}

/* Who keeps the object: its dominator, or nobody alone. */
static void put_dominator(struct page *page, const struct answer *answer,
			  const struct dominators *d, uint32_t object)
{
	uint32_t parent = d->parent[object];
	_cleanup_free_ char *path = NULL, *words = NULL;

	if (parent == d->n) {
		page_wrap(page, INK_PLAIN, 2, 4,
			  "No single object keeps it: roots reach it in several ways, or it is a "
			  "root or held natively itself (heapgraph why).");
		return;
	}
	path = retained_path(answer, parent);
	words = object_words(answer->s, parent);
	page->no_memory |= !path || !words;
	page_wrap(page, INK_PLAIN, 2, 4, "Goes with: %s %s %s", path ? path : "",
		  page_glyphs(page)->dot, words ? words : "");
}

static struct hg_error *put_object(struct page *page, const struct answer *answer,
				   const struct dominators *d, uint32_t object)
{
	_cleanup_free_ char *words = object_words(answer->s, object);
	_cleanup_free_ struct type_row *rows = NULL;
	char objects[WORD_SIZE], bytes[WORD_SIZE];
	struct hg_error *error;
	uint32_t count;

	page->no_memory |= !words;
	page_wrap(page, INK_BOLD, 0, 2, "%s", words ? words : "");
	page_line(page, INK_DIM, 2, "0x%llx, %s, reference count %u",
		  (unsigned long long)answer->s->addr[object],
		  bytes_words(answer->s->size[object], bytes), answer->s->refs[object]);
	if (d->parent[object] == HGS_NONE) {
		page_wrap(page, INK_WARNING, 2, 4,
			  "No root reaches it: it is garbage and keeps nothing alive for others.");
		return NULL;
	}
	page_wrap(page, INK_PLAIN, 2, 4, "If it went, %s objects of %s would be freed.",
		  count_words(d->objects[object], objects),
		  bytes_words(d->retained[object], bytes));
	put_dominator(page, answer, d, object);
	error = types_count_below(answer->s, d, object, &rows, &count);
	if (!error)
		put_types(page, rows, count);
	return error;
}

struct hg_error *text_retained_objects(struct page *page, const struct answer *answer,
				       const struct dominators *d, const uint32_t *objects,
				       uint32_t count, uint64_t total)
{
	struct hg_error *error = NULL;

	if (total > 1)
		error = put_together(page, answer, objects, total);
	if (total > FEW && page->style->verbose <= 0)
		return error;
	if (total > 1)
		page_end(page);
	for (uint32_t i = 0; i < count && !error; i++) {
		error = put_object(page, answer, d, objects[i]);
		if (i + 1 < count)
			page_end(page);
	}
	text_rest(page, 0, total, count, "objects");
	return error;
}

struct hg_error *report_retained(FILE *out, const struct answer *answer, const uint32_t *objects,
				 uint32_t count, uint64_t total, int depth,
				 const struct style *style, bool json)
{
	_cleanup_dominators_ struct dominators *d = NULL;
	struct page page = {out, style, false};
	struct json writer = json_start(out);
	struct hg_error *error = retained_dominators(answer, &d);

	if (error)
		return error;
	if (json)
		return json_retained(&writer, answer, d, objects, count, total, (uint32_t)depth,
				     style->limit);
	if (!count && style->verbose >= 0) {
		text_header(&page, answer);
		page_end(&page);
	}
	error = count ? text_retained_objects(&page, answer, d, objects, count, total)
		      : text_retained(&page, answer, d, (uint32_t)depth);
	return error ? error : page_finish(&page);
}
