/* The answer, made in the order in which its parts need each other: the graph, what is alive,
 * who holds native things, the loops, what pins what, then the words. */
#include "answer.h"

#include "answer_parts.h"
#include "descriptors.h"
#include "modules.h"

static struct hg_error *make_all(struct making *making)
{
	static struct hg_error *(*const parts[])(struct making *) = {
		holders_make, libraries_make,	loops_make,    pins_make,
		cycles_make,  descriptors_make, findings_make,
	};
	struct answer *answer = making->answer;
	struct hg_error *error = graph_create(answer->s, &answer->graph);

	if (!error)
		error = reach_create(answer->graph, &answer->reach);
	for (size_t i = 0; !error && i < sizeof(parts) / sizeof(*parts); i++)
		error = parts[i](making);
	return error;
}

struct hg_error *answer_create(const struct snapshot *s, struct answer **ret)
{
	struct answer *answer = calloc(1, sizeof(*answer));
	struct making making = {.answer = answer, .stdlib = modules_stdlib(s)};
	struct hg_error *error = &hg_error_no_memory;

	if (answer) {
		answer->s = s;
		error = make_all(&making);
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

static void findings_free(struct answer *answer)
{
	for (uint32_t i = 0; i < answer->num_findings; i++) {
		free(answer->findings[i].title);
		free(answer->findings[i].objects);
		free(answer->findings[i].evidence);
		free(answer->findings[i].advice);
	}
	free(answer->findings);
}

void answer_destroy(struct answer *answer)
{
	if (!answer)
		return;
	findings_free(answer);
	for (uint32_t i = 0; i < answer->num_descriptors; i++)
		free(answer->descriptors[i].path);
	free(answer->descriptors);
	cycles_free(answer);
	holders_free(answer);
	libraries_free(answer);
	free(answer->component);
	reach_destroy(answer->reach);
	graph_destroy(answer->graph);
	free(answer);
}
