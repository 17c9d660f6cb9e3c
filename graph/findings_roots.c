/* root-pins-handle: owners that the program itself keeps. Mostly meant, so a note; a warning where
 * the chain leads through something that keeps objects longer than people think. */
#include <ctype.h>
#include <string.h>
#include <xxhash.h>

#include "findings.h"
#include "modules.h"
#include "places.h"

/* A global of a module of the standard library (ctypes.pythonapi and the like): not the user's. */
static bool is_stdlib_global(const struct making *making, const struct chain *chain)
{
	const struct snapshot *s = making->answer->s;

	if (chain->root == HGS_NONE || s->roots[chain->root].kind != HGS_ROOT_MODULES ||
	    chain->steps != 4 || HGS_EDGE_KIND(chain->edge[1]) != HGS_EDGE_KEY)
		return false;
	return modules_origin(s, chain->object[1], making->stdlib) == MODULE_STDLIB;
}

/* The path with numbers and keys left out: `pool[0].dll` and `pool[17].dll` look alike. */
static uint64_t shape(const char *path, uint64_t seed)
{
	uint64_t sum = seed;
	char last = 0;

	for (; *path; path++) {
		char c = isdigit((unsigned char)*path) ? '0' : *path;

		if (c == '0' && last == '0')
			continue;
		last = c;
		sum = (sum ^ (unsigned char)c) * 0x100000001b3ull; /* FNV-1a */
		if (c != '\'')
			continue;
		while (path[1] && path[1] != '\'')
			path += path[1] == '\\' && path[2] ? 2 : 1;
		path += path[1] == '\'';
	}
	return sum;
}

static bool key_of(const struct making *making, const struct holder *holder, uint64_t *ret)
{
	const struct answer *answer = making->answer;

	if (holder->fact->kind != HGS_HOLDER_HANDLE || holder->state != HOLDER_LIVE ||
	    holder->library == HGS_NONE || !is_opened(&answer->libraries[holder->library]) ||
	    is_stdlib_global(making, &holder->chain))
		return false;
	*ret = shape(holder->path, holder->library);
	return true;
}

static struct hg_error *describe(const struct answer *answer, struct finding *finding)
{
	const struct holder *holder = &answer->holders[finding->holder];
	struct place place;
	bool known = place_of_chain(answer->s, &holder->chain, &place);
	const char *type = snapshot_type_name(answer->s, holder->fact->object);
	unsigned long long count = finding->count;

	if (count == 1)
		finding->title = finding_text("%s: held by `%s`", finding->library_name,
					      holder->path);
	else
		finding->title = finding_text("%s: %llu handles held, like `%s`",
					      finding->library_name, count, holder->path);
	finding->evidence = finding_text("%llu live %s%s%s%s", count, type,
					 count == 1 ? "" : " objects",
					 known ? ", kept through " : "",
					 known ? place_through(&place) : "");
	if (known)
		finding->severity = place_severity(&place);
	if (holder->held_by == HELD_BY_NATIVE)
		finding->advice = finding_text("native code holds a reference that is in no Python "
					       "object: release it there");
	else if (answer->libraries[holder->library].opens == 0)
		finding->advice = finding_text("no dlopen is outstanding, so the handle is closed: "
					       "drop `%s`, and do not close it again",
					       holder->path);
	else if (known)
		finding->advice = place_advice(&place);
	else if (is_of_cffi(answer->s, holder->fact->object))
		finding->advice = finding_text("nothing, if it is meant to stay; else call "
					       "ffi.dlclose() with `%s`",
					       holder->path);
	else
		finding->advice = finding_text("nothing, if it is meant to stay; else drop `%s` and "
					       "dlclose the handle",
					       holder->path);
	return finding_done(finding);
}

static struct hg_error *report(struct making *making, const struct group *group)
{
	struct finding *finding;
	struct hg_error *error = finding_of_library(making->answer, FINDING_ROOT_PINS_HANDLE, group,
						    &finding);

	return error ? error : describe(making->answer, finding);
}

struct hg_error *findings_roots(struct making *making)
{
	return findings_group(making, &(struct grouping){key_of, report});
}
