/* The report as text: one screen in the usual case, the worst first. */
#include "report_text.h"

#include <string.h>

#include "report_json.h"
#include "words.h"

uint64_t text_limited(const struct page *page, uint64_t total)
{
	uint32_t limit = page->style->limit;

	return limit && total > limit ? limit : total;
}

void text_rest(struct page *page, int indent, uint64_t total, uint64_t shown, const char *what)
{
	char buffer[WORD_SIZE];

	if (shown < total)
		page_wrap(page, INK_DIM, indent, indent, "%s %s more %s (--limit 0 shows all)",
			  page_glyphs(page)->more, count_words(total - shown, buffer), what);
}

static void put_process(struct page *page, const struct hgs_meta *meta, const char *exe,
			const char *cmdline)
{
	char version[WORD_SIZE], pid[WORD_SIZE], python[2 * WORD_SIZE], threads[WORD_SIZE];
	const char *const facts[] = {pid, python, threads, *exe ? exe : NULL, NULL};

	page_wrap(page, INK_BOLD, 0, 2, "%s", *cmdline ? cmdline : exe);
	snprintf(pid, sizeof(pid), "pid %u", meta->pid);
	snprintf(python, sizeof(python), "CPython %s%s%s%s",
		 version_words(meta->python_version, version),
		 meta->build & HGS_BUILD_DEBUG ? " debug" : "",
		 meta->build & HGS_BUILD_FREE_THREADED ? " free-threaded" : "",
		 meta->build & HGS_BUILD_STATIC ? " static" : "");
	snprintf(threads, sizeof(threads), "%u thread%s", meta->threads, plural(meta->threads));
	page_facts(page, facts);
}

/* How the heap was had. */
static void method_words(const struct hgs_meta *meta, char words[2 * WORD_SIZE])
{
	char pause[WORD_SIZE];

	if (meta->method == HGS_FORK || meta->method == HGS_PAUSE)
		snprintf(words, 2 * WORD_SIZE, "stood still %s",
			 duration_words(meta->stopped_ns, pause));
	else
		snprintf(words, 2 * WORD_SIZE, "%s",
			 meta->method == HGS_CORE ? "from a core file" :
			 meta->method == HGS_HELD ? "held by a debugger" : "in-process");
}

static void put_capture(struct page *page, const struct snapshot *s)
{
	const struct hgs_meta *meta = s->meta;
	char objects[WORD_SIZE], references[WORD_SIZE], bytes[WORD_SIZE], frozen[WORD_SIZE];
	char heap[4 * WORD_SIZE], method[2 * WORD_SIZE], gc[2 * WORD_SIZE];
	const char *const facts[] = {heap, method, gc, NULL};

	snprintf(heap, sizeof(heap), "%s objects, %s references, %s", count_words(s->n, objects),
		 count_words(s->m, references), bytes_words(heap_bytes(s), bytes));
	method_words(meta, method);
	snprintf(gc, sizeof(gc), "gc %s%s%s%s",
		 meta->gc_enabled == HGS_NONE ? "unknown" : meta->gc_enabled ? "on" : "off",
		 meta->gc_frozen ? ", " : "",
		 meta->gc_frozen ? count_words(meta->gc_frozen, frozen) : "",
		 meta->gc_frozen ? " frozen" : "");
	page_facts(page, facts);
}

void text_header(struct page *page, const struct answer *answer)
{
	const struct snapshot *s = answer->s;
	const struct hgs_meta *meta = s->meta;

	put_process(page, meta, snapshot_string(s, meta->exe), snapshot_string(s, meta->cmdline));
	put_capture(page, s);
	for (uint32_t i = 0; i < s->num_incomplete; i++)
		page_wrap(page, INK_WARNING, 0, 2, "Incomplete: %s",
			  snapshot_string(s, s->incomplete[i]));
}

/* What a snapshot of another origin may lack. */
static void put_unseen(struct page *page, const struct snapshot *s)
{
	const struct {
		const void *seen;
		const char *words;
	} parts[] = {{s->descriptors, "descriptors"},
		     {s->capsules, "capsules"},
		     {s->search, "references held by native code"}};
	char text[80] = "";
	size_t used = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!parts[i].seen)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
						 used ? ", " : "", parts[i].words);
	if (used)
		page_wrap(page, INK_DIM, 0, 2, s->meta->method == HGS_CORE ? "Not in a core: %s."
					       : "Not looked at by this version: %s.", text);
}

static void put_nothing_found(struct page *page, const struct answer *answer)
{
	uint32_t owners = 0, opened = 0;
	char buffer[WORD_SIZE];

	for (uint32_t i = 0; i < answer->num_holders; i++)
		owners += answer->holders[i].fact->kind == HGS_HOLDER_HANDLE;
	for (uint32_t i = 0; i < answer->num_libraries; i++)
		opened += strcmp(answer->libraries[i].loaded_by, "dlopen") == 0;
	page_wrap(page, INK_BOLD, 0, 0, "Nothing wrong found%s.",
		  answer->num_known ? " but what the baseline knows" : "");
	page_wrap(page, INK_PLAIN, 0, 2,
		  "Looked at: %u librar%s (%u opened by dlopen), %u object%s that own%s a handle, "
		  "%u reference cycle%s, %s object%s of garbage.",
		  answer->num_libraries, answer->num_libraries == 1 ? "y" : "ies", opened, owners,
		  plural(owners), owners == 1 ? "s" : "", answer->all_cycles, plural(answer->all_cycles),
		  count_words(answer->reach->garbage, buffer), plural(answer->reach->garbage));
	put_unseen(page, answer->s);
}

static struct hg_error *put_all(struct page *page, const struct answer *answer)
{
	struct hg_error *error;
	bool quiet = page->style->verbose < 0, wrong = false;

	for (uint32_t i = 0; i < answer->num_findings; i++)
		wrong |= answer->findings[i].severity != SEVERITY_NOTE;
	if (!quiet) {
		text_header(page, answer);
		page_end(page);
	}
	if (!wrong)
		put_nothing_found(page, answer);
	if (answer->num_findings && !wrong && !quiet)
		page_end(page);
	error = text_findings(page, answer);
	if (error || quiet)
		return error;
	text_libraries(page, answer);
	error = text_suspects(page, answer);
	if (!error && page->style->verbose > 0) {
		page_end(page);
		return text_cycles(page, answer);
	}
	return error;
}

struct hg_error *report_text(FILE *out, const struct answer *answer, enum report_part part,
			     const struct style *style)
{
	struct page page = {out, style, false};
	struct hg_error *error = NULL;

	if (part != REPORT_ALL && style->verbose >= 0) {
		text_header(&page, answer);
		page_end(&page);
	}
	switch (part) {
	case REPORT_ALL:
		error = put_all(&page, answer);
		break;
	case REPORT_HANDLES:
		if (answer->unload)
			text_unload(&page, answer, answer->unload);
		else
			error = text_handles(&page, answer);
		break;
	case REPORT_CYCLES:
		error = text_cycles(&page, answer);
		break;
	case REPORT_TYPES:
		error = text_types(&page, answer);
		break;
	}
	return error ? error : page_finish(&page);
}

struct hg_error *report_objects(FILE *out, const struct answer *answer, enum object_part part,
				const uint32_t *objects, uint32_t count, uint64_t total, int depth,
				const struct style *style, bool json)
{
	struct page page = {out, style, false};
	struct json writer = json_start(out);
	struct hg_error *error;

	if (json)
		return json_objects(&writer, answer, part, objects, count, total, style->limit);
	error = text_objects(&page, answer, part, objects, count, total, depth);
	return error ? error : page_finish(&page);
}
