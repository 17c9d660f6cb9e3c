/* One row a kind of root: its words, and its rank among explanations.
 *
 * A global of a module says most; what a thread does now comes next; then what somebody registered
 * and what is kept per thread; what interpreter and types keep for themselves explains least. */
#include "roots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

enum completion { ALONE, WITH_NAME, WITH_THREAD };

static const struct root_kind {
	const char *words;
	uint8_t completion; /* enum completion: what %s stands for */
	uint8_t distance;
} kinds[] = {
	[0] = { "unknown root", ALONE, 10 },
	[HGS_ROOT_MODULES] = { "sys.modules", ALONE, 0 },
	[HGS_ROOT_SYS] = { "sys", ALONE, 8 },
	[HGS_ROOT_BUILTINS] = { "builtins", ALONE, 8 },
	[HGS_ROOT_INTERP] = { "interpreter's %s", WITH_NAME, 10 },
	[HGS_ROOT_THREAD] = { "%s", WITH_THREAD, 1 },
	[HGS_ROOT_ATEXIT] = { "atexit registry", ALONE, 3 },
	[HGS_ROOT_STATIC] = { "static type", ALONE, 12 },
	[HGS_ROOT_SIGNAL] = { "signal handler of %s", WITH_NAME, 3 },
	[HGS_ROOT_CODECS] = { "codec registry's %s", WITH_NAME, 4 },
	[HGS_ROOT_FORK] = { "os.register_at_fork registry", ALONE, 3 },
	[HGS_ROOT_AUDIT] = { "audit hooks", ALONE, 3 },
	[HGS_ROOT_MONITORING] = { "sys.monitoring callback of %s", WITH_NAME, 3 },
	[HGS_ROOT_GC_CALLBACKS] = { "gc.callbacks", ALONE, 3 },
	[HGS_ROOT_THREAD_DICT] = { "thread-local of %s", WITH_THREAD, 4 },
	[HGS_ROOT_CONTEXT] = { "context of %s", WITH_THREAD, 3 },
	[HGS_ROOT_HANDLED] = { "exception being handled in %s", WITH_THREAD, 3 },
	[HGS_ROOT_RAISED] = { "exception being raised in %s", WITH_THREAD, 3 },
	[HGS_ROOT_ASYNC_EXC] = { "exception sent to %s", WITH_THREAD, 3 },
	[HGS_ROOT_TRACE] = { "trace function of %s", WITH_THREAD, 3 },
	[HGS_ROOT_PROFILE] = { "profile function of %s", WITH_THREAD, 3 },
	[HGS_ROOT_ASYNC_GENERATORS] = { "async generator hook of %s", WITH_THREAD, 3 },
	[HGS_ROOT_EVENT_LOOP] = { "asyncio loop running in %s", WITH_THREAD, 3 },
	[HGS_ROOT_TASK] = { "asyncio task running in %s", WITH_THREAD, 3 },
};

static const struct root_kind *kind_of(uint32_t kind)
{
	return &kinds[kind < sizeof(kinds) / sizeof(kinds[0]) && kinds[kind].words ? kind : 0];
}

uint32_t root_distance(uint32_t kind)
{
	return kind_of(kind)->distance;
}

char *thread_words(const struct snapshot *s, const struct hgs_thread *thread, bool comm)
{
	const char *name = comm ? snapshot_string(s, thread->name) : "";
	char *ret;
	int length;

	if (!thread->tid && !*name)
		length = asprintf(&ret, "a thread%s", comm ? " of unknown id" : "");
	else if (!thread->tid)
		length = asprintf(&ret, "thread %s", name);
	else if (*name)
		length = asprintf(&ret, "thread %u (%s)", thread->tid, name);
	else
		length = asprintf(&ret, "thread %u", thread->tid);
	return length < 0 ? NULL : ret;
}

/* `words` with what %s stands for. */
static char *complete(const char *words, const char *with)
{
	const char *gap = strstr(words, "%s");
	char *ret;

	if (!with)
		return NULL;
	if (!gap)
		return strdup(words);
	return asprintf(&ret, "%.*s%s%s", (int)(gap - words), words, with, gap + 2) < 0 ? NULL : ret;
}

char *root_kind_words(const struct snapshot *s, uint32_t index)
{
	const struct hgs_root *root;
	const struct root_kind *kind;

	if (index == HGS_NONE)
		return strdup("native reference");
	root = &s->roots[index];
	kind = kind_of(root->kind);
	if (kind->completion == WITH_THREAD)
		return complete(kind->words, "a thread");
	return complete(kind->words, root->name ? snapshot_string(s, root->name) : "state");
}

char *root_words(const struct snapshot *s, uint32_t index, bool comm)
{
	const struct root_kind *kind = index == HGS_NONE ? NULL : kind_of(s->roots[index].kind);
	char *thread, *ret;

	if (!kind || kind->completion != WITH_THREAD || s->roots[index].thread == HGS_NONE)
		return root_kind_words(s, index);
	thread = thread_words(s, &s->threads[s->roots[index].thread], comm);
	ret = complete(kind->words, thread);
	free(thread);
	return ret;
}

char *data_words(const struct snapshot *s, const struct hgs_word *word)
{
	const char *path = snapshot_string(s, s->libraries[word->library].path);
	char *ret;

	if (asprintf(&ret, "%s %s", base_name(path),
		     word->place == HGS_PLACE_BSS ? ".bss" : ".data") < 0)
		return NULL;
	return ret;
}

struct hg_error *keeping_data_words(const struct snapshot *s, uint32_t object, char **ret)
{
	*ret = NULL;
	for (uint32_t i = 0; i < s->num_words; i++) {
		const struct hgs_word *word = &s->words[i];

		if (word->kind != HGS_WORD_OBJECT || word->target != object ||
		    word->library == HGS_NONE || s->libraries[word->library].flags & HGS_LIB_PYTHON)
			continue;
		*ret = data_words(s, word);
		return *ret ? NULL : &hg_error_no_memory;
	}
	return NULL;
}
