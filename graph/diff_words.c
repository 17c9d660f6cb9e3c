#include "diff_words.h"

#include <string.h>

#include "edge_text.h"
#include "keeper.h"
#include "memtext.h"
#include "retained.h"

static bool in_garbage(const struct diff *diff, const struct growth *growth)
{
	return diff_last(diff)->reach->state[growth->example] == REACH_GARBAGE;
}

char *growth_point_path(const struct diff *diff, const struct growth *growth)
{
	if (growth->point == HGS_NONE || in_garbage(diff, growth))
		return NULL;
	return retained_path(diff_last(diff), growth->point);
}

static bool is_container(const struct snapshot *s, uint32_t object)
{
	static const char *const names[] = {"list", "set", "collections.deque", "array.array"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (type_is(s, object, names[i]))
			return true;
	return s->flags[object] & HGS_OBJ_DICT;
}

static void print_garbage_advice(FILE *out, const struct snapshot *s)
{
	if (!s->meta->gc_enabled)
		fputs("they are garbage in reference cycles, and gc is disabled: call gc.enable(), or "
		      "gc.collect() where a pause suits",
		      out);
	else
		fputs("they are garbage in reference cycles that gc has not come to yet: break the "
		      "cycle (heapgraph cycles), or hold one reference of it weakly",
		      out);
}

char *growth_advice(const struct diff *diff, const struct growth *growth)
{
	const struct snapshot *s = diff_last(diff)->s;
	_cleanup_free_ char *path = growth_point_path(diff, growth);
	_cleanup_free_ char *variable = NULL;
	struct memtext text;

	/* What hangs from a module is a variable of it. */
	if (path && s->flags[growth->point] & HGS_OBJ_MODULE)
		variable = retained_path(diff_last(diff), growth->example);

	if (!memtext_open(&text))
		return NULL;
	if (!strncmp(snapshot_type_name(s, growth->example), "weakref", 7))
		fputs("nothing here: weak references go with what they refer to, see the other rows",
		      text.out);
	else if (in_garbage(diff, growth))
		print_garbage_advice(text.out, s);
	else if (!path)
		fputs("see what refers to the example: heapgraph why SNAPSHOT ADDRESS", text.out);
	else if (growth->points > 1)
		fprintf(text.out, "drop them when they are done with; most are kept by `%s`", path);
	else if (is_container(s, growth->point))
		fprintf(text.out,
			"take entries out of `%s` when they are done with, or bound it", path);
	else if (variable)
		fprintf(text.out, "drop `%s` when it is done with", variable);
	else
		fprintf(text.out, "drop what `%s` refers to when it is done with", path);
	return memtext_close(&text);
}

struct hg_error *growth_chains(const struct diff *diff, const struct growth *growth,
			       struct chain *chain, struct chain *ring, struct chain *tail)
{
	const struct answer *last = diff_last(diff);
	_cleanup_keeper_ struct keeper keeper = {0};
	struct hg_error *error;

	*chain = *ring = *tail = (struct chain){.root = HGS_NONE};
	if (!in_garbage(diff, growth))
		return chain_of(last->s, last->reach, growth->example, chain);
	error = keeper_of(last, growth->example, &keeper);
	if (error)
		return error;
	*ring = keeper.ring;
	*tail = keeper.tail;
	keeper = (struct keeper){0};
	return NULL;
}
