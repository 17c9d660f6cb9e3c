/* The table of capsules as text: those of libraries that are neither the interpreter's nor the standard
 * library's, or with -v all. */
#include "report_text.h"
#include "words.h"

static const char *library_name(const struct answer *answer, uint32_t library)
{
	return library == HGS_NONE ? "" : answer->libraries[library].name;
}

static void put_addresses(struct page *page, const struct answer *answer,
			  const struct hgs_capsule *fact)
{
	bool known = fact->destructor_in != HGS_NONE;
	char freed[WORD_SIZE] = "nothing";

	if (fact->destructor)
		snprintf(freed, sizeof(freed), "0x%llx", (unsigned long long)fact->destructor);
	page_wrap(page, INK_DIM, 4, 6, "object 0x%llx, points to 0x%llx, freed by %s%s%s",
		  (unsigned long long)answer->s->addr[fact->object],
		  (unsigned long long)fact->pointer, freed, known ? " in " : "",
		  library_name(answer, fact->destructor_in));
}

static void put_row(struct page *page, const struct answer *answer,
		    const struct capsule *capsule, int columns)
{
	const struct hgs_capsule *fact = capsule->fact;
	uint32_t library = fact->points_into == HGS_NONE ? fact->destructor_in : fact->points_into;

	page_cell(page, INK_PLAIN, columns, false, fact->name ? capsule->name : "(no name)");
	page_cell(page, INK_PLAIN, 2, false, "");
	page_cell(page, INK_PLAIN, columns, false, library_name(answer, library));
	page_cell(page, INK_PLAIN, 2, false, "");
	page_last(page, capsule->path ? INK_PLAIN : INK_DIM, page->style->width - 2 * columns - 4,
		  capsule->path ? capsule->path : "garbage");
	if (page->style->verbose > 0)
		put_addresses(page, answer, fact);
}

void text_capsules(struct page *page, const struct answer *answer)
{
	bool all = page->style->verbose > 0;
	uint64_t total = 0, shown = 0, limit;
	int columns = page->style->width / 3;

	for (uint32_t i = 0; i < answer->num_capsules; i++)
		total += all || answer->capsules[i].foreign;
	if (!total)
		return;
	limit = text_limited(page, total);
	page_end(page);
	page_cell(page, INK_DIM, columns + 2, false, "CAPSULE");
	page_cell(page, INK_DIM, columns + 2, false, "LIBRARY");
	page_last(page, INK_DIM, 20, "KEPT BY");
	for (uint32_t i = 0; i < answer->num_capsules && shown < limit; i++) {
		if (!all && !answer->capsules[i].foreign)
			continue;
		put_row(page, answer, &answer->capsules[i], columns);
		shown++;
	}
	text_rest(page, 2, total, shown, "capsules");
}
