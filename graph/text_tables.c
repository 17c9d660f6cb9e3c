/* Libraries, handles, cycles and types as text. */
#include <string.h>

#include "report_text.h"
#include "retained.h"
#include "types.h"
#include "utf8.h"
#include "words.h"

enum { NUMBER = 7 }; /* columns of a figure */

static bool is_opened(const struct library *library)
{
	return strcmp(library->loaded_by, "dlopen") == 0;
}

static const struct holder *first_holder(const struct answer *answer, const struct library *library,
					 enum hgs_holder_kind kind)
{
	for (uint32_t i = 0; i < library->num_holders; i++) {
		const struct holder *holder = &answer->holders[library->holders[i]];

		if (holder->fact->kind == kind && (holder->path || kind == HGS_HOLDER_HANDLE))
			return holder;
	}
	return NULL;
}

/* Who keeps the library, in a few words; caller frees. */
static char *keeper(const struct answer *answer, const struct library *library)
{
	const struct holder *holder = first_holder(answer, library, HGS_HOLDER_HANDLE);
	const struct holder *module = first_holder(answer, library, HGS_HOLDER_MODULE);
	const struct holder *number = first_holder(answer, library, HGS_HOLDER_INTEGER);
	char more[WORD_SIZE + 8] = "";
	const char *who;
	char *ret;

	if (!holder && module)
		return asprintf(&ret, "module %s", module->path) < 0 ? NULL : ret;
	if (!holder && number && library->opens > 0)
		return asprintf(&ret, "integer %s", number->path) < 0 ? NULL : ret;
	if (!holder && library->opens > 0)
		return strdup("no Python object");
	if (!holder)
		return strdup(library->why && library->why[0] ? library->why[0] : "");
	if (library->owners > 1)
		snprintf(more, sizeof(more), " and %u more", library->owners - 1);
	who = holder->path			   ? holder->path
	      : holder->state == HOLDER_GARBAGE	   ? "a garbage cycle"
	      : holder->held_by == HELD_BY_NATIVE  ? "a native reference"
						   : "unknown";
	return asprintf(&ret, "%s%s", who, more) < 0 ? NULL : ret;
}

static void put_figure(struct page *page, enum ink ink, int64_t value)
{
	char buffer[WORD_SIZE];

	page_cell(page, ink, NUMBER, true, value < 0 ? "?" : count_words((uint64_t)value, buffer));
}

static void put_library(struct page *page, const struct answer *answer,
			const struct library *library, int name_columns)
{
	_cleanup_free_ char *who = keeper(answer, library);
	int used = name_columns + 3 * NUMBER + 2;

	page->no_memory |= !who;
	page_cell(page, INK_PLAIN, name_columns, false, library->name);
	put_figure(page, INK_PLAIN, library->opens);
	put_figure(page, INK_PLAIN, library->owners);
	if (library->leaked_opens < 0)
		page_cell(page, INK_PLAIN, NUMBER, true, "-");
	else
		put_figure(page, library->leaked_opens ? INK_ERROR : INK_PLAIN,
			   library->leaked_opens);
	page_cell(page, INK_PLAIN, 2, false, "");
	page_last(page, INK_PLAIN, page->style->width - used, who ? who : "");
}

static void put_heading(struct page *page, int name_columns)
{
	page_cell(page, INK_DIM, name_columns, false, "LIBRARY");
	page_cell(page, INK_DIM, NUMBER, true, "OPENS");
	page_cell(page, INK_DIM, NUMBER, true, "OWNERS");
	page_cell(page, INK_DIM, NUMBER, true, "LEAKED");
	page_last(page, INK_DIM, 20, "  KEPT BY");
}

static void put_others(struct page *page, const struct answer *answer, uint32_t opened)
{
	uint32_t imported = 0, needed = 0, others = answer->num_libraries - opened;

	for (uint32_t i = 0; i < answer->num_libraries; i++) {
		imported += strcmp(answer->libraries[i].loaded_by, "import") == 0;
		needed += strcmp(answer->libraries[i].loaded_by, "needed") == 0;
	}
	if (others)
		page_wrap(page, INK_DIM, 0, 2,
			  "Other libraries: %u; extension modules %u, needed by others %u, of "
			  "startup %u (-v lists them).",
			  others, imported, needed, others - imported - needed);
}

