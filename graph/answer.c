/* The answer, made in the order in which its parts need each other: the graph, what is alive,
 * who holds native things, the loops, what pins what, then the words. */
#include "answer.h"

#include <threads.h>

#include "answer_parts.h"
#include "descriptors.h"
#include "modules.h"
#include "native.h"
#include "unload.h"

struct transposing {
	struct answer *answer;
	bool whole;
	struct hg_error *error;
};

static int transpose(void *context)
{
	struct transposing *job = context;

	job->error = job->whole ? graph_create(job->answer->s, &job->answer->graph)
				: graph_create_sources(job->answer->s, &job->answer->graph);
	return 0;
}

/* The transpose and what is alive, which need nothing of each other, at the same time where there
 * is a second core. */
static struct hg_error *make_ground(struct answer *answer, bool whole)
{
	struct transposing job = {.answer = answer, .whole = whole};
	struct hg_error *error;
	thrd_t thread;
	bool apart = thrd_create(&thread, transpose, &job) == thrd_success;

	error = reach_create(answer->s, &answer->reach);
	if (apart)
		thrd_join(thread, NULL);
	else
		transpose(&job);
	if (!error)
		return job.error;
	hg_error_free(job.error);
	return error;
}

static struct hg_error *make_parts(struct making *making, bool whole)
{
	static struct hg_error *(*const parts[])(struct making *) = {
		holders_make, libraries_make, /* a heap has these two */
		loops_make, pins_make, cycles_make, descriptors_make, capsules_make,
		native_make,
		findings_make,
	};
	size_t count = whole ? sizeof(parts) / sizeof(*parts) : 2;
	struct hg_error *error = make_ground(making->answer, whole);

	for (size_t i = 0; !error && i < count; i++)
		error = parts[i](making);
	return error;
}

static struct hg_error *create(const struct snapshot *s, bool whole, struct answer **ret)
{
	struct answer *answer = calloc(1, sizeof(*answer));
	struct making making = {.answer = answer, .stdlib = modules_stdlib(s)};
	struct hg_error *error = &hg_error_no_memory;

	if (answer) {
		answer->s = s;
		error = make_parts(&making, whole);
	}
	loops_deinit(&making.loops);
	ring_search_destroy(making.search);
	free(making.owners.sorted);
	free(making.origins);
	free(making.stdlib);
	if (error)
		answer_destroy(answer);
	else
		*ret = answer;
	return error;
}

struct hg_error *answer_create(const struct snapshot *s, struct answer **ret)
{
	return create(s, true, ret);
}

struct hg_error *answer_create_heap(const struct snapshot *s, struct answer **ret)
{
	return create(s, false, ret);
}

static void libraries_free(struct answer *answer)
{
	for (uint32_t i = 0; i < answer->num_libraries; i++) {
		struct library *library = &answer->libraries[i];

		for (char **why = library->why; why && *why; why++)
			free(*why);
		free(library->why);
		free(library->holders);
	}
	free(answer->libraries);
}

static void holders_free(struct answer *answer)
{
	for (uint32_t i = 0; i < answer->num_holders; i++) {
		chain_deinit(&answer->holders[i].chain);
		chain_deinit(&answer->holders[i].tail);
		free(answer->holders[i].path);
	}
	free(answer->holders);
}

static void cycles_free(struct answer *answer)
{
	for (uint32_t i = 0; i < answer->num_cycles; i++) {
		chain_deinit(&answer->cycles[i].ring);
		free(answer->cycles[i].pins);
		for (uint32_t k = 0; k < answer->cycles[i].num_cuts; k++)
			free(answer->cycles[i].cuts[k].advice);
		free(answer->cycles[i].cuts);
		free(answer->cycles[i].held_by);
	}
	free(answer->cycles);
}

static void native_free(struct answer *answer)
{
	for (uint32_t i = 0; i < answer->num_native; i++) {
		for (char **place = answer->native[i].found_in; place && *place; place++)
			free(*place);
		free(answer->native[i].found_in);
		free(answer->native[i].path);
	}
	free(answer->native);
}

static void findings_free(struct answer *answer)
{
	for (uint32_t i = 0; i < answer->num_findings + answer->num_known; i++) {
		free(answer->findings[i].title);
		free(answer->findings[i].objects);
		free(answer->findings[i].evidence);
		free(answer->findings[i].advice);
		free(answer->findings[i].pattern);
	}
	free(answer->findings);
}

void answer_destroy(struct answer *answer)
{
	if (!answer)
		return;
	findings_free(answer);
	native_free(answer);
	unload_destroy(answer->unload);
	for (uint32_t i = 0; i < answer->num_descriptors; i++)
		free(answer->descriptors[i].path);
	free(answer->descriptors);
	for (uint32_t i = 0; i < answer->num_capsules; i++)
		free(answer->capsules[i].path);
	free(answer->capsules);
	cycles_free(answer);
	holders_free(answer);
	libraries_free(answer);
	free(answer->component);
	reach_destroy(answer->reach);
	graph_destroy(answer->graph);
	free(answer);
}
