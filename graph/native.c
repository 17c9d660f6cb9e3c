/* References that nothing found accounts for, and who has them.
 *
 * Three things are told apart. A word in the data of a library that is no part of CPython: that library
 * has the reference. More references than all of the searched memory has words with the address: they
 * were counted and are gone, which is what a forgotten Py_DECREF() leaves behind; stale copies of an
 * address can hide such a leak, and cannot feign one. And words in heap or anonymous memory beyond the
 * known referrers' own: some native structure, or a stale copy.
 *
 * Left out is what is CPython's business or nobody's: words in the interpreter's own data and in the
 * standard library's extensions, what a C function that is running holds on its stack, and, where a
 * library or the heap has it, all but objects of the application's own classes, its functions and
 * methods: what else an extension keeps is its own affair, and so is a count too high of what
 * something else refers to. */
#include "native.h"

#include <string.h>

#include "list.h"
#include "modules.h"
#include "roots.h"

struct words_of {
	uint32_t *sorted; /* indices of words of kind OBJECT, by their object */
	uint32_t count;
};

struct native {
	struct making *making;
	struct words_of words;
};

bool library_is_pythons(const struct library *library)
{
	return library->fact->flags & (HGS_LIB_PYTHON | HGS_LIB_VDSO | HGS_LIB_LOADER) ||
	       strstr(library->path, "/lib-dynload/");
}

static char *stack_place(const struct snapshot *s, const struct hgs_segment *segment)
{
	_cleanup_free_ char *words = NULL;
	char *place;

	for (uint32_t i = 0; i < s->num_threads && !words; i++) {
		const struct hgs_thread *thread = &s->threads[i];
		bool main = thread->flags & HGS_THREAD_MAIN && !strcmp(snapshot_string(s, segment->path), "[stack]");

		if (main || (thread->pthread >= segment->start && thread->pthread < segment->end))
			words = thread_words(s, thread, false);
	}
	if (asprintf(&place, "stack%s%s", words ? " of " : "", words ? words : "") < 0)
		return NULL;
	return place;
}

char *word_place(const struct answer *answer, const struct hgs_word *word)
{
	const struct hgs_segment *segment = &answer->s->segments[word->segment];

	switch (word->place) {
	case HGS_PLACE_STACK:
		return stack_place(answer->s, segment);
	case HGS_PLACE_HEAP:
		return strdup("[heap]");
	case HGS_PLACE_DATA:
	case HGS_PLACE_BSS:
		if (word->library != HGS_NONE)
			return data_words(answer->s, word);
	}
	return strdup("anonymous memory");
}

static int by_target(const void *a, const void *b, void *context)
{
	const struct hgs_word *words = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (words[x].target != words[y].target)
		return words[x].target < words[y].target ? -1 : 1;
	return (x > y) - (x < y);
}

static struct hg_error *sort_words(struct native *n)
{
	const struct snapshot *s = n->making->answer->s;

	n->words.sorted = malloc(((size_t)s->num_words + 1) * sizeof(*n->words.sorted));
	if (!n->words.sorted)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < s->num_words; i++)
		if (s->words[i].kind == HGS_WORD_OBJECT && s->words[i].target != HGS_NONE)
			n->words.sorted[n->words.count++] = i;
	qsort_r(n->words.sorted, n->words.count, sizeof(*n->words.sorted), by_target,
		(void *)s->words);
	return NULL;
}

/* The run of the object's words. O(log words). */
static uint32_t words_of(const struct native *n, uint32_t object, uint32_t *count)
{
	const struct snapshot *s = n->making->answer->s;
	uint32_t low = 0, high = n->words.count, end;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (s->words[n->words.sorted[middle]].target < object)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < n->words.count && s->words[n->words.sorted[end]].target == object;)
		end++;
	*count = end - low;
	return low;
}

/* The top-level module that the object's code comes from: of an instance its class's, of a bound method its
 * instance's, of a function where it was defined. Its length is *length; NULL where nothing says so: what
 * is bound to a class is as good as a global. */
static const char *home_of(const struct snapshot *s, uint32_t object, size_t *length)
{
	const char *type = snapshot_type_name(s, object), *name = NULL;
	uint32_t globals, named;

	if (!strcmp(type, "method")) {
		object = member_value(s, object, "__self__");
		if (object == HGS_NONE || s->flags[object] & HGS_OBJ_TYPE_OBJECT)
			return NULL;
		type = snapshot_type_name(s, object);
	}
	if (!strcmp(type, "function")) {
		globals = member_value(s, object, "__globals__");
		named = globals == HGS_NONE ? HGS_NONE : dict_value(s, globals, "__name__");
		name = named == HGS_NONE ? NULL : snapshot_text(s, named);
	} else if (s->flags[object] & HGS_OBJ_USER && strchr(type, '.')) {
		name = type;
	}
	if (name)
		*length = strcspn(name, ".");
	return name;
}

/* Of the application, and not of the package that the library itself belongs to. */
static bool is_applications(const struct native *n, uint32_t object, const struct library *library)
{
	const struct snapshot *s = n->making->answer->s;
	char folder[256];
	size_t length;
	const char *home = home_of(s, object, &length);
	uint32_t module;

	if (!home || !length || length + 3 > sizeof(folder))
		return false;
	module = module_named(s, home, length);
	if (module == HGS_NONE || modules_origin(s, module, n->making->stdlib) == MODULE_STDLIB)
		return false;
	if (!library)
		return true;
	snprintf(folder, sizeof(folder), "/%.*s/", (int)length, home);
	return !strstr(library->path, folder) && strncmp(library->name, home, length) != 0;
}

