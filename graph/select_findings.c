/* The default picture: for each library that a finding is about a panel with the rings and chains
 * that lead to its handles, and one for each finding about other objects, the worst first. What to
 * change stands at the edge to cut, else below the finding. Notes are drawn only where nothing is
 * wrong. */
#include <string.h>

#include "drawing.h"
#include "memtext.h"
#include "utf8.h"
#include "words.h"

#define PANELS 4 /* more do not fit a screen; the caption counts the rest */

/* A handle's owner, and what keeps it: its chain from a root, or the tail from the cycle's ring
 * (whose ring is drawn by the caller). */
struct hg_error *drawing_holder(struct drawing *drawing, const struct answer *answer,
				uint32_t panel, const struct holder *holder)
{
	uint32_t names = holder->fact->names, owner, library;
	const struct chain *chain = holder->chain.steps ? &holder->chain : &holder->tail;
	struct hg_error *error = NULL;

	if (chain->steps)
		error = drawing_chain(drawing, answer, panel, chain);
	if (error)
		return error;
	owner = drawing_object(drawing, answer, panel, holder->fact->object, NODE_OWNER);
	library = drawing_library(drawing, answer, panel, holder->library,
				  names ? snapshot_string(answer->s, names) : "unknown library");
	drawing_edge(drawing, owner, library, EDGE_HANDLE,
		     strdup(holder->fact->kind == HGS_HOLDER_HANDLE
				    ? "handle"
				    : holder_kind_name(holder->fact->kind)));
	return drawing->no_memory ? &hg_error_no_memory : NULL;
}

static void add_remark(struct drawing *drawing, uint32_t panel, uint32_t to, const char *text)
{
	uint32_t node = drawing_node(drawing, panel, NODE_REMARK, strdup(text), strdup(""));

	drawing_edge(drawing, node, to, EDGE_MORE, strdup(""));
}

static struct hg_error *add_cycle(struct drawing *drawing, const struct answer *answer,
				  uint32_t panel, const struct cycle *cycle)
{
	struct hg_error *error;
	uint32_t first = drawing->nodes;
	char text[128], count[WORD_SIZE];

	if (!cycle->ring.steps)
		return NULL;
	error = drawing_ring(drawing, answer, panel, &cycle->ring, cycle->cut,
			     cycle_advice(cycle));
	if (error || first == drawing->nodes)
		return error;
	if (cycle->state == CYCLE_GARBAGE)
		add_remark(drawing, panel, first, "garbage: no root reaches this cycle");
	else if (cycle->state == CYCLE_FROZEN)
		add_remark(drawing, panel, first, "frozen garbage: gc never frees this cycle");
	if (cycle->count > 1) {
		snprintf(text, sizeof(text), "one of %s cycles that look alike",
			 count_words(cycle->count, count));
		add_remark(drawing, panel, first, text);
	}
	return drawing->no_memory ? &hg_error_no_memory : NULL;
}

static bool about_library(const struct finding *finding)
{
	return finding->library != HGS_NONE || finding->library_name;
}

/* Findings about one library share a panel; one about objects has its own. */
static bool same_subject(const struct finding *a, const struct finding *b)
{
	if (!about_library(a) || !about_library(b))
		return a == b;
	if (a->library != HGS_NONE || b->library != HGS_NONE)
		return a->library == b->library;
	return !strcmp(a->library_name, b->library_name);
}

/* That gc is off says why other findings' panels are as they are; it has no picture of its own. */
static bool can_draw(const struct finding *finding)
{
	return about_library(finding) ||
	       (finding->num_objects && finding->code != FINDING_GC_OFF);
}

/* The first of the finding's objects, below what keeps it. */
static struct hg_error *add_example(struct drawing *drawing, const struct answer *answer,
				    uint32_t panel, uint32_t object)
{
	struct chain chain = {0};
	struct hg_error *error = chain_of(answer->s, answer->reach, object, &chain);

	if (!error && chain.steps)
		error = drawing_chain(drawing, answer, panel, &chain);
	chain_deinit(&chain);
	if (error)
		return error;
	drawing_object(drawing, answer, panel, object, NODE_SUBJECT);
	return drawing->no_memory ? &hg_error_no_memory : NULL;
}