/* As wide as the longest name that is listed, up to a third of the line. */
static int name_width(const struct page *page, const struct answer *answer, bool all)
{
	int widest = (int)strlen("LIBRARY"), most = page->style->width / 3;

	for (uint32_t i = 0; i < answer->num_libraries; i++) {
		const struct library *library = &answer->libraries[i];
		int width = all || is_opened(library) ? text_width(library->name) : 0;

		if (width > widest)
			widest = width;
	}
	return widest > most ? most : widest;
}

void text_libraries(struct page *page, const struct answer *answer)
{
	bool all = page->style->verbose > 0;
	int name_columns = name_width(page, answer, all);
	uint32_t opened = 0, shown = 0, limit = (uint32_t)text_limited(page, UINT32_MAX);

	for (uint32_t i = 0; i < answer->num_libraries; i++)
		opened += is_opened(&answer->libraries[i]);
	if (opened || all)
		put_heading(page, name_columns);
	for (uint32_t i = 0; i < answer->num_libraries; i++) {
		const struct library *library = &answer->libraries[i];

		if (!all && (!is_opened(library) || shown >= limit))
			continue;
		put_library(page, answer, library, name_columns);
		shown++;
	}
	if (!all) {
		text_rest(page, 0, opened, shown, "libraries");
		put_others(page, answer, opened);
	}
}

static struct hg_error *put_holder(struct page *page, const struct answer *answer,
				   const struct holder *holder)
{
	const struct hgs_holder *fact = holder->fact;
	_cleanup_free_ char *words = object_words(answer->s, fact->object);

	page->no_memory |= !words;
	page_wrap(page, holder->state == HOLDER_LIVE ? INK_PLAIN : INK_WARNING, 2, 4,
		  "%s %s%s, %s%s%s", holder_state_name(holder->state), holder_kind_name(fact->kind),
		  fact->kind == HGS_HOLDER_INTEGER ? " (inferred)" : "", words ? words : "",
		  holder->path ? ": " : "", holder->path ? holder->path : "");
	if (page->style->verbose <= 0)
		return NULL;
	page_line(page, INK_DIM, 4, "object 0x%llx, handle 0x%llx",
		  (unsigned long long)answer->s->addr[fact->object],
		  (unsigned long long)fact->handle);
	return text_chain(page, answer->s, &holder->chain, 4);
}

static struct hg_error *put_library_holders(struct page *page, const struct answer *answer,
					    const struct library *library)
{
	uint64_t shown = text_limited(page, library->num_holders);
	struct hg_error *error = NULL;

	page_wrap(page, INK_BOLD, 0, 2, "%s", library->path);
	for (char **why = library->why; why && *why; why++)
		page_wrap(page, INK_DIM, 2, 4, "mapped: %s", *why);
	for (uint64_t i = 0; i < shown && !error; i++)
		error = put_holder(page, answer, &answer->holders[library->holders[i]]);
	text_rest(page, 2, library->num_holders, shown, "holders");
	return error;
}

static struct hg_error *put_stale(struct page *page, const struct answer *answer)
{
	uint64_t total = 0, shown = 0, limit = text_limited(page, UINT32_MAX);
	struct hg_error *error = NULL;

	for (uint32_t i = 0; i < answer->num_holders && !error; i++) {
		const struct holder *holder = &answer->holders[i];

		if (holder->state != HOLDER_DANGLING && holder->state != HOLDER_ALIASED)
			continue;
		if (!total++)
			page_wrap(page, INK_BOLD, 0, 2, "Libraries that are gone");
		if (shown < limit) {
			shown++;
			error = put_holder(page, answer, holder);
		}
	}
	text_rest(page, 2, total, shown, "holders");
	return error;
}

struct hg_error *text_handles(struct page *page, const struct answer *answer)
{
	struct hg_error *error = NULL;

