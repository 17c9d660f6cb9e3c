/* resurrected: objects whose __del__ has run and that are reachable all the same.
 *
 * gc and PyObject_CallFinalizer() run a finalizer once in an object's life (PEP 442) and mark the
 * object; one that lives on by its own __del__ will not be finalized a second time. Left out: what only
 * a running frame keeps, which may be that very __del__ at work, and finalizers written in C, which
 * suspended generators and files have. */
#include <string.h>

#include "findings.h"
#include "modules.h"

enum { MAX_BASES = 64 };

/* The class whose dict has __del__: the type or one of its bases, which it refers to; HGS_NONE. */
static uint32_t class_with_del(const struct snapshot *s, uint32_t type)
{
	for (unsigned depth = 0; depth < MAX_BASES; depth++) {
		uint32_t dict = attribute_dict(s, type), base = HGS_NONE;

		if (dict != HGS_NONE && dict_value(s, dict, "__del__") != HGS_NONE)
			return type;
		for (uint64_t e = s->start[type]; e < s->start[type + 1ul]; e++)
			if (s->flags[s->target[e]] & HGS_OBJ_TYPE_OBJECT && s->target[e] != s->type[type])
				base = s->target[e];
		if (base == HGS_NONE)
			return HGS_NONE;
		type = base;
	}
	return HGS_NONE;
}

static bool is_resurrected(const struct answer *answer, uint32_t i)
{
	const uint32_t needed = HGS_OBJ_FINALIZED | HGS_OBJ_HAS_FINALIZER | HGS_OBJ_USER;
	const struct snapshot *s = answer->s;
	uint32_t root = answer->reach->root[i];

	return (s->flags[i] & needed) == needed && s->type[i] != HGS_NONE &&
	       answer->reach->state[i] == REACH_ROOT && root != HGS_NONE &&
	       s->roots[root].kind != HGS_ROOT_THREAD &&
	       class_with_del(s, s->type[i]) != HGS_NONE;
}

static struct hg_error *describe(const struct answer *answer, struct finding *finding, uint32_t first)
{
	const struct snapshot *s = answer->s;
	const char *type = snapshot_text(s, class_with_del(s, s->type[first]));
	_cleanup_free_ char *path = NULL;
	struct chain chain;
	struct hg_error *error = chain_of(s, answer->reach, first, &chain);

	if (error)
		return error;
	path = path_text(s, &chain);
	chain_deinit(&chain);
	if (!path)
		return &hg_error_no_memory;
	finding->title = finding_text("%llu finalized object%s alive, like `%s`",
				      (unsigned long long)finding->count,
				      finding->count == 1 ? " is" : "s are", path);
	finding->evidence = finding_text("%s.__del__ has run for %s, and will not run again", type,
					 finding->count == 1 ? "it" : "them");
	finding->advice = finding_text("see that %s.__del__ stores its object nowhere", type);
	return finding_done(finding);
}

/* One finding for all: as a rule it is one class. */
struct hg_error *findings_resurrected(struct making *making)
{
	struct answer *answer = making->answer;
	uint32_t objects[FINDING_OBJECTS];
	struct finding *finding;
	struct hg_error *error;
	uint64_t count = 0;

	for (uint32_t i = 0; i < answer->s->n; i++)
		if (is_resurrected(answer, i) && count++ < FINDING_OBJECTS)
			objects[count - 1] = i;
	if (!count)
		return NULL;
	error = finding_add(answer, FINDING_RESURRECTED, &finding);
	if (!error)
		error = finding_list(finding, count);
	if (error)
		return error;
	memcpy(finding->objects, objects, finding->num_objects * sizeof(*objects));
	return describe(answer, finding, finding->objects[0]);
}
