/* diff as text: what grows and what keeps it, the largest first. */
#include <string.h>
#include <time.h>

#include "diff_words.h"
#include "keeper.h"
#include "pattern.h"
#include "report_diff.h"
#include "report_text.h"
#include "retained.h"
#include "words.h"

enum {
	DRAWN = 2, /* rows with their chain, without -v */
	INDENT = 9,
};

static void put_snapshot(struct page *page, const struct diff *diff, unsigned k,
			 const char *const *names, int columns)
{
	const struct snapshot *s = diff->answers[k]->s;
	time_t seconds = (time_t)(s->meta->time_ns / 1000000000u);
	char text[WORD_SIZE], objects[WORD_SIZE], bytes[WORD_SIZE], more[WORD_SIZE];
	_cleanup_free_ char *rest = NULL;
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%H:%M:%S", &tm))
		strcpy(text, "?");
	page_cell(page, INK_PLAIN, columns, false, base_name(names[k]));
	page_cell(page, INK_DIM, 10, true, text);
	if (k)
		snprintf(more, sizeof(more), "+%.20s",
			 duration_words(diff->sequence.ns[k - 1], text));
	page_cell(page, INK_DIM, 11, true, k ? more : "");
	if (asprintf(&rest, "  %s objects, %s", count_words(s->n, objects),
		     bytes_words(heap_bytes(s), bytes)) < 0)
		rest = NULL;
	page->no_memory |= !rest;
	page_last(page, INK_PLAIN, page->style->width - columns - 21, rest ? rest : "");
}

static void put_interval(struct page *page, const struct diff_interval *interval)
{
	char new[WORD_SIZE], gone[WORD_SIZE], same[WORD_SIZE], buffer[WORD_SIZE];

	page_wrap(page, INK_DIM, 2, 4, "%s new, %s gone, %s are the same",
		  count_words(interval->appeared, new), count_words(interval->gone, gone),
		  count_words(interval->survived, same));
	if (page->style->verbose > 0 && interval->reused)
		page_wrap(page, INK_DIM, 2, 4,
			  "%s addresses belong to another object of the same type now",
			  count_words(interval->reused, buffer));
	if (page->style->verbose > 0 && interval->unproven)
		page_wrap(page, INK_DIM, 2, 4,
			  "%s are taken for the same by address and type alone",
			  count_words(interval->unproven, buffer));
}

static void put_header(struct page *page, const struct diff *diff, const char *const *names)
{
	const struct snapshot *s = diff_last(diff)->s;
	int columns = 8;

	page_wrap(page, INK_BOLD, 0, 2, "%s (pid %u)", snapshot_string(s, s->meta->cmdline),
		  s->meta->pid);
	if (!diff->sequence.proven)
		page_wrap(page, INK_WARNING, 0, 2,
			  "That this is one process is inferred from its number and addresses: a "
			  "snapshot does not say when it started.");
	for (unsigned k = 0; k < diff->count; k++)
		if ((int)strlen(base_name(names[k])) > columns)
			columns = (int)strlen(base_name(names[k]));
	if (columns > page->style->width / 3)
		columns = page->style->width / 3;
	for (unsigned k = 0; k < diff->count; k++) {
		put_snapshot(page, diff, k, names, columns);
		if (k)
			put_interval(page, &diff->intervals[k - 1]);
		for (uint32_t i = 0; i < diff->answers[k]->s->num_incomplete; i++)
			page_wrap(page, INK_WARNING, 2, 4, "Incomplete: %s",
				  snapshot_string(diff->answers[k]->s,
						  diff->answers[k]->s->incomplete[i]));
	}
	page_end(page);
}

static char *population_words(const struct page *page, const struct diff *diff,
			      const uint64_t *population)
{
	char words[DIFF_SNAPSHOTS][WORD_SIZE];
	const char *arrow = page_glyphs(page)->arrow;
	char *ret;

	for (unsigned k = 0; k < diff->count; k++)
		count_words(population[k], words[k]);
	if (asprintf(&ret, "%s %s %s%s%s%s%s", words[0], arrow, words[1], diff->count > 2 ? " " : "",
		     diff->count > 2 ? arrow : "", diff->count > 2 ? " " : "",
		     diff->count > 2 ? words[2] : "") < 0)
		return NULL;
	return ret;
}

/* "98 of them hang from app.cache (dict), the others from 12 other places". */
static void put_point(struct page *page, const struct diff *diff, const struct growth *growth)
{
	_cleanup_free_ char *path = growth_point_path(diff, growth);
	char here[WORD_SIZE], places[WORD_SIZE];
	const char *type;

	if (!path)
		return;
	type = snapshot_type_name(diff_last(diff)->s, growth->point);
	if (growth->points < 2)
		page_wrap(page, INK_PLAIN, INDENT, INDENT + 2, "kept by: %s (%s)", path, type);
	else
		page_wrap(page, INK_PLAIN, INDENT, INDENT + 2,
			  "kept by: %s (%s) %s, the others by %s more places", path, type,
			  count_words(growth->at_point, here),
			  count_words(growth->points - 1, places));
}

