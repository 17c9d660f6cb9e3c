/* What else grew, as tables below the growth of objects. */
#include "report_diff.h"
#include "report_text.h"
#include "retained.h"
#include "words.h"

enum {
	LISTS = 5, /* that share the rows of --limit, so that all fit on a screen */
	FIGURE = 10,
};

uint32_t text_diff_limit(const struct page *page)
{
	bool all = page->style->verbose > 0 || !page->style->limit;

	return all ? UINT32_MAX : (page->style->limit + LISTS - 1) / LISTS;
}

static void put_more(struct page *page, uint64_t before, uint64_t now)
{
	char more[WORD_SIZE + 1] = "+";

	count_words(now - before, more + 1);
	page_cell(page, INK_PLAIN, FIGURE, true, now >= before ? more : "fewer");
}

static void put_span(struct page *page, int columns, const char *before, const char *now)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%s %s %s", before, page_glyphs(page)->arrow, now) < 0)
		text = NULL;
	page->no_memory |= !text;
	page_cell(page, INK_PLAIN, columns, true, text ? text : "");
	page_cell(page, INK_PLAIN, 2, false, "");
}

static void put_libraries(struct page *page, const struct diff *diff)
{
	char a[WORD_SIZE], b[WORD_SIZE];

	if (!diff->num_libraries)
		return;
	page_end(page);
	page_cell(page, INK_DIM, 20, true, "OPENS");
	page_cell(page, INK_DIM, 2, false, "");
	page_cell(page, INK_DIM, 20, true, "OWNERS");
	page_last(page, INK_DIM, 30, "  LIBRARY OPENED MORE OFTEN");
	for (uint32_t i = 0; i < diff->num_libraries; i++) {
		const struct library_growth *row = &diff->libraries[i];

		if (row->known)
			continue;
		put_span(page, 20, row->opens[0] < 0 ? "?" : count_words((uint64_t)row->opens[0], a),
			 row->opens[1] < 0 ? "?" : count_words((uint64_t)row->opens[1], b));
		put_span(page, 20, count_words(row->owners[0], a), count_words(row->owners[1], b));
		page_last(page, INK_PLAIN, page->style->width - 44, row->name);
	}
}

static bool lacks_descriptors(const struct answer *answer)
{
	return answer->s->meta->method == HGS_CORE && !answer->s->descriptors;
}

static void put_descriptors(struct page *page, const struct diff *diff)
{
	if (lacks_descriptors(diff->answers[0]) || lacks_descriptors(diff_last(diff))) {
		page_end(page);
		page_wrap(page, INK_DIM, 0, 2, "Descriptors are not compared: a core does not say which are open.");
	}
	if (!diff->num_descriptors)
		return;
	page_end(page);
	page_cell(page, INK_DIM, FIGURE, true, "MORE");
	page_last(page, INK_DIM, 40, "  DESCRIPTORS, AND ONE OF THEM");
	for (uint32_t i = 0; i < diff->num_descriptors; i++) {
		const struct descriptor_growth *row = &diff->descriptors[i];
		const struct descriptor *example = &diff_last(diff)->descriptors[row->example];
		_cleanup_free_ char *text = NULL;

		if (row->known)
			continue;
		if (asprintf(&text, "  %s: %u, %s, %s", row->kind, example->fact->fd,
			     example->target,
			     example->path ? example->path : "no Python object owns it") < 0)
			text = NULL;
		page->no_memory |= !text;
		put_more(page, row->count[0], row->count[1]);
		page_last(page, INK_PLAIN, page->style->width - FIGURE, text ? text : "");
	}
}

/* The rows above have named it already. */
static bool is_point(const struct diff *diff, uint32_t object)
{
	for (uint32_t i = 0; i < diff->num_growth && diff->growth[i].growing; i++)
		if (diff->growth[i].point == object)
			return true;
	return false;
}

static void put_container(struct page *page, const struct diff *diff,
			  const struct container_growth *row)
{
	const struct answer *last = diff_last(diff);
	_cleanup_free_ char *path = NULL, *text = NULL;
	char a[WORD_SIZE], b[WORD_SIZE];

	if (last->reach->state[row->object] != REACH_GARBAGE)
		path = retained_path(last, row->object);
	if (asprintf(&text, "%s (%s)", path ? path : "in garbage",
		     snapshot_type_name(last->s, row->object)) < 0)
		text = NULL;
	page->no_memory |= !text;
	put_more(page, row->items[0], row->items[1]);
	page_cell(page, INK_PLAIN, 2, false, "");
	put_span(page, 20, count_words(row->items[0], a), count_words(row->items[1], b));
	page_last(page, INK_PLAIN, page->style->width - FIGURE - 24, text ? text : "");
}

static void put_containers(struct page *page, const struct diff *diff)
{
	uint32_t limit = text_diff_limit(page), shown = 0, left_out = 0;
	bool all = page->style->verbose > 0;

	for (uint32_t i = 0; i < diff->num_containers; i++) {
		const struct container_growth *row = &diff->containers[i];

		if (!all && (shown == limit || is_point(diff, row->object))) {
			left_out += shown == limit;
			continue;
		}
		if (!shown++) {
			page_end(page);
			page_cell(page, INK_DIM, FIGURE, true, "MORE");
			page_cell(page, INK_DIM, 22, true, "ITEMS");
			page_last(page, INK_DIM, 30, all ? "    CONTAINERS THAT GREW"
							 : "    OTHER CONTAINERS THAT GREW");
		}
		put_container(page, diff, row);
	}
	text_rest(page, 2, shown + left_out, shown, "containers");
}

static void put_types(struct page *page, const struct diff *diff)
{
	uint32_t shown = text_diff_limit(page);
	char a[WORD_SIZE], b[WORD_SIZE];

	if (!diff->num_types)
		return;
	shown = shown < diff->num_types ? shown : diff->num_types;
	page_end(page);
	page_cell(page, INK_DIM, FIGURE, true, "MORE");
	page_cell(page, INK_DIM, 22, true, "SIZE");
	page_last(page, INK_DIM, 30, "    TYPES THAT GREW");
	for (uint32_t i = 0; i < shown; i++) {
		const struct type_growth *row = &diff->types[i];

		put_more(page, row->count[0], row->count[1]);
		page_cell(page, INK_PLAIN, 2, false, "");
		put_span(page, 20, bytes_words(row->bytes[0], a), bytes_words(row->bytes[1], b));
		page_last(page, INK_PLAIN, page->style->width - FIGURE - 24, row->name);
	}
	text_rest(page, 2, diff->num_types, shown, "types");
}

void text_diff_tables(struct page *page, const struct diff *diff)
{
	put_libraries(page, diff);
	put_descriptors(page, diff);
	put_containers(page, diff);
	put_types(page, diff);
}
