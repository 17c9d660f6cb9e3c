/* The answer to "may I unload it?": every holder of the library, every word outside it that is an address
 * in it, the libraries that depend on it, and what was looked at to say so. "Nothing found" is said where
 * all was searched; words that may be stale make it unknown and not unsafe. */
#include "unload.h"

#include <stdarg.h>
#include <string.h>

#include "answer_parts.h"
#include "findings.h"
#include "list.h"
#include "native.h"
#include "words.h"

struct listing {
	const struct answer *answer;
	const struct library *library;
	struct unload *unload;
	bool no_memory;
};

/* Takes the texts; NULL `from` or `what` means that there was no memory for them. */
static void put(struct listing *l, char *from, char *what, char *path, bool certain)
{
	struct unload *unload = l->unload;
	struct unload_pointer *row =
		from && what ? list_add(&unload->pointers, &unload->num_pointers) : NULL;

	if (!row) {
		free(from);
		free(what);
		free(path);
		l->no_memory = true;
		return;
	}
	*row = (struct unload_pointer){from, what, path, certain};
}

static char *copy_of(struct listing *l, const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	l->no_memory |= text && !copy;
	return copy;
}

static void put_holder(struct listing *l, const struct holder *holder)
{
	const char *kind = holder_kind_name(holder->fact->kind);
	const char *garbage = holder->state == HOLDER_GARBAGE ? ", in garbage" : "";
	char *what;

	if (holder->fact->kind == HGS_HOLDER_HANDLE)
		what = finding_text("looks functions up in it%s", garbage);
	else if (holder->fact->code)
		what = finding_text("its code address is 0x%llx%s",
				    (unsigned long long)holder->fact->code, garbage);
	else
		what = finding_text("is defined in it%s", garbage);
	put(l, holder->path ? copy_of(l, kind)
			    : finding_text("%s %s", kind,
					   snapshot_type_name(l->answer->s, holder->fact->object)),
	    what, copy_of(l, holder->path), true);
}

static void put_dependents(struct listing *l)
{
	const struct hgs_library *fact = l->library->fact;

	if (fact->flags & HGS_LIB_NEEDED && fact->needed_by != HGS_NONE)
		put(l, copy_of(l, l->answer->libraries[fact->needed_by].name),
		    copy_of(l, "needs it (DT_NEEDED), and keeps it loaded"), NULL, true);
	if (fact->flags & HGS_LIB_BOUND && fact->bound_by != HGS_NONE)
		put(l, copy_of(l, l->answer->libraries[fact->bound_by].name),
		    copy_of(l, "is bound to its symbols, and keeps it loaded"), NULL, true);
	if (fact->flags & HGS_LIB_TLS_DTORS)
		put(l, copy_of(l, "threads"),
		    copy_of(l, "have destructors of its thread-local objects to run"), NULL, true);
}

static bool is_holder(const struct listing *l, uint32_t object)
{
	for (uint32_t i = 0; i < l->library->num_holders; i++)
		if (l->answer->holders[l->library->holders[i]].fact->object == object)
			return true;
	return false;
}

static char *path_of(struct listing *l, uint32_t object)
{
	struct chain chain = {0};
	struct hg_error *error;
	char *path;

	if (unreached(l->answer, object))
		return NULL;
	error = chain_of(l->answer->s, l->answer->reach, object, &chain);
	if (error) {
		hg_error_free(error);
		l->no_memory = true;
		return NULL;
	}
	path = path_text(l->answer->s, &chain);
	chain_deinit(&chain);
	l->no_memory |= !path;
	return path;
}

static void put_pointer(struct listing *l, const struct hgs_pointer *row)
{
	const struct answer *answer = l->answer;
	const struct hgs_word word = {.segment = row->segment, .place = row->place,
				      .library = row->from};
	const char *part = row->flags & HGS_POINTER_CODE ? "code" : "data";
	unsigned long long count = row->count, at = row->at, value = row->value;
	bool own = row->place == HGS_PLACE_DATA || row->place == HGS_PLACE_BSS;
	char *what;

	if (row->place == HGS_PLACE_STACK) {
		what = row->flags & HGS_POINTER_RUNNING
			       ? finding_text("is executing its code at 0x%llx", value)
			       : finding_text("%llu return address%s into its code, like 0x%llx", count,
					      count == 1 ? "" : "es", value);
		put(l, word_place(answer, &word), what, NULL, true);
		return;
	}
	what = finding_text("%llu word%s %s%s of its %s, like 0x%llx at 0x%llx", count, plural(count),
			    own || row->object != HGS_NONE ? count == 1 ? "is " : "are " : "may be ",
			    count == 1 ? "an address" : "addresses", part, value, at);
	if (row->object == HGS_NONE) {
		put(l, word_place(answer, &word), what, NULL, own);
	} else if (is_holder(l, row->object)) {
		free(what);
	} else {
		put(l, finding_text("object %s", snapshot_type_name(answer->s, row->object)), what,
		    path_of(l, row->object), true);
	}
}

