/* Why many objects are alive: where they hang from, and each way of being alive once. */
#include "gather.h"
#include "kinds.h"
#include "report_text.h"
#include "retained.h"
#include "roots.h"
#include "words.h"

#define SHOWN 3 /* without -v */

static bool one_type(const struct snapshot *s, const uint32_t *objects, uint64_t count)
{
	for (uint64_t i = 1; i < count; i++)
		if (s->type[objects[i]] != s->type[objects[0]])
			return false;
	return true;
}

static void put_head(struct page *page, const struct snapshot *s, const uint32_t *objects,
		     uint64_t count)
{
	char number[WORD_SIZE], bytes[WORD_SIZE];
	uint64_t sum = 0;

	for (uint64_t i = 0; i < count; i++)
		sum += s->size[objects[i]];
	page_wrap(page, INK_BOLD, 0, 2, "%s objects%s%s, own size %s", count_words(count, number),
		  one_type(s, objects, count) ? " of type " : "",
		  one_type(s, objects, count) ? snapshot_type_name(s, objects[0]) : "",
		  bytes_words(sum, bytes));
}

static struct hg_error *put_gathering(struct page *page, const struct answer *answer,
				      const uint32_t *objects, uint64_t count)
{
	_cleanup_dominators_ struct dominators *d = NULL;
	struct gathering point = {.object = HGS_NONE};
	struct hg_error *error = retained_dominators(answer, &d);
	_cleanup_free_ char *path = NULL;
	char number[WORD_SIZE];

	if (!error)
		error = gather(answer, d, objects, count, &point);
	if (error || point.object == HGS_NONE)
		return error;
	path = retained_path(answer, point.object);
	page->no_memory |= !path;
	page_wrap(page, INK_PLAIN, 2, 4, "%s of them (%.0f %%) hang from `%s` (%s) alone.",
		  count_words(point.count, number), 100.0 * (double)point.count / (double)count,
		  path ? path : "", snapshot_type_name(answer->s, point.object));
	return NULL;
}

static struct hg_error *put_crowd(struct page *page, const struct answer *answer,
				  const struct crowd *crowd)
{
	struct chain chain = {0};
	struct hg_error *error = chain_of(answer->s, answer->reach, crowd->object, &chain);
	_cleanup_free_ char *path = error ? NULL : path_text(answer->s, &chain);
	_cleanup_free_ char *root = error ? NULL : root_words(answer->s, chain.root, true);
	char number[WORD_SIZE];

	page_end(page);
	if (!error && !chain.steps) {
		page_wrap(page, INK_WARNING, 2, 4, "%s: no root reaches %s; `why 0x%llx` shows what "
			  "keeps %s", count_words(crowd->count, number),
			  crowd->count == 1 ? "it" : "them",
			  (unsigned long long)answer->s->addr[crowd->object],
			  crowd->count == 1 ? "it" : "the first");
	} else if (!error) {
		page->no_memory |= !path || !root;
		page_wrap(page, INK_BOLD, 2, 4, "%s like %s", count_words(crowd->count, number),
			  path ? path : "");
		page_wrap(page, INK_DIM, 4, 6, "root: %s", root ? root : "");
		error = text_chain(page, answer->s, &chain, 4);
		text_advice(page, answer->s, &chain, 4);
	}
	chain_deinit(&chain);
	return error;
}

struct hg_error *text_crowds(struct page *page, const struct answer *answer,
			     const uint32_t *objects, uint64_t count)
{
	_cleanup_free_ struct crowd *crowd = NULL;
	uint32_t crowds = 0, shown;
	struct hg_error *error = crowds_create(answer, objects, count, &crowd, &crowds);
	char number[WORD_SIZE];

	if (error)
		return error;
	put_head(page, answer->s, objects, count);
	error = put_gathering(page, answer, objects, count);
	shown = page->style->verbose > 0 || crowds < SHOWN ? crowds : SHOWN;
	for (uint32_t i = 0; i < shown && !error; i++)
		error = put_crowd(page, answer, &crowd[i]);
	if (shown < crowds)
		page_wrap(page, INK_DIM, 2, 4, "%s %s more ways (-v shows them)",
			  page_glyphs(page)->more, count_words(crowds - shown, number));
	return error;
}
