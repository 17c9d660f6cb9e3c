/* dangling-handle, dangling-function and aliased-handle: the library is gone, the object that holds
 * its handle or the address of its code is not. An address may belong to another library by now.
 * Types and capsules count as functions: they hold the addresses of some. */
#include <string.h>
#include <xxhash.h>

#include "edge_text.h"
#include "findings.h"
#include "steps.h"
#include "words.h"

/* A function made from an address names no library. */
static const char *name_of(const struct answer *answer, const struct holder *holder)
{
	const char *name = base_name(snapshot_string(answer->s, holder->fact->names));

	if (*name)
		return name;
	return holder->fact->kind == HGS_HOLDER_FUNCTION ? "a bare address" : "a library";
}

static bool is_stale(const struct holder *holder)
{
	return holder->state == HOLDER_DANGLING || holder->state == HOLDER_ALIASED;
}

static bool is_handle(const struct holder *holder)
{
	return holder->fact->kind == HGS_HOLDER_HANDLE;
}

static bool is_function(const struct holder *holder)
{
	return holder->fact->kind == HGS_HOLDER_FUNCTION;
}

/* What nobody can reach any more does no harm, unless a finalizer of its cycle uses it. Of such a
 * library its handle's object is worth a note, its functions are not. The functions of a type and of a
 * capsule are called when it is freed. */
static bool is_harmless(const struct answer *answer, const struct holder *holder)
{
	return (is_handle(holder) || is_function(holder)) &&
	       unreached(answer, holder->fact->object) &&
	       (holder->cycle == HGS_NONE || !answer->cycles[holder->cycle].finalizer);
}

static bool key_of(const struct making *making, const struct holder *holder, uint64_t *ret)
{
	const struct answer *answer = making->answer;
	const char *name = name_of(answer, holder);
	uint64_t seed = (uint64_t)holder->state << 8 | (uint64_t)holder->fact->kind << 1 |
			(uint64_t)is_harmless(answer, holder);

	*ret = XXH3_64bits_withSeed(name, strlen(name), seed);
	return is_stale(holder) && !(is_function(holder) && is_harmless(answer, holder));
}

static enum finding_code code_of(const struct holder *holder)
{
	if (holder->state == HOLDER_ALIASED)
		return FINDING_ALIASED_HANDLE;
	return is_handle(holder) ? FINDING_DANGLING_HANDLE : FINDING_DANGLING_FUNCTION;
}

/* Types whose contents a program does not change: to let go of what one of them keeps is to let go
 * of it. */
static bool is_closed(const struct making *making, uint32_t object)
{
	static const char *const types[] = {"function", "method", "functools.partial", "generator",
					    "coroutine", "async_generator"};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (type_is(making->answer->s, object, types[i]))
			return true;
	return holder_at(making, object, HGS_HOLDER_HANDLE) ||
	       holder_at(making, object, HGS_HOLDER_FUNCTION);
}

/* What to drop, so that the object goes: "`__main__.codec`, which keeps it,". NULL: garbage, or no
 * memory. Caller frees. */
static char *grip_of(const struct making *making, const struct holder *holder)
{
	struct chain chain = holder->chain;
	uint32_t steps = 1;
	char *path, *ret;

	if (!holder->path)
		return NULL;
	while (steps < chain.steps && !is_closed(making, chain.object[steps - 1]))
		steps++;
	if (steps == chain.steps)
		return finding_text("`%s`", holder->path);
	chain.steps = steps;
	path = path_text(making->answer->s, &chain);
	ret = path ? finding_text("`%s`, which keeps it,", path) : NULL;
	free(path);
	return ret;
}

static char *advise(const struct making *making, const struct holder *holder, const char *now)
{
	_cleanup_free_ char *grip = grip_of(making, holder);

	if (is_harmless(making->answer, holder))
		return finding_text("nothing to do: no code can reach it, and %s",
				    holder->cycle == HGS_NONE ? "nothing closes its handle again"
							      : "gc will free it");
	if (!holder->path)
		return finding_text("nothing can reach it any more, but a finalizer can: see that it "
				    "%s",
				    is_function(holder) ? "calls none of them"
							: "does not close the handle again");
	if (!grip)
		return NULL;
	if (is_function(holder))
		return finding_text("drop %s before the dlclose: calling it %s", grip,
				    now ? "runs other code than was meant" : "is a crash");
	return finding_text("drop %s before the dlclose: calling a function of it, or closing it "
			    "again, is undefined",
			    grip);
}

