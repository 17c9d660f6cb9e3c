/* Capsules: which libraries they reach into, and what keeps them. */
#include <string.h>

#include "answer_parts.h"
#include "modules.h"

static bool is_others(const struct making *making, uint32_t library)
{
	const uint32_t own = HGS_LIB_MAIN | HGS_LIB_PYTHON | HGS_LIB_STARTUP | HGS_LIB_LOADER |
			     HGS_LIB_VDSO;
	const struct snapshot *s = making->answer->s;

	return library != HGS_NONE && !(s->libraries[library].flags & own) &&
	       !modules_in_stdlib(snapshot_string(s, s->libraries[library].path), making->stdlib);
}

struct hg_error *capsules_make(struct making *making)
{
	struct answer *answer = making->answer;
	const struct snapshot *s = answer->s;
	struct hg_error *error = NULL;

	answer->capsules = calloc((size_t)s->num_capsules + 1, sizeof(*answer->capsules));
	if (!answer->capsules)
		return &hg_error_no_memory;
	answer->num_capsules = s->num_capsules;
	for (uint32_t i = 0; !error && i < s->num_capsules; i++) {
		struct capsule *capsule = &answer->capsules[i];

		capsule->fact = &s->capsules[i];
		capsule->name = snapshot_string(s, capsule->fact->name);
		capsule->foreign = is_others(making, capsule->fact->points_into) ||
				   is_others(making, capsule->fact->destructor_in);
		error = object_path(answer, capsule->fact->object, &capsule->path);
	}
	return error;
}