static void put_searched(struct listing *l, char **place, char *text)
{
	while (*place)
		place++;
	*place = text;
	l->no_memory |= !text;
}

/* What was looked at, and what was not. */
static void list_searched(struct listing *l)
{
	const struct hgs_library *fact = l->library->fact;
	const struct hgs_search *search = l->answer->s->search;
	char **list = l->unload->searched;
	char bytes[WORD_SIZE];

	put_searched(l, list, strdup("Python objects that hold it: handles, functions, modules, types"));
	put_searched(l, list, strdup("libraries that need it or are bound to it"));
	if (!search || !may_be_unloaded(fact))
		return;
	put_searched(l, list, strdup("data of the other libraries"));
	put_searched(l, list, strdup("threads and their stacks"));
	if (fact->flags & HGS_LIB_EXTENSION)
		return;
	put_searched(l, list,
		     finding_text("heap and anonymous memory%s%s",
				  search->left_out ? ", all but " : "",
				  search->left_out ? bytes_words(search->left_out, bytes) : ""));
}

static int by_certainty(const void *a, const void *b)
{
	const struct unload_pointer *x = a, *y = b;

	return (int)y->certain - (int)x->certain;
}

static struct hg_error *no_library(const char *name)
{
	return hg_error_hint(hg_error_new(HG_EXIT_FAILURE, "no library '%s' is loaded", name),
			     "heapgraph handles SOURCE -v lists them all");
}

static bool is_named(const struct library *library, const char *name)
{
	const char *own = library->name;
	size_t length = strlen(name);

	if (!strcmp(own, name) || !strcmp(library->path, name))
		return true;
	if (!strncmp(own, "lib", 3) && strncmp(name, "lib", 3))
		own += 3;
	return !strncmp(own, name, length) && own[length] == '.';
}

static struct hg_error *make(struct listing *l)
{
	const struct snapshot *s = l->answer->s;
	struct unload *unload = l->unload;

	put_dependents(l);
	for (uint32_t i = 0; i < l->library->num_holders; i++)
		put_holder(l, &l->answer->holders[l->library->holders[i]]);
	for (uint32_t i = 0; i < s->num_pointers; i++)
		if (s->pointers[i].library == unload->library)
			put_pointer(l, &s->pointers[i]);
	list_searched(l);
	if (l->no_memory)
		return &hg_error_no_memory;
	if (unload->num_pointers)
		qsort(unload->pointers, unload->num_pointers, sizeof(*unload->pointers),
		      by_certainty);
	if (unload->num_pointers && unload->pointers[0].certain)
		unload->verdict = UNLOAD_UNSAFE;
	else if (unload->num_pointers || !s->search || s->search->left_out ||
		 !may_be_unloaded(l->library->fact) || l->library->fact->flags & HGS_LIB_EXTENSION)
		unload->verdict = UNLOAD_UNKNOWN;
	else
		unload->verdict = UNLOAD_SAFE;
	return NULL;
}

struct hg_error *unload_create(const struct answer *answer, const char *name, struct unload **ret)
{
	struct listing l = {.answer = answer};
	struct hg_error *error;
	uint32_t i = 0;

	while (i < answer->num_libraries && !is_named(&answer->libraries[i], name))
		i++;
	if (i == answer->num_libraries)
		return no_library(name);
	l.library = &answer->libraries[i];
	l.unload = calloc(1, sizeof(*l.unload));
	if (!l.unload)
		return &hg_error_no_memory;
	l.unload->library = i;
	l.unload->searched = calloc(8, sizeof(*l.unload->searched));
	error = l.unload->searched ? make(&l) : &hg_error_no_memory;
	if (error)
		unload_destroy(l.unload);
	else
		*ret = l.unload;
	return error;
}

void unload_destroy(struct unload *unload)
{
	if (!unload)
		return;
	for (uint32_t i = 0; i < unload->num_pointers; i++) {
		free(unload->pointers[i].from);
		free(unload->pointers[i].what);
		free(unload->pointers[i].path);
	}
	free(unload->pointers);
	for (char **text = unload->searched; text && *text; text++)
		free(*text);
	free(unload->searched);
	free(unload);
}
