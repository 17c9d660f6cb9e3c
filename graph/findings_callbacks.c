/* native-callback: a library's data, or a block of native memory, has the code address of a callback.
 *
 * That is as it should be while something keeps the callback, and worth a note: it must stay so until
 * the library forgets it. It is a crash to come where only garbage keeps the callback, or where it is
 * freed already; a freed one's address may be another's by now, so that none is found does not say that
 * there is none. */
#include <string.h>

#include "findings.h"
#include "modules.h"
#include "native.h"
#include "places.h"

enum fate { FATE_KEPT, FATE_GARBAGE, FATE_FREED };

struct calls {
	struct making *making;
	uint32_t *list; /* indices into s->words, those of one fate and place together */
	uint32_t count;
};

/* The search's own: libffi's table, and what ctypes and cffi keep of their closures. */
static bool is_bookkeeping(const struct library *library)
{
	return library_is_pythons(library) || !strncmp(library->name, "libffi", 6) ||
	       !strncmp(library->name, "_cffi_backend", 13);
}

static bool is_callbacks(const struct answer *answer, const struct hgs_word *word)
{
	uint32_t library = word->library;

	if (word->kind != HGS_WORD_CALLBACK && word->kind != HGS_WORD_FREED)
		return false;
	/* Beyond the running functions a stack is stale; other anonymous memory is mostly CPython's own,
	 * where freed blocks keep what ctypes had in them. */
	if (word->place == HGS_PLACE_STACK || word->place == HGS_PLACE_ANONYMOUS)
		return false;
	return library == HGS_NONE || !is_bookkeeping(&answer->libraries[library]);
}

static enum fate fate_of(const struct answer *answer, const struct hgs_word *word)
{
	if (word->kind == HGS_WORD_FREED || word->target == HGS_NONE)
		return FATE_FREED;
	return unreached(answer, word->target) ? FATE_GARBAGE : FATE_KEPT;
}

