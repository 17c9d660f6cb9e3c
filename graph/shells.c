/* Where an IPython keeps what it has displayed: a dict of all results, `_oh` and `Out` in the user's
 * names, each also as `_N` there and in user_ns_hidden, and the last three in the display hook
 * (IPython/core/displayhook.py, update_user_ns; interactiveshell.py, init_user_ns). */
#include <string.h>

#include "marks.h"
#include "modules.h"

static uint32_t value_of(const struct snapshot *s, uint32_t object, const char *name)
{
	uint32_t dict = attribute_dict(s, object);

	for (uint64_t e = s->start[object]; e < s->start[object + 1ul]; e++)
		if (HGS_EDGE_KIND(s->name[e]) == HGS_EDGE_ATTR &&
		    strcmp(snapshot_text(s, HGS_EDGE_PAYLOAD(s->name[e])), name) == 0)
			return s->target[e];
	return dict == HGS_NONE ? HGS_NONE : dict_value(s, dict, name);
}

/* The user's names are a module's. */
static void mark_names(struct marks *m, uint32_t module)
{
	uint32_t dict = attribute_dict(m->s, module);
	uint32_t results = dict == HGS_NONE ? HGS_NONE : dict_value(m->s, dict, "_oh");

	if (results == HGS_NONE)
		return;
	marks_set(m, dict, SNAPSHOT_DISPLAYED);
	marks_set(m, results, SNAPSHOT_DISPLAYED);
}

/* What a cell gave, or raised: the shell has it until the next one ends (last_execution_result). */
static void mark_results(struct marks *m)
{
	const struct snapshot *s = m->s;
	_cleanup_free_ uint8_t *results =
		marks_classes(m, "IPython.core.interactiveshell.ExecutionResult");

	for (uint32_t i = 0; results && i < s->n; i++) {
		if (s->type[i] == HGS_NONE || !results[s->type[i]])
			continue;
		marks_set(m, i, SNAPSHOT_LOOKS);
		marks_set(m, attribute_dict(s, i), SNAPSHOT_LOOKS);
	}
}

void shells_mark(struct marks *m)
{
	const struct snapshot *s = m->s;
	_cleanup_free_ uint8_t *shells =
		marks_classes(m, "IPython.core.interactiveshell.InteractiveShell");
	_cleanup_free_ uint8_t *hooks = marks_classes(m, "IPython.core.displayhook.DisplayHook");

	for (uint32_t i = 0; shells && hooks && i < s->n; i++) {
		if (s->flags[i] & HGS_OBJ_MODULE)
			mark_names(m, i);
		if (s->type[i] == HGS_NONE)
			continue;
		if (shells[s->type[i]])
			marks_set(m, value_of(s, i, "user_ns_hidden"), SNAPSHOT_DISPLAYED);
		if (hooks[s->type[i]]) {
			marks_set(m, i, SNAPSHOT_DISPLAYED);
			marks_set(m, attribute_dict(s, i), SNAPSHOT_DISPLAYED);
		}
	}
	mark_results(m);
}