static struct hg_error *put_drawing(struct page *page, const struct diff *diff,
				    const struct growth *growth)
{
	const struct snapshot *s = diff_last(diff)->s;
	_cleanup_(chain_deinit) struct chain chain = {0}, ring = {0}, tail = {0};
	struct hg_error *error = growth_chains(diff, growth, &chain, &ring, &tail);

	if (!error && chain.steps)
		error = text_chain(page, s, &chain, INDENT);
	if (!error && ring.steps)
		error = text_ring(page, s, &ring, 0, INDENT);
	if (!error && tail.steps)
		error = text_tail(page, s, &tail, INDENT);
	return error;
}

static struct hg_error *put_growth(struct page *page, const struct diff *diff,
				   const struct growth *growth, bool drawn)
{
	const struct snapshot *s = diff_last(diff)->s;
	_cleanup_free_ char *population = population_words(page, diff, growth->population);
	_cleanup_free_ char *advice = growth_advice(diff, growth);
	char more[WORD_SIZE + 1] = "+", objects[WORD_SIZE], bytes[WORD_SIZE], text[SIGNATURE_SIZE];
	struct hg_error *error = NULL;

	page->no_memory |= !population || !advice;
	count_words(growth->growing ? growth->population[diff->count - 1] - growth->population[0]
				    : growth->tops,
		    more + 1);
	page_cell(page, growth->growing ? INK_WARNING : INK_NOTE, INDENT - 1, false, more);
	page_wrap(page, INK_BOLD, -INDENT + 1, INDENT, " %s: %s",
		  snapshot_type_name(s, growth->example), population ? population : "");
	if (page->style->verbose < 0)
		return NULL;
	page_wrap(page, INK_PLAIN, INDENT, INDENT + 2, "%s: %s object%s, %s %s signature %s",
		  diff->count > 2 ? "kept" : "new", count_words(growth->objects, objects),
		  plural(growth->objects), bytes_words(growth->bytes, bytes),
		  page_glyphs(page)->dot, signature_text(growth->signature, text));
	/* The drawing shows one place as well. */
	if (!drawn || growth->points > 1)
		put_point(page, diff, growth);
	if (!drawn)
		return NULL;
	error = put_drawing(page, diff, growth);
	page_wrap(page, INK_CUT, INDENT, INDENT + 5, "fix: %s", advice ? advice : "");
	return error;
}

struct counts {
	uint32_t shown, left_out, idle, known;
	uint64_t idle_objects, idle_bytes;
};

static struct hg_error *put_rows(struct page *page, const struct diff *diff, struct counts *counts)
{
	uint32_t most = text_diff_limit(page);
	bool all = page->style->verbose > 0;
	struct hg_error *error = NULL;

	for (uint32_t i = 0; i < diff->num_growth && !error; i++) {
		const struct growth *growth = &diff->growth[i];

		if (growth->known) {
			counts->known++;
		} else if (!growth->growing && !all) {
			counts->idle++;
			counts->idle_objects += growth->objects;
			counts->idle_bytes += growth->bytes;
		} else if (counts->shown >= most) {
			counts->left_out++;
		} else {
			if (counts->shown && (all || counts->shown <= DRAWN))
				page_end(page);
			error = put_growth(page, diff, growth, all || counts->shown < DRAWN);
			counts->shown++;
		}
	}
	return error;
}

static struct hg_error *put_all_growth(struct page *page, const struct diff *diff,
				       const char *const *names)
{
	char objects[WORD_SIZE], bytes[WORD_SIZE], buffer[WORD_SIZE];
	struct counts counts = {0};
	struct hg_error *error;

	if (diff->count > 2)
		page_wrap(page, INK_PLAIN, 0, 2,
			  "Kept: %s object%s, %s, appeared between %s and %s and still live in %s.",
			  count_words(diff->kept, objects), plural(diff->kept), bytes_words(diff->kept_bytes, bytes),
			  base_name(names[0]), base_name(names[1]), base_name(names[2]));
	error = put_rows(page, diff, &counts);
	if (error)
		return error;
	if (!counts.shown)
		page_wrap(page, INK_BOLD, 0, 2, "Nothing grows%s.",
			  counts.known ? " but what the baseline knows" : "");
	if (counts.left_out)
		page_wrap(page, INK_DIM, 0, 2, "%s %s more row%s (-v shows all)", page_glyphs(page)->more,
			  count_words(counts.left_out, buffer), plural(counts.left_out));
	if (counts.idle)
		page_wrap(page, INK_DIM, 0, 2,
			  "%s, but no more of them than before: %s object%s, %s (-v shows them)",
			  diff->count > 2 ? "Kept" : "New",
			  count_words(counts.idle_objects, objects), plural(counts.idle_objects),
			  bytes_words(counts.idle_bytes, bytes));
	if (counts.known)
		page_wrap(page, INK_DIM, 0, 2, "In the baseline: %s",
			  count_words(counts.known, buffer));
	return NULL;
}

struct hg_error *text_diff(struct page *page, const struct diff *diff, const char *const *names)
{
	struct hg_error *error;

	if (page->style->verbose >= 0)
		put_header(page, diff, names);
	error = put_all_growth(page, diff, names);
	if (error || page->style->verbose < 0)
		return error;
	text_diff_tables(page, diff);
	return NULL;
}

struct hg_error *report_diff(FILE *out, const struct diff *diff, const char *const *names,
			     const struct style *style, bool json)
{
	struct page page = {out, style, false};
	struct json writer = json_start(out);
	struct hg_error *error;

	if (json)
		return json_diff(&writer, diff, names, style->limit);
	error = text_diff(&page, diff, names);
	return error ? error : page_finish(&page);
}
