/* The table of open descriptors as text. */
#include "report_text.h"
#include "words.h"

enum { NUMBER = 7 }; /* columns of a descriptor's number */

/* Who owns a descriptor, in a few words. */
static const char *owner_words(const struct answer *answer, const struct descriptor *descriptor)
{
	if (descriptor->path)
		return descriptor->path;
	if (descriptor->owner != HGS_NONE)
		return snapshot_type_name(answer->s, descriptor->owner);
	if (descriptor->fact->traits & HGS_FD_INHERITED)
		return "inherited";
	return descriptor->unowned ? "no Python object" : "unknown";
}

static void put_row(struct page *page, const struct answer *answer,
		    const struct descriptor *descriptor, int target_columns)
{
	char number[WORD_SIZE];

	snprintf(number, sizeof(number), "%u", descriptor->fact->fd);
	page_cell(page, INK_PLAIN, NUMBER, true, number);
	page_cell(page, INK_PLAIN, 2, false, "");
	page_cell(page, INK_PLAIN, target_columns, false, descriptor->target);
	page_cell(page, INK_PLAIN, 2, false, "");
	page_last(page, descriptor->owner == HGS_NONE ? INK_DIM : INK_PLAIN,
		  page->style->width - target_columns - NUMBER - 4,
		  owner_words(answer, descriptor));
}

void text_descriptors(struct page *page, const struct answer *answer)
{
	uint64_t shown = text_limited(page, answer->num_descriptors);
	int target_columns = page->style->width / 3;

	if (!shown)
		return;
	page_end(page);
	page_cell(page, INK_DIM, NUMBER, true, "FD");
	page_cell(page, INK_DIM, 2, false, "");
	page_cell(page, INK_DIM, target_columns, false, "OPEN ON");
	page_last(page, INK_DIM, 20, "  OWNED BY");
	for (uint64_t i = 0; i < shown; i++)
		put_row(page, answer, &answer->descriptors[i], target_columns);
	text_rest(page, 2, answer->num_descriptors, shown, "descriptors");
}
