/* The findings: severity, title, evidence, the ring or chain, and the line to change. */
#include <string.h>

#include "report_text.h"
#include "words.h"

#define INDENT 9   /* as wide as "WARNING  " */
#define NOTES 5	   /* shown without -v */

static enum ink severity_ink(enum severity severity)
{
	return severity == SEVERITY_ERROR ? INK_ERROR
	       : severity == SEVERITY_WARNING ? INK_WARNING : INK_NOTE;
}

static const char *severity_word(enum severity severity)
{
	return severity == SEVERITY_ERROR ? "ERROR" : severity == SEVERITY_WARNING ? "WARNING" : "note";
}

/* Findings stand sorted, so equal ones are neighbours. */
static bool same(const struct finding *a, const struct finding *b)
{
	return a->code == b->code && a->severity == b->severity && !strcmp(a->title, b->title) &&
	       !strcmp(a->evidence ? a->evidence : "", b->evidence ? b->evidence : "");
}

static struct hg_error *put_tail(struct page *page, const struct answer *answer,
				 const struct finding *finding)
{
	const struct holder *holder = finding_holder(answer, finding);
	_cleanup_free_ char *from = NULL;

	if (!holder || !holder->tail.steps)
		return NULL;
	from = object_words(answer->s, holder->tail.object[0]);
	page->no_memory |= !from;
	page_wrap(page, INK_DIM, INDENT, INDENT + 2, "and from %s to the handle:", from ? from : "");
	return text_tail(page, answer->s, &holder->tail, INDENT);
}

/* What keeps the example: its chain from a root, or, where no root reaches it, the ring. */
static struct hg_error *put_drawing(struct page *page, const struct answer *answer,
				    const struct finding *finding)
{
	const struct cycle *cycle =
		finding->cycle == HGS_NONE ? NULL : &answer->cycles[finding->cycle];
	const struct holder *holder = finding_holder(answer, finding);
	struct hg_error *error;

	if (holder && holder->chain.steps)
		return text_chain(page, answer->s, &holder->chain, INDENT);
	if (!cycle || !cycle->ring.steps)
		return NULL;
	error = text_ring(page, answer->s, &cycle->ring, cycle->cut, INDENT);
	if (!error)
		error = put_tail(page, answer, finding);
	if (!error && cycle->held_by)
		page_wrap(page, INK_PLAIN, INDENT, INDENT + 2, "held by %s", cycle->held_by);
	return error;
}

static void put_addresses(struct page *page, const struct answer *answer,
			  const struct finding *finding)
{
	for (uint32_t i = 0; i < finding->num_objects; i++) {
		_cleanup_free_ char *words = object_words(answer->s, finding->objects[i]);

		page->no_memory |= !words;
		page_line(page, INK_DIM, INDENT, "0x%llx %s",
			  (unsigned long long)answer->s->addr[finding->objects[i]],
			  words ? words : "");
	}
}

static void put_title(struct page *page, const struct finding *finding, uint32_t times)
{
	char repeated[WORD_SIZE + 8] = "";

	if (times > 1)
		snprintf(repeated, sizeof(repeated), " (%s%u)", page_glyphs(page)->times, times);
	page_cell(page, severity_ink(finding->severity), INDENT, false,
		  severity_word(finding->severity));
	page_wrap(page, INK_BOLD, -INDENT, INDENT, "%s%s", finding->title, repeated);
}

static struct hg_error *put_finding(struct page *page, const struct answer *answer,
				    const struct finding *finding, uint32_t times)
{
	bool brief = finding->severity == SEVERITY_NOTE && page->style->verbose <= 0;
	struct hg_error *error = NULL;

	put_title(page, finding, times);
	if (page->style->verbose < 0)
		return NULL;
	if (finding->evidence && !brief)
		page_wrap(page, INK_PLAIN, INDENT, INDENT, "%s", finding->evidence);
	if (!brief)
		error = put_drawing(page, answer, finding);
	if (error)
		return error;
	if (finding->advice)
		page_wrap(page, INK_CUT, INDENT, INDENT + 5, "fix: %s", finding->advice);
	if (page->style->verbose > 0) {
		page_wrap(page, INK_DIM, INDENT, INDENT, "code: %s",
			  finding_code_name(finding->code));
		put_addresses(page, answer, finding);
	}
	page_end(page);
	return NULL;
}

struct hg_error *text_findings(struct page *page, const struct answer *answer)
{
	bool all = page->style->verbose > 0;
	uint64_t shown = 0, notes = 0, left_out = 0, limit = text_limited(page, UINT32_MAX);
	char buffer[WORD_SIZE];

	for (uint32_t i = 0, next; i < answer->num_findings; i = next) {
		const struct finding *finding = &answer->findings[i];
		bool note = finding->severity == SEVERITY_NOTE;
		struct hg_error *error;

		for (next = i + 1; next < answer->num_findings; next++)
			if (!same(finding, &answer->findings[next]))
				break;
		if (!all && (shown >= limit || (note && notes >= NOTES))) {
			left_out += next - i;
			continue;
		}
		shown++;
		notes += note;
		error = put_finding(page, answer, finding, next - i);
		if (error)
			return error;
	}
	if (left_out) {
		page_wrap(page, INK_DIM, 0, 2, "%s %s more findings (-v shows all)",
			  page_glyphs(page)->more, count_words(left_out, buffer));
		page_end(page);
	}
	if (answer->num_known && page->style->verbose >= 0) {
		page_wrap(page, INK_DIM, 0, 2, "In the baseline and not shown: %s",
			  count_words(answer->num_known, buffer));
		page_end(page);
	}
	return NULL;
}