	text_libraries(page, answer);
	page_end(page);
	for (uint32_t i = 0; i < answer->num_libraries && !error; i++)
		if (answer->libraries[i].num_holders &&
		    (is_opened(&answer->libraries[i]) || page->style->verbose > 0))
			error = put_library_holders(page, answer, &answer->libraries[i]);
	if (!error)
		error = put_stale(page, answer);
	if (!error) {
		text_capsules(page, answer);
		text_descriptors(page, answer);
	}
	return error;
}

static struct hg_error *put_cycle(struct page *page, const struct answer *answer,
				  const struct cycle *cycle)
{
	char count[WORD_SIZE], bytes[WORD_SIZE];
	struct hg_error *error;

	page_wrap(page, cycle->num_pins ? INK_WARNING : INK_BOLD, 0, 2,
		  "%s %s cycle%s of %u object%s, %s%s%s%s", count_words(cycle->count, count),
		  cycle_state_name(cycle), plural(cycle->count), cycle->objects,
		  plural(cycle->objects), bytes_words(cycle->bytes, bytes),
		  cycle->count == 1 ? "" : " each", cycle->finalizer ? ", with a finalizer" : "",
		  cycle->num_pins ? ", pins:" : "");
	for (uint32_t i = 0; i < cycle->num_pins; i++)
		page_line(page, INK_WARNING, 2, "%s", answer->libraries[cycle->pins[i]].path);
	error = text_ring(page, answer->s, &cycle->ring, cycle->cut, 2);
	if (cycle->held_by)
		page_wrap(page, INK_PLAIN, 2, 4, "held by %s", cycle->held_by);
	for (uint32_t i = 0; i < cycle->num_cuts; i++)
		page_wrap(page, INK_CUT, 2, 7, "%s %s", i ? "and:" : "fix:", cycle->cuts[i].advice);
	if (cycle->num_cuts && cycle->frees == HGS_NONE)
		page_wrap(page, INK_DIM, 2, 7, "That breaks the ring shown; whether others keep "
			  "the object is not known.");
	page_end(page);
	return error;
}

struct hg_error *text_cycles(struct page *page, const struct answer *answer)
{
	uint64_t shown = text_limited(page, answer->num_cycles);
	struct hg_error *error = NULL;
	char all[WORD_SIZE], rows[WORD_SIZE];

	if (page->style->verbose >= 0)
		page_wrap(page, INK_DIM, 0, 2,
			  "%s reference cycles, %s kinds of them worth a look; those that every "
			  "program has (classes, modules) are left out.",
			  count_words(answer->all_cycles, all), count_words(answer->num_cycles, rows));
	for (uint64_t i = 0; i < shown && !error; i++)
		error = put_cycle(page, answer, &answer->cycles[i]);
	text_rest(page, 0, answer->num_cycles, shown, "kinds of cycles");
	return error;
}

struct hg_error *text_types(struct page *page, const struct answer *answer)
{
	_cleanup_dominators_ struct dominators *d = NULL;
	_cleanup_free_ struct type_row *rows = NULL;
	uint32_t count;
	struct hg_error *error = retained_dominators(answer, &d);
	uint64_t shown;
	char buffer[WORD_SIZE];

	if (!error)
		error = types_count(answer->s, d, answer->marked, &rows, &count);
	if (error)
		return error;
	shown = text_limited(page, count);
	page_cell(page, INK_DIM, 14, true, "OBJECTS");
	page_cell(page, INK_DIM, 10, true, "OWN SIZE");
	page_cell(page, INK_DIM, 10, true, "RETAINED");
	page_last(page, INK_DIM, 10, "  TYPE");
	for (uint64_t i = 0; i < shown; i++) {
		page_cell(page, INK_PLAIN, 14, true, count_words(rows[i].count, buffer));
		page_cell(page, INK_PLAIN, 10, true, bytes_words(rows[i].bytes, buffer));
		page_cell(page, INK_PLAIN, 10, true, bytes_words(rows[i].retained, buffer));
		page_cell(page, INK_PLAIN, 2, false, "");
		page_last(page, INK_PLAIN, page->style->width - 36, rows[i].name);
	}
	text_rest(page, 0, count, shown, "types");
	return NULL;
}