/* A library, and what its memory holds where the finding is about that. */
static void add_library(struct drawing *drawing, const struct answer *answer, uint32_t panel,
			const struct finding *finding)
{
	const char *name = finding->library_name ? finding->library_name : "";
	uint32_t library = drawing_library(drawing, answer, panel, finding->library, name), held;

	if ((finding->code != FINDING_REFERENCE_SURPLUS && finding->code != FINDING_NATIVE_CALLBACK) ||
	    !finding->num_objects)
		return;
	held = drawing_object(drawing, answer, panel, finding->objects[0], NODE_SUBJECT);
	drawing_edge(drawing, library, held, EDGE_PLAIN, strdup("its memory has the address"));
}

static struct hg_error *add_finding(struct drawing *drawing, const struct answer *answer,
				    uint32_t panel, const struct finding *finding)
{
	const struct holder *holder = finding_holder(answer, finding);
	struct hg_error *error = NULL;

	/* Where a root reaches the owner, its chain tells all; a ring would distract. */
	if (finding->cycle != HGS_NONE && !(holder && holder->chain.steps))
		error = add_cycle(drawing, answer, panel, &answer->cycles[finding->cycle]);
	if (!error && holder)
		return drawing_holder(drawing, answer, panel, holder);
	if (!error && about_library(finding))
		add_library(drawing, answer, panel, finding);
	else if (!error && finding->cycle == HGS_NONE)
		error = add_example(drawing, answer, panel, finding->objects[0]);
	return error;
}

/* Nodes that the finding's ring and chains want at most. */
static uint32_t cost(const struct answer *answer, const struct finding *finding)
{
	const struct holder *holder = finding_holder(answer, finding);
	uint32_t nodes = 1;

	if (finding->cycle != HGS_NONE)
		nodes += answer->cycles[finding->cycle].ring.steps;
	if (holder)
		nodes += holder->chain.steps + holder->tail.steps;
	return nodes;
}

static const char *label(enum severity severity)
{
	return severity == SEVERITY_ERROR ? "ERROR" : severity == SEVERITY_WARNING ? "WARNING" : "note";
}

/* Whether the advice stands at an edge of a ring that is drawn. */
static bool marks_cut(const struct answer *answer, const struct finding *finding)
{
	const struct holder *holder = finding_holder(answer, finding);

	return finding->cycle != HGS_NONE && !(holder && holder->chain.steps) &&
	       cycle_advice(&answer->cycles[finding->cycle]);
}

static char *join(char *title, const struct answer *answer, const struct finding *finding)
{
	bool advise = finding->advice && finding->severity != SEVERITY_NOTE &&
		      !marks_cut(answer, finding);
	_cleanup_free_ char *safe = text_escape(finding->title, true);
	_cleanup_free_ char *advice = text_escape(advise ? finding->advice : "", true);
	char *ret;

	if (!title || !safe || !advice ||
	    asprintf(&ret, "%s%s%s: %s%s%s", title, *title ? "\n" : "", label(finding->severity),
		     safe, advise ? "\nfix: " : "", advice) < 0)
		ret = NULL;
	free(title);
	return ret;
}

struct choice {
	enum severity severity; /* the least that is drawn */
	uint64_t drawn[SEVERITY_NOTE + 1];
};

/* One panel: the finding at `first` and all others about the same library. */
static struct hg_error *add_panel(struct drawing *drawing, const struct answer *answer,
				  uint32_t first, struct choice *choice)
{
	const struct finding *head = &answer->findings[first];
	uint32_t panel = drawing_panel(drawing, strdup(""));
	struct hg_error *error = NULL;
	char *title = strdup("");

	for (uint32_t i = first; i < answer->num_findings && !error && !drawing->no_memory; i++) {
		const struct finding *finding = &answer->findings[i];

		if (!same_subject(head, finding) || finding->severity > choice->severity)
			continue;
		if (i != first && drawing->objects + cost(answer, finding) > drawing->max_nodes)
			continue;
		choice->drawn[finding->severity]++;
		title = join(title, answer, finding);
		error = add_finding(drawing, answer, panel, finding);
	}
	drawing->no_memory |= !title;
	if (drawing->no_memory) {
		free(title);
		return error ? error : &hg_error_no_memory;
	}
	free(drawing->panel[panel]);
	drawing->panel[panel] = title;
	return error;
}

static bool seen_before(const struct answer *answer, uint32_t i)
{
	for (uint32_t j = 0; j < i; j++)
		if (same_subject(&answer->findings[j], &answer->findings[i]))
			return true;
	return false;
}

