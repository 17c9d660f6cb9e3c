/* Suspects as text: a line each in the report, with -v what keeps them alive. */
#include "report_text.h"
#include "retained.h"
#include "suspects.h"
#include "words.h"

#define SHOWN 3 /* without -v */

static char *what(const struct answer *answer, const struct suspect *suspect)
{
	const char *type = suspect->type == HGS_NONE ? "" : snapshot_text(answer->s, suspect->type);
	char count[WORD_SIZE], bytes[WORD_SIZE];
	char *text = NULL;
	int length = -1;

	count_words(suspect->count, count);
	bytes_words(suspect->count ? suspect->bytes / suspect->count : 0, bytes);
	switch (suspect->kind) {
	case SUSPECT_MANY:
		length = asprintf(&text, "%s %s hang from it alone", count, type);
		break;
	case SUSPECT_SHARED:
		length = asprintf(&text, "%s %s of %s each, which others hold as well", count, type,
				  bytes);
		break;
	case SUSPECT_CHAIN:
		length = asprintf(&text, "%s %s, each held by the one before", count, type);
		break;
	case SUSPECT_ONE:
		length = asprintf(&text, "a single object");
		break;
	}
	return length < 0 ? NULL : text;
}

static struct hg_error *put_suspect(struct page *page, const struct answer *answer,
				    const struct suspect *suspect, uint64_t live)
{
	_cleanup_free_ char *path = retained_path(answer, suspect->object);
	_cleanup_free_ char *text = what(answer, suspect), *advice = suspect_advice(answer, suspect);
	struct chain chain = {0};
	struct hg_error *error;
	char bytes[WORD_SIZE];

	page->no_memory |= !path || !text || !advice;
	page_wrap(page, INK_PLAIN, 2, 4, "%s, %.0f %%: %s (%s): %s",
		  bytes_words(suspect->bytes, bytes),
		  live ? 100.0 * (double)suspect->bytes / (double)live : 0, path ? path : "",
		  snapshot_type_name(answer->s, suspect->object), text ? text : "");
	if (page->style->verbose <= 0)
		return NULL;
	error = chain_of(answer->s, answer->reach, suspect->object, &chain);
	if (!error)
		error = text_chain(page, answer->s, &chain, 4);
	chain_deinit(&chain);
	page_wrap(page, INK_CUT, 4, 9, "fix: %s", advice ? advice : "");
	return error;
}

struct hg_error *text_suspects(struct page *page, const struct answer *answer)
{
	_cleanup_dominators_ struct dominators *d = NULL;
	_cleanup_suspects_ struct suspects suspects = {0};
	struct hg_error *error = retained_dominators(answer, &d);
	uint32_t shown;

	if (!error)
		error = suspects_create(answer, d, &suspects);
	if (error || !suspects.count)
		return error;
	shown = page->style->verbose > 0 || suspects.count < SHOWN ? suspects.count : SHOWN;
	page_end(page);
	page_wrap(page, INK_BOLD, 0, 2, "What most of the memory hangs from%s",
		  page->style->verbose > 0 ? "" : " (-v: what keeps it alive)");
	for (uint32_t i = 0; i < shown && !error; i++)
		error = put_suspect(page, answer, &suspects.row[i], suspects.live_bytes);
	if (shown < suspects.count)
		page_line(page, INK_DIM, 2, "%s %u more (-v)", page_glyphs(page)->more,
			  suspects.count - shown);
	return error;
}
