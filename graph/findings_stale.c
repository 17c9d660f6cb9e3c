/* dangling-handle and aliased-handle: the library is gone, the object that holds it is not. */
#include <string.h>
#include <xxhash.h>

#include "findings.h"

static const char *name_of(const struct answer *answer, const struct holder *holder)
{
	const char *name = base_name(snapshot_string(answer->s, holder->fact->names));

	return *name ? name : "a library";
}

static bool is_stale(const struct holder *holder)
{
	return holder->state == HOLDER_DANGLING || holder->state == HOLDER_ALIASED;
}

static uint64_t key_of(const struct answer *answer, const struct holder *holder)
{
	const char *name = name_of(answer, holder);

	return XXH3_64bits_withSeed(name, strlen(name), holder->state);
}

static struct hg_error *report(struct answer *answer, const struct pick *picks, uint32_t count)
{
	const struct holder *holder = &answer->holders[picks[0].holder];
	const struct hgs_holder *fact = holder->fact;
	const char *name = name_of(answer, holder), *type, *path;
	bool dangling = holder->state == HOLDER_DANGLING;
	struct finding *finding;
	struct hg_error *error = finding_add(
		answer, dangling ? FINDING_DANGLING_HANDLE : FINDING_ALIASED_HANDLE, &finding);

	if (!error)
		error = finding_objects(answer, finding, picks, count);
	if (error)
		return error;
	type = snapshot_type_name(answer->s, fact->object);
	path = holder->path ? holder->path : "garbage";
	finding->library_name = *base_name(snapshot_string(answer->s, fact->names)) ? name : NULL;
	finding->cycle = holder->cycle;
	if (dangling) {
		finding->title = finding_text("%s: %u object%s still hold%s its handle, but it is "
					      "no longer loaded",
					      name, count, plural(count), count == 1 ? "s" : "");
		finding->evidence = finding_text(
			"handle 0x%llx of the %s at 0x%llx (%s) is in no link map",
			(unsigned long long)fact->handle, type,
			(unsigned long long)answer->s->addr[fact->object], path);
	} else {
		const char *now = base_name(
			snapshot_string(answer->s, answer->s->libraries[fact->library].path));

		finding->title = finding_text("%s: %u object%s hold%s its handle, which is %s's now",
					      name, count, plural(count), count == 1 ? "s" : "",
					      now);
		finding->evidence = finding_text(
			"handle 0x%llx of the %s at 0x%llx (%s) is the link map of %s",
			(unsigned long long)fact->handle, type,
			(unsigned long long)answer->s->addr[fact->object], path, now);
	}
	if (holder->path)
		finding->advice = finding_text(
			"drop `%s` before the dlclose: calling a function of it, or closing it "
			"again, is undefined",
			holder->path);
	else
		finding->advice = finding_text(
			"nothing can reach it any more, but its finalizer can: see that it does not "
			"close the handle again");
	return finding_done(finding);
}

struct hg_error *findings_stale(struct making *making)
{
	struct answer *answer = making->answer;
	struct picks picks;
	struct hg_error *error = picks_create(answer, &picks);

	for (uint32_t i = 0; !error && i < answer->num_holders; i++)
		if (is_stale(&answer->holders[i]))
			picks.pick[picks.count++] = (struct pick){
				.key = key_of(answer, &answer->holders[i]), .holder = i};
	if (!error)
		picks_sort(&picks);
	for (uint32_t i = 0; !error && i < picks.count; i += picks_run(&picks, i))
		error = report(answer, &picks.pick[i], picks_run(&picks, i));
	free(picks.pick);
	return error;
}