/* "Findings drawn: 1 error, 2 warnings; in the report alone: 3 notes" */
static void put_severities(FILE *out, const uint64_t *counts)
{
	const char *comma = "";

	for (int i = 0; i <= SEVERITY_NOTE; i++) {
		if (!counts[i])
			continue;
		fprintf(out, "%s%llu %s%s", comma, (unsigned long long)counts[i],
			severity_name((enum severity)i), plural(counts[i]));
		comma = ", ";
	}
}

static char *caption(const struct answer *answer, const struct choice *choice)
{
	uint64_t left_out[SEVERITY_NOTE + 1] = {0}, drawn = 0, left = 0;
	struct memtext m;

	if (!memtext_open(&m))
		return NULL;
	for (uint32_t i = 0; i < answer->num_findings; i++)
		left_out[answer->findings[i].severity]++;
	for (int i = 0; i <= SEVERITY_NOTE; i++) {
		left_out[i] -= choice->drawn[i];
		drawn += choice->drawn[i];
		left += left_out[i];
	}
	fputs(drawn ? "Findings drawn: " : "Nothing pins a native library", m.out);
	put_severities(m.out, choice->drawn);
	if (left) {
		fputs("; in the report alone: ", m.out);
		put_severities(m.out, left_out);
	}
	return memtext_close(&m);
}

/* Libraries that the application opened, where no finding is about any. */
static void add_libraries(struct drawing *drawing, const struct answer *answer)
{
	uint32_t panel = drawing_panel(drawing, strdup("Libraries opened by dlopen"));
	uint32_t shown = 0;

	for (uint32_t i = 0; i < answer->num_libraries && shown < drawing->max_nodes; i++) {
		if (strcmp(answer->libraries[i].loaded_by, "dlopen") != 0)
			continue;
		drawing_library(drawing, answer, panel, i, NULL);
		shown++;
	}
	if (!shown)
		drawing_node(drawing, panel, NODE_REMARK,
			     strdup("no library was opened by dlopen"), strdup(""));
}

struct hg_error *select_findings(struct drawing *drawing, const struct answer *answer)
{
	struct choice choice = {.severity = SEVERITY_NOTE};
	struct hg_error *error = NULL;

	for (uint32_t i = 0; i < answer->num_findings; i++)
		if (can_draw(&answer->findings[i]) &&
		    answer->findings[i].severity != SEVERITY_NOTE)
			choice.severity = SEVERITY_WARNING;
	for (uint32_t i = 0; i < answer->num_findings && !error; i++) {
		const struct finding *finding = &answer->findings[i];

		if (!can_draw(finding) || finding->severity > choice.severity ||
		    seen_before(answer, i))
			continue;
		if (drawing->panels >= PANELS ||
		    (drawing->panels &&
		     drawing->objects + cost(answer, finding) > drawing->max_nodes))
			continue;
		error = add_panel(drawing, answer, i, &choice);
	}
	if (error)
		return error;
	if (!drawing->panels)
		add_libraries(drawing, answer);
	drawing->caption = caption(answer, &choice);
	drawing->no_memory |= !drawing->caption;
	return drawing->no_memory ? &hg_error_no_memory : NULL;
}

struct hg_error *select_cycles(struct drawing *drawing, const struct answer *answer)
{
	struct hg_error *error = NULL;
	uint32_t i;

	for (i = 0; i < answer->num_cycles && !error; i++) {
		const struct cycle *cycle = &answer->cycles[i];
		uint32_t panel;

		if (i && (drawing->panels >= PANELS ||
			  drawing->objects + cycle->ring.steps > drawing->max_nodes))
			break;
		panel = drawing_panel(drawing, text_escape(cycle->held_by ? cycle->held_by : "", true));
		error = add_cycle(drawing, answer, panel, cycle);
		if (!error && cycle->holder != HGS_NONE)
			error = drawing_holder(drawing, answer, panel,
					       &answer->holders[cycle->holder]);
	}
	if (error)
		return error;
	if (!answer->num_cycles)
		drawing_node(drawing, drawing_panel(drawing, strdup("")), NODE_REMARK,
			     strdup("no reference cycle worth a look"), strdup(""));
	if (asprintf(&drawing->caption, "Kinds of cycles drawn: %u of %u", i, answer->num_cycles) < 0) {
		drawing->caption = NULL;
		drawing->no_memory = true;
	}
	return drawing->no_memory ? &hg_error_no_memory : NULL;
}
