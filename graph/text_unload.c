/* `handles --unload LIB` as text: the verdict, what points into the library, what was searched. */
#include "report_text.h"
#include "unload.h"

static void put_verdict(struct page *page, const struct answer *answer, const struct unload *unload)
{
	const struct library *library = &answer->libraries[unload->library];
	const char *name = library->name;

	switch (unload->verdict) {
	case UNLOAD_UNSAFE:
		page_wrap(page, INK_ERROR, 0, 2, "Unload %s? No: this would still point into it.", name);
		break;
	case UNLOAD_SAFE:
		page_wrap(page, INK_BOLD, 0, 2, "Unload %s? Nothing was found that points into it.",
			  name);
		break;
	case UNLOAD_UNKNOWN:
		page_wrap(page, INK_WARNING, 0, 2, unload->num_pointers
			  ? "Unload %s? Not known: words that may be stale point into it."
			  : "Unload %s? Not known: not all of what could point into it was searched.",
			  name);
		break;
	}
	if (library->fact->flags & (HGS_LIB_STARTUP | HGS_LIB_MAIN))
		page_wrap(page, INK_PLAIN, 0, 2, "The process has it from its start: dlclose() does not "
			  "unload it.");
	else if (library->fact->flags & HGS_LIB_NODELETE)
		page_wrap(page, INK_PLAIN, 0, 2, "It is marked nodelete: dlclose() does not unload it.");
	else if (library->opens > 0)
		page_wrap(page, INK_PLAIN, 0, 2, "%lld open%s to be closed.", (long long)library->opens,
			  library->opens == 1 ? " has" : "s have");
}

void text_unload(struct page *page, const struct answer *answer, const struct unload *unload)
{
	uint64_t shown = text_limited(page, unload->num_pointers);

	put_verdict(page, answer, unload);
	page_end(page);
	for (uint64_t i = 0; i < shown; i++) {
		const struct unload_pointer *pointer = &unload->pointers[i];

		page_wrap(page, pointer->certain ? INK_PLAIN : INK_DIM, 2, 6, "%s%s%s%s: %s", pointer->from,
			  pointer->path ? " `" : "", pointer->path ? pointer->path : "",
			  pointer->path ? "`" : "", pointer->what);
	}
	text_rest(page, 2, unload->num_pointers, shown, "of these");
	if (shown)
		page_end(page);
	for (char **text = unload->searched; *text; text++)
		page_wrap(page, INK_DIM, 0, 2, "%s%s", text == unload->searched ? "Searched: " : "  ",
			  *text);
}