static void describe_handle(const struct answer *answer, const struct holder *holder,
			    const char *now, struct finding *finding)
{
	const struct hgs_holder *fact = holder->fact;
	const char *name = name_of(answer, holder);
	unsigned long long count = finding->count;

	if (is_harmless(answer, holder))
		finding->title = finding_text("%s: unloaded; %llu object%s with its old handle %s "
					      "garbage",
					      name, count, plural(count),
					      count == 1 ? "is" : "are");
	else if (now)
		finding->title = finding_text("%s: %llu object%s hold%s its handle, which is %s's now",
					      name, count, plural(count), count == 1 ? "s" : "",
					      now);
	else
		finding->title = finding_text("%s: %llu object%s still hold%s its handle, but it is "
					      "no longer loaded",
					      name, count, plural(count), count == 1 ? "s" : "");
	finding->evidence = finding_text(
		"handle 0x%llx of the %s at 0x%llx (%s) is %s%s", (unsigned long long)fact->handle,
		snapshot_type_name(answer->s, fact->object),
		(unsigned long long)answer->s->addr[fact->object],
		holder->path ? holder->path : "garbage",
		now ? "the link map of " : "in no link map", now ? now : "");
}

static void describe_function(const struct answer *answer, const struct holder *holder,
			      const char *now, struct finding *finding)
{
	const struct hgs_holder *fact = holder->fact;
	const char *library = finding->library_name;
	unsigned long long count = finding->count;
	_cleanup_free_ char *words = object_words(answer->s, fact->object);

	if (now)
		finding->title = finding_text("%s: %llu function%s of it point%s into %s now",
					      library, count, plural(count), count == 1 ? "s" : "", now);
	else
		finding->title = finding_text("%s%s%llu function%s%s point%s to code that is no "
					      "longer mapped",
					      library ? library : "", library ? ": " : "", count,
					      plural(count),
					      library ? "" : " made from an address",
					      count == 1 ? "s" : "");
	finding->evidence = finding_text(
		"code address 0x%llx of %s at 0x%llx (%s) is in %s%s",
		(unsigned long long)fact->code, words ? words : "",
		(unsigned long long)answer->s->addr[fact->object],
		holder->path ? holder->path : "garbage", now ? now : "no executable mapping",
		now ? ", and the library that it was looked up in is no longer loaded" : "");
}

static void describe_type(const struct answer *answer, const struct holder *holder,
			  struct finding *finding)
{
	const char *name = snapshot_text(answer->s, holder->fact->object);
	unsigned long long more = finding->count - 1;

	finding->title = more ? finding_text("%s and %llu more types: their code is no longer mapped",
					     name, more)
			      : finding_text("%s: the code of this type is no longer mapped", name);
	finding->evidence = finding_text(
		"function 0x%llx of the type at 0x%llx (%s) is in no executable mapping",
		(unsigned long long)holder->fact->code,
		(unsigned long long)answer->s->addr[holder->fact->object],
		holder->path ? holder->path : "garbage");
	finding->advice = finding_text("using or freeing an instance is a crash: never dlclose the "
				       "library of an extension module");
}

static void describe_capsule(const struct answer *answer, const struct holder *holder,
			     struct finding *finding)
{
	finding->title = finding_text("%llu capsule%s: the code that frees %s is no longer mapped",
				      (unsigned long long)finding->count, plural(finding->count),
				      finding->count == 1 ? "it" : "them");
	finding->evidence = finding_text(
		"destructor 0x%llx of the capsule at 0x%llx (%s) is in no executable mapping",
		(unsigned long long)holder->fact->code,
		(unsigned long long)answer->s->addr[holder->fact->object],
		holder->path ? holder->path : "garbage");
	if (holder->path)
		finding->advice = finding_text("drop `%s` before its library is closed: freeing it "
					       "now is a crash", holder->path);
	else
		finding->advice = finding_text("freeing it, as gc will, is a crash: drop capsules "
					       "before their library is closed");
}

static void describe(const struct making *making, const struct holder *holder, const char *now,
		     struct finding *finding)
{
	const struct answer *answer = making->answer;

	switch (holder->fact->kind) {
	case HGS_HOLDER_HANDLE:
		describe_handle(answer, holder, now, finding);
		finding->advice = advise(making, holder, now);
		break;
	case HGS_HOLDER_TYPE:
		describe_type(answer, holder, finding);
		break;
	case HGS_HOLDER_CAPSULE:
		describe_capsule(answer, holder, finding);
		break;
	default:
		describe_function(answer, holder, now, finding);
		finding->advice = advise(making, holder, now);
		break;
	}
}

static struct hg_error *report(struct making *making, const struct group *group)
{
	struct answer *answer = making->answer;
	const struct holder *holder = &answer->holders[group->holders[0]];
	const struct hgs_holder *fact = holder->fact;
	const struct snapshot *s = answer->s;
	const char *now = NULL;
	struct finding *finding;
	struct hg_error *error = finding_of_group(answer, code_of(holder), group, &finding);

	if (error)
		return error;
	if (holder->state == HOLDER_ALIASED)
		now = base_name(snapshot_string(s, s->libraries[fact->library].path));
	if (*base_name(snapshot_string(s, fact->names)))
		finding->library_name = name_of(answer, holder);
	if (is_harmless(answer, holder))
		finding->severity = SEVERITY_NOTE;
	finding->cycle = holder->cycle;
	describe(making, holder, now, finding);
	return finding_done(finding);
}

struct hg_error *findings_stale(struct making *making)
{
	return findings_group(making, &(struct grouping){key_of, report});
}