static int by_fate(const void *a, const void *b, void *context)
{
	const struct answer *answer = context;
	const struct hgs_word *x = &answer->s->words[*(const uint32_t *)a];
	const struct hgs_word *y = &answer->s->words[*(const uint32_t *)b];

	if (x->library != y->library)
		return x->library < y->library ? -1 : 1;
	if (fate_of(answer, x) != fate_of(answer, y))
		return fate_of(answer, x) < fate_of(answer, y) ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

/* What the callback calls: its converters are a tuple, what it gives back a type or None. */
static uint32_t callable_of(const struct snapshot *s, uint32_t callback)
{
	for (uint64_t e = s->start[callback]; e < s->start[callback + 1ul]; e++) {
		uint32_t to = s->target[e];
		const char *type = snapshot_type_name(s, to);

		if (!(s->flags[to] & HGS_OBJ_TYPE_OBJECT) && strcmp(type, "tuple") &&
		    strcmp(type, "NoneType"))
			return to;
	}
	return callback;
}

/* The name of the ctypes function object, which a program keeps; its thunk hangs on it. */
static char *kept_as(const struct holder *holder)
{
	size_t length = strlen(holder->path), suffix = strlen(".thunk");

	if (length > suffix && !strcmp(holder->path + length - suffix, ".thunk"))
		length -= suffix;
	return strndup(holder->path, length);
}

/* "a callback: print", "3 callbacks, like print" */
static char *callbacks_words(uint64_t count, const char *callable)
{
	return count == 1 ? finding_text("a callback: %s", callable)
			  : finding_text("%llu callbacks, like %s", (unsigned long long)count,
					 callable);
}

static struct hg_error *describe_kept(struct finding *finding, const char *place,
				      const char *callable, const struct holder *holder)
{
	_cleanup_free_ char *which = callbacks_words(finding->count, callable);
	_cleanup_free_ char *path = holder && holder->path ? kept_as(holder) : strdup(callable);

	if (!which || !path)
		return &hg_error_no_memory;
	finding->severity = SEVERITY_NOTE;
	finding->title = finding_text("%s has the address of %s", place, which);
	finding->advice = finding_text("keep `%s` until it is unregistered there: a call after that is "
				       "a crash", path);
	return NULL;
}

static struct hg_error *describe_garbage(struct finding *finding, const char *place,
					 const char *callable)
{
	_cleanup_free_ char *which = callbacks_words(finding->count, callable);

	if (!which)
		return &hg_error_no_memory;
	finding->title = finding_text("%s has the address of %s; only garbage keeps %s", place, which,
				      finding->count == 1 ? "it" : "them");
	finding->advice = finding_text("unregister %s there, or keep its callback object: once gc has "
				       "run, a call is a crash", callable);
	return NULL;
}

static void describe_freed(struct finding *finding, const char *place)
{
	unsigned long long count = finding->count;

	if (count == 1)
		finding->title = finding_text("%s has the address of a callback that is freed", place);
	else
		finding->title = finding_text("%s has the addresses of %llu callbacks that are freed",
					      place, count);
	finding->advice = finding_text("keep the callback's object (CFUNCTYPE, ffi.callback) in a "
				       "variable as long as it is registered there: a call is "
				       "undefined");
}

/* Of the callbacks that are freed there is no object to list. */
static struct hg_error *list_objects(const struct answer *answer, struct finding *finding,
				     const uint32_t *words, uint32_t count)
{
	struct hg_error *error = finding_list(finding, count);
	uint32_t kept = 0;

	for (uint32_t i = 0; !error && i < finding->num_objects; i++)
		if (answer->s->words[words[i]].target != HGS_NONE)
			finding->objects[kept++] = answer->s->words[words[i]].target;
	finding->num_objects = kept;
	return error;
}

static struct hg_error *report(const struct calls *calls, const uint32_t *words, uint32_t count)
{
	struct answer *answer = calls->making->answer;
	const struct hgs_word *first = &answer->s->words[words[0]];
	const struct holder *holder = first->target == HGS_NONE ? NULL :
		holder_at(calls->making, first->target, HGS_HOLDER_CALLBACK);
	_cleanup_free_ char *place = word_place(answer, first);
	const char *callable = first->target == HGS_NONE ?
		"a libffi closure that no object has" :
		callable_name(answer->s, callable_of(answer->s, first->target));
	enum fate fate = fate_of(answer, first);
	uint32_t library = first->library; /* HGS_NONE: the heap */
	struct finding *finding;
	struct hg_error *error = place ? finding_add(answer, FINDING_NATIVE_CALLBACK, &finding)
				       : &hg_error_no_memory;

	if (!error)
		error = list_objects(answer, finding, words, count);
	if (error)
		return error;
	finding_about(answer, finding, library);
	if (holder) {
		finding->holder = (uint32_t)(holder - answer->holders);
		finding->cycle = holder->cycle;
	}
	if (fate == FATE_KEPT)
		error = describe_kept(finding, place, callable, holder);
	else if (fate == FATE_GARBAGE)
		error = describe_garbage(finding, place, callable);
	else
		describe_freed(finding, place);
	if (error)
		return error;
	/* A block that was freed keeps what it had. */
	if (library == HGS_NONE)
		finding->severity = SEVERITY_NOTE;
	finding->evidence = finding_text("the word at 0x%llx (%s) is 0x%llx, the entry of %s%s",
					 (unsigned long long)first->at, place,
					 (unsigned long long)first->value, callable,
					 library == HGS_NONE ? " (the block may be freed)" : "");
	return finding_done(finding);
}

static bool together(const struct answer *answer, uint32_t a, uint32_t b)
{
	const struct hgs_word *x = &answer->s->words[a], *y = &answer->s->words[b];

	return x->library == y->library && fate_of(answer, x) == fate_of(answer, y);
}

struct hg_error *findings_callbacks(struct making *making)
{
	struct answer *answer = making->answer;
	const struct snapshot *s = answer->s;
	_cleanup_free_ uint32_t *list = malloc(((size_t)s->num_words + 1) * sizeof(*list));
	struct calls calls = {.making = making, .list = list};
	struct hg_error *error = list ? NULL : &hg_error_no_memory;
	uint32_t end;

	for (uint32_t i = 0; !error && i < s->num_words; i++)
		if (is_callbacks(answer, &s->words[i]))
			list[calls.count++] = i;
	if (!error)
		qsort_r(list, calls.count, sizeof(*list), by_fate, answer);
	for (uint32_t i = 0; !error && i < calls.count; i = end) {
		for (end = i + 1; end < calls.count && together(answer, list[i], list[end]);)
			end++;
		error = report(&calls, &list[i], end - i);
	}
	return error;
}
