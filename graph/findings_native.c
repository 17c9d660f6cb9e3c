/* reference-surplus: what native.c has kept, objects of one type that are held in one way together. Told are
 * references that were forgotten, and what a library keeps that nothing else reaches. */
#include <string.h>

#include "findings.h"
#include "native.h"
#include "words.h"

/* References of one sort: to objects of one type, held in one way, by one library. */
static int by_sort(const void *a, const void *b, void *context)
{
	const struct answer *answer = context;
	const struct native_reference *x = &answer->native[*(const uint32_t *)a];
	const struct native_reference *y = &answer->native[*(const uint32_t *)b];
	uint32_t x_type = answer->s->type[x->fact->object], y_type = answer->s->type[y->fact->object];

	if (x->hold != y->hold)
		return x->hold < y->hold ? -1 : 1;
	if (x->library != y->library)
		return x->library < y->library ? -1 : 1;
	if (x_type != y_type)
		return x_type < y_type ? -1 : 1;
	return (x->fact > y->fact) - (x->fact < y->fact);
}

struct run {
	const uint32_t *list; /* indices into answer.native */
	uint32_t count;
	uint64_t unaccounted;
	bool alive; /* each is reached by a root as well */
};

static bool same_sort(const struct answer *answer, uint32_t a, uint32_t b)
{
	const struct native_reference *x = &answer->native[a], *y = &answer->native[b];

	return x->hold == y->hold && x->library == y->library &&
	       answer->s->type[x->fact->object] == answer->s->type[y->fact->object];
}

static struct run run_from(const struct answer *answer, const uint32_t *list, uint32_t left)
{
	struct run run = {.list = list, .alive = true};

	for (; run.count < left && same_sort(answer, list[0], list[run.count]); run.count++) {
		const struct native_reference *reference = &answer->native[list[run.count]];

		run.unaccounted += reference->unaccounted;
		run.alive &= answer->reach->state[reference->fact->object] == REACH_ROOT;
	}
	return run;
}

static void describe_leak(const struct answer *answer, const struct run *run,
			  struct finding *finding)
{
	const struct snapshot *s = answer->s;
	const struct native_reference *first = &answer->native[run->list[0]];
	const char *type = snapshot_type_name(s, first->fact->object);
	unsigned long long count = run->count, lost = run->unaccounted;
	char bytes[WORD_SIZE];

	finding->title = finding_text("%llu %s object%s: %llu reference%s to %s that nothing holds", count,
				      type, plural(count), lost, plural(lost),
				      count == 1 ? "it" : "them");
	finding->evidence = finding_text("counted, but no word of the %s searched has the address; "
					 "like the one at 0x%llx: count %u, %u found",
					 bytes_words(s->search->bytes, bytes),
					 (unsigned long long)s->addr[first->fact->object],
					 s->refs[first->fact->object],
					 s->refs[first->fact->object] - first->surplus);
	finding->advice = finding_text("an extension forgot to give references back: look for a "
				       "missing Py_DECREF() where it makes or takes %s objects",
				       type);
}

static void describe_held(const struct answer *answer, const struct run *run,
			  struct finding *finding)
{
	const struct snapshot *s = answer->s;
	const struct native_reference *first = &answer->native[run->list[0]];
	const char *type = snapshot_type_name(s, first->fact->object);
	const char *place = first->found_in[0];
	bool rooted = answer->reach->state[first->fact->object] == REACH_ROOT;
	const char *name = rooted ? first->path : type;
	unsigned long long count = run->count;

	finding->title = finding_text("%llu %s object%s held by native code: %s", count, type,
				      count == 1 ? " is" : "s are", place);
	finding->evidence = finding_text("the word at 0x%llx (%s) is the address of %s; count %u, %u found",
					 (unsigned long long)s->words[first->word].at, place, name,
					 s->refs[first->fact->object],
					 s->refs[first->fact->object] - first->surplus);
	finding->advice = finding_text("it goes when %s gives it back: unregister it there, or see that "
				       "its static PyObject * is released (Py_CLEAR)",
				       answer->libraries[first->library].name);
}

static struct hg_error *report(struct answer *answer, const struct run *run)
{
	const struct native_reference *first = &answer->native[run->list[0]];
	struct finding *finding;
	struct hg_error *error = finding_add(answer, FINDING_REFERENCE_SURPLUS, &finding);

	if (!error)
		error = finding_list(finding, run->count);
	if (error)
		return error;
	finding_about(answer, finding, first->library);
	for (uint32_t i = 0; i < finding->num_objects; i++)
		finding->objects[i] = answer->native[run->list[i]].fact->object;
	if (first->hold == NATIVE_NOWHERE) {
		finding->count = run->unaccounted; /* references, of which an object may lack several */
		describe_leak(answer, run, finding);
	} else {
		describe_held(answer, run, finding);
	}
	return finding_done(finding);
}

/* A reference that was lost once, on the way of an error or at an import, leaves one object for as long as
 * the process lives; what leaks is lost with every call. Those few are in the JSON. */
enum { LOST_ONCE = 3 };

/* What a structure in the heap may hold (an array of numpy has its objects there), and what a root keeps
 * as well, is in the JSON and no finding. */
static bool is_worth_it(const struct answer *answer, const struct run *run)
{
	enum native_hold hold = answer->native[run->list[0]].hold;

	return (hold == NATIVE_NOWHERE && run->unaccounted > LOST_ONCE) ||
	       (hold == NATIVE_LIBRARY && !run->alive);
}

struct hg_error *findings_references(struct making *making)
{
	struct answer *answer = making->answer;
	_cleanup_free_ uint32_t *list = malloc((answer->num_native + 1) * sizeof(*list));
	struct hg_error *error = list ? NULL : &hg_error_no_memory;

	for (uint32_t i = 0; !error && i < answer->num_native; i++)
		list[i] = i;
	if (!error)
		qsort_r(list, answer->num_native, sizeof(*list), by_sort, answer);
	for (uint32_t i = 0; !error && i < answer->num_native;) {
		struct run run = run_from(answer, &list[i], answer->num_native - i);

		if (is_worth_it(answer, &run))
			error = report(answer, &run);
		i += run.count;
	}
	return error;
}