struct tally {
	uint32_t pythons, others; /* words in libraries' data */
	uint32_t first;		  /* of the others: index into s->words */
};

static struct tally tally_of(const struct native *n, uint32_t object)
{
	const struct answer *answer = n->making->answer;
	struct tally tally = {.first = HGS_NONE};
	uint32_t count, at = words_of(n, object, &count);

	for (; count--; at++) {
		uint32_t index = n->words.sorted[at];
		uint32_t library = answer->s->words[index].library;

		if (library == HGS_NONE || library_is_pythons(&answer->libraries[library])) {
			tally.pythons++;
		} else if (!tally.others++) {
			tally.first = index;
		}
	}
	return tally;
}

/* Whether the row is worth a word, and what it says then. */
static bool judge(const struct native *n, const struct hgs_surplus *fact,
		  struct native_reference *ret)
{
	const struct answer *answer = n->making->answer;
	const struct snapshot *s = answer->s;
	struct tally tally = tally_of(n, fact->object);
	uint32_t surplus = fact->surplus > fact->inferred ? fact->surplus - fact->inferred : 0;
	uint64_t words = (uint64_t)fact->in_libraries + fact->in_stacks + fact->in_heap +
			 fact->in_anonymous;

	*ret = (struct native_reference){
		.fact = fact, .surplus = surplus, .library = HGS_NONE, .word = HGS_NONE};
	if (surplus <= tally.pythons)
		return false;
	ret->surplus -= tally.pythons;
	if (tally.others) {
		ret->hold = NATIVE_LIBRARY;
		ret->word = tally.first;
		ret->library = s->words[tally.first].library;
		return is_applications(n, fact->object, &answer->libraries[ret->library]);
	}
	if (surplus <= tally.pythons + fact->in_stacks)
		return false;
	if (s->refs[fact->object] > words) {
		ret->hold = NATIVE_NOWHERE;
		ret->unaccounted = s->refs[fact->object] - (uint32_t)words;
		if (ret->unaccounted > ret->surplus)
			ret->unaccounted = ret->surplus;
		return !s->search->left_out && (ret->surplus == s->refs[fact->object] ||
						is_applications(n, fact->object, NULL));
	}
	ret->hold = NATIVE_MEMORY;
	return is_applications(n, fact->object, NULL);
}

static bool add_place(char **places, char *place)
{
	if (!place)
		return false;
	for (; *places; places++) {
		if (!strcmp(*places, place)) {
			free(place);
			return true;
		}
	}
	*places = place;
	return true;
}

/* Known referrers' words lie in heap and anonymous memory; what is beyond their number is native, or
 * stale. */
static bool memory_places(const struct native_reference *reference, uint32_t known, char **places)
{
	const struct hgs_surplus *fact = reference->fact;

	if (fact->in_heap + fact->in_anonymous <= known)
		return true;
	if (fact->in_heap && !add_place(places, strdup("[heap]")))
		return false;
	return !fact->in_anonymous || fact->in_heap + fact->in_anonymous <= known + fact->in_heap ||
	       add_place(places, strdup("anonymous memory"));
}

static struct hg_error *describe(const struct native *n, struct native_reference *reference)
{
	const struct answer *answer = n->making->answer;
	const struct snapshot *s = answer->s;
	uint32_t object = reference->fact->object, count, at = words_of(n, object, &count);
	uint32_t known = s->refs[object] - reference->fact->surplus + reference->fact->inferred;
	struct chain chain = {0};
	struct hg_error *error;
	bool ok = true;

	reference->found_in = calloc((size_t)count + 3, sizeof(*reference->found_in));
	if (!reference->found_in)
		return &hg_error_no_memory;
	for (; count--; at++)
		ok &= add_place(reference->found_in,
				word_place(answer, &s->words[n->words.sorted[at]]));
	if (reference->hold != NATIVE_NOWHERE)
		ok &= memory_places(reference, known, reference->found_in);
	if (!ok)
		return &hg_error_no_memory;
	if (unreached(answer, object))
		return NULL;
	error = chain_of(s, answer->reach, object, &chain);
	if (error)
		return error;
	reference->path = path_text(s, &chain);
	chain_deinit(&chain);
	return reference->path ? NULL : &hg_error_no_memory;
}

static struct hg_error *keep(struct native *n, const struct native_reference *reference)
{
	struct answer *answer = n->making->answer;
	struct native_reference *row = list_add(&answer->native, &answer->num_native);

	if (!row)
		return &hg_error_no_memory;
	*row = *reference;
	return describe(n, row);
}

/* What can be told best comes first, then as in the snapshot. */
static int by_hold(const void *a, const void *b)
{
	const struct native_reference *x = a, *y = b;

	if (x->hold != y->hold)
		return x->hold < y->hold ? -1 : 1;
	return (x->fact > y->fact) - (x->fact < y->fact);
}

struct hg_error *native_make(struct making *making)
{
	struct native n = {.making = making};
	const struct snapshot *s = making->answer->s;
	struct hg_error *error = NULL;

	if (!s->search)
		return NULL;
	error = sort_words(&n);
	for (uint32_t i = 0; i < s->num_surplus && !error; i++) {
		struct native_reference reference;

		if (judge(&n, &s->surplus[i], &reference))
			error = keep(&n, &reference);
	}
	if (!error && making->answer->num_native)
		qsort(making->answer->native, making->answer->num_native,
		      sizeof(*making->answer->native), by_hold);
	free(n.words.sorted);
	return error;
}
