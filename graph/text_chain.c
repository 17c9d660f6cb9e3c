/* Chains and rings drawn as text:
 *
 *   module __main__                    ╭→ app.Processor
 *     .cache → dict                    │    .on_done  → method finish   ← cut here
 *     ['a']  → app.Loader              ╰─   .__self__ → app.Processor
 */
#include <string.h>

#include "places.h"
#include "report_text.h"
#include "utf8.h"

#define SHOWN_STEPS 10 /* of a chain, without -v: the first and last half of it */
#define EDGE_COLUMNS 28

struct drawing {
	int indent;
	int edge_columns;
	uint32_t root; /* as in struct chain */
	bool ring;
	bool headless; /* its first object is shown elsewhere */
};

static int edge_columns(const struct steps *steps, uint32_t first, bool utf8, bool *no_memory)
{
	int columns = 1;

	for (uint32_t i = first + 1; i < steps->count; i++) {
		_cleanup_free_ char *edge = text_escape(steps->step[i].edge, utf8);
		int width = edge ? text_width(edge) : 0;

		*no_memory |= !edge;
		if (width > columns)
			columns = width;
	}
	return columns > EDGE_COLUMNS ? EDGE_COLUMNS : columns;
}

static void put_margin(struct page *page, const struct drawing *drawing, bool first, bool last)
{
	const struct glyphs *glyphs = page_glyphs(page);

	fprintf(page->out, "%*s", drawing->indent, "");
	if (drawing->ring)
		fputs(first ? glyphs->ring_top : last ? glyphs->ring_end : glyphs->ring, page->out);
}

static void put_step(struct page *page, const struct snapshot *s, const struct step *step,
		     const struct drawing *drawing, bool first, bool last)
{
	_cleanup_free_ char *words = NULL, *target = NULL;
	int used = drawing->indent + (drawing->ring ? 3 : 0);
	int length;

	words = root_or_object_words(s, first ? drawing->root : HGS_NONE, step->object);
	page->no_memory |= !words;
	put_margin(page, drawing, first, last);
	if (first) {
		page_last(page, INK_BOLD, page->style->width - used, words ? words : "");
		return;
	}
	page_cell(page, INK_PLAIN, 2, false, "");
	page_cell(page, step->cut ? INK_CUT : INK_PLAIN, drawing->edge_columns, false, step->edge);
	length = asprintf(&target, " %s %s%s", page_glyphs(page)->arrow, words ? words : "",
			  step->cut ? "   <== cut here" : "");
	page->no_memory |= length < 0;
	used += 2 + drawing->edge_columns;
	page_last(page, step->cut ? INK_CUT : INK_PLAIN, page->style->width - used,
		  length < 0 ? "" : target);
	if (length < 0)
		target = NULL;
}

static void put_gap(struct page *page, const struct drawing *drawing, uint32_t left_out)
{
	put_margin(page, drawing, false, false);
	page_line(page, INK_DIM, 2, "%s %u steps left out (-v shows them)",
		  page_glyphs(page)->more, left_out);
}

static void draw(struct page *page, const struct snapshot *s, const struct steps *steps,
		 uint32_t first, struct drawing *drawing)
{
	uint32_t count = steps->count - first;
	bool whole = page->style->verbose > 0 || count <= SHOWN_STEPS + 1;

	drawing->edge_columns =
		edge_columns(steps, first, page->style->utf8, &page->no_memory);
	for (uint32_t i = drawing->headless ? 1 : 0; i < count; i++) {
		const struct step *step = &steps->step[first + i];

		if (!whole && i == SHOWN_STEPS / 2 && !step->cut) {
			uint32_t next = count - SHOWN_STEPS / 2;

			for (uint32_t j = i; j < next; j++)
				if (steps->step[first + j].cut)
					next = j;
			put_gap(page, drawing, next - i);
			i = next - 1;
			continue;
		}
		put_step(page, s, step, drawing, i == 0, i + 1 == count);
	}
}

static struct hg_error *put(struct page *page, const struct snapshot *s,
			    const struct chain *chain, uint32_t cut, struct drawing *drawing)
{
	_cleanup_steps_ struct steps steps = {0};
	struct hg_error *error = steps_create(s, chain, cut, drawing->ring, &steps);

	if (!error && steps.count)
		draw(page, s, &steps, drawing->ring ? 0 : steps_first(s, chain, &steps), drawing);
	return error;
}

struct hg_error *text_chain(struct page *page, const struct snapshot *s,
			    const struct chain *chain, int indent)
{
	struct drawing drawing = {.indent = indent, .root = chain->root};

	return put(page, s, chain, 0, &drawing);
}

struct hg_error *text_ring(struct page *page, const struct snapshot *s, const struct chain *ring,
			   uint32_t cut, int indent)
{
	struct drawing drawing = {.indent = indent, .root = HGS_NONE, .ring = true};

	return put(page, s, ring, cut, &drawing);
}

struct hg_error *text_tail(struct page *page, const struct snapshot *s, const struct chain *tail,
			   int indent)
{
	struct drawing drawing = {.indent = indent, .root = HGS_NONE, .headless = true};

	return put(page, s, tail, 0, &drawing);
}

void text_advice(struct page *page, const struct snapshot *s, const struct chain *chain, int indent)
{
	_cleanup_free_ char *advice = NULL;
	struct place place;

	if (!place_of_chain(s, chain, &place) || place_severity(&place) == SEVERITY_NOTE)
		return;
	advice = place_advice(&place);
	page->no_memory |= !advice;
	page_wrap(page, INK_PLAIN, indent, indent + 2, "kept through %s", place_through(&place));
	page_wrap(page, INK_CUT, indent, indent + 5, "fix: %s", advice ? advice : "");
}
