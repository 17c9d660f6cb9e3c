/* The picture of `diff`: a panel for each of the patterns that grow most, with the chain from what
 * was there before to one of the objects that were kept, and one for libraries that were opened more
 * often. Counts stand in the order of the snapshots. */
#include <string.h>

#include "diff.h"
#include "diff_words.h"
#include "drawing.h"
#include "utf8.h"
#include "words.h"

#define PANELS 2 /* as many as the report draws */
#define LIBRARIES 8

/* "10 → 20,000 → 40,000" */
static char *populations(const struct diff *diff, const uint64_t *population)
{
	char words[DIFF_SNAPSHOTS][WORD_SIZE];
	char *ret;

	for (unsigned k = 0; k < diff->count; k++)
		count_words(population[k], words[k]);
	if (asprintf(&ret, "%s \xe2\x86\x92 %s%s%s", words[0], words[1],
		     diff->count > 2 ? " \xe2\x86\x92 " : "", diff->count > 2 ? words[2] : "") < 0)
		return NULL;
	return ret;
}

static char *panel_title(const struct diff *diff, const struct growth *growth)
{
	_cleanup_free_ char *counts = populations(diff, growth->population);
	_cleanup_free_ char *advice = growth_advice(diff, growth), *safe = NULL, *type = NULL;
	char *ret;

	safe = advice ? text_escape(advice, true) : NULL;
	type = text_escape(snapshot_type_name(diff_last(diff)->s, growth->example), true);
	if (!counts || !safe || !type ||
	    asprintf(&ret, "%s: %s\nfix: %s", type, counts, safe) < 0)
		return NULL;
	return ret;
}

static void add_example(struct drawing *drawing, const struct diff *diff, uint32_t panel,
			const struct growth *growth)
{
	char objects[WORD_SIZE], bytes[WORD_SIZE], text[128];
	uint32_t node = drawing_object(drawing, diff_last(diff), panel, growth->example,
				       NODE_SUBJECT);

	snprintf(text, sizeof(text), "one of the %s: %s object%s, %s",
		 diff->count > 2 ? "kept" : "new", count_words(growth->objects, objects),
		 plural(growth->objects), bytes_words(growth->bytes, bytes));
	drawing_add_detail(drawing, node, text);
}

static struct hg_error *add_growth(struct drawing *drawing, const struct diff *diff,
				   const struct growth *growth)
{
	const struct answer *answer = diff_last(diff);
	_cleanup_(chain_deinit) struct chain chain = {0}, ring = {0}, tail = {0};
	uint32_t panel = drawing_panel(drawing, panel_title(diff, growth));
	struct hg_error *error = growth_chains(diff, growth, &chain, &ring, &tail);

	if (!error && chain.steps)
		error = drawing_chain(drawing, answer, panel, &chain);
	if (!error && ring.steps)
		error = drawing_ring(drawing, answer, panel, &ring, 0, NULL);
	if (!error && tail.steps)
		error = drawing_chain(drawing, answer, panel, &tail);
	if (error)
		return error;
	add_example(drawing, diff, panel, growth);
	return drawing->no_memory ? &hg_error_no_memory : NULL;
}

/* "opens 3 → 5, owners 3 → 3" */
static char *library_words(const struct library_growth *library)
{
	char *ret;
	int length;

	if (library->opens[0] < 0 || library->opens[1] < 0)
		length = asprintf(&ret, "opens unknown, owners %u \xe2\x86\x92 %u",
				  library->owners[0], library->owners[1]);
	else
		length = asprintf(&ret, "opens %lld \xe2\x86\x92 %lld, owners %u \xe2\x86\x92 %u",
				  (long long)library->opens[0], (long long)library->opens[1],
				  library->owners[0], library->owners[1]);
	return length < 0 ? NULL : ret;
}

static void add_libraries(struct drawing *drawing, const struct diff *diff)
{
	uint32_t panel;

	if (!diff->num_libraries)
		return;
	panel = drawing_panel(drawing, strdup("Libraries with more opens or owners"));
	for (uint32_t i = 0; i < diff->num_libraries && i < LIBRARIES; i++)
		drawing_node(drawing, panel, NODE_LIBRARY,
			     text_escape(diff->libraries[i].name, true),
			     library_words(&diff->libraries[i]));
}

/* Those that the report draws, too: growing in each interval, or where there are none, all. */
static bool is_shown(const struct diff *diff, const struct growth *growth)
{
	return !growth->known && (growth->growing || !diff->growth[0].growing);
}

struct hg_error *select_diff(struct drawing *drawing, const struct diff *diff)
{
	uint32_t shown = 0, rows = 0;
	struct hg_error *error = NULL;

	for (uint32_t i = 0; i < diff->num_growth && !error; i++) {
		if (!is_shown(diff, &diff->growth[i]))
			continue;
		rows++;
		if (shown < PANELS && (!shown || drawing->objects < drawing->max_nodes)) {
			error = add_growth(drawing, diff, &diff->growth[i]);
			shown++;
		}
	}
	if (error)
		return error;
	add_libraries(drawing, diff);
	if (!drawing->nodes)
		drawing_node(drawing, drawing_panel(drawing, strdup("")), NODE_REMARK,
			     strdup("nothing that was kept grew"), strdup(""));
	if (asprintf(&drawing->caption,
		     "What grew between %u snapshots; patterns drawn: %u of %u", diff->count, shown,
		     rows) < 0) {
		drawing->caption = NULL;
		drawing->no_memory = true;
	}
	return drawing->no_memory ? &hg_error_no_memory : NULL;
}
