/* What IPython keeps of what it displayed: a dict of all results, as `_oh` and `Out` in the user's
 * namespace, each also as `_N` there and in user_ns_hidden, and the last three in the display hook
 * (IPython/core/displayhook.py, update_user_ns; interactiveshell.py, init_user_ns). */
#include <string.h>

#include "place_parts.h"

static const char shells[] = "IPython.terminal.interactiveshell.TerminalInteractiveShell "
			     "IPython.core.interactiveshell.InteractiveShell "
			     "ipykernel.zmqshell.ZMQInteractiveShell";
static const char hooks[] = "IPython.terminal.prompts.RichPromptDisplayHook "
			    "IPython.core.displayhook.DisplayHook "
			    "ipykernel.displayhook.ZMQShellDisplayHook";

/* `_`, `__`, `___`, `_12`. */
static bool is_result(const struct place *place, uint32_t step)
{
	const char *name = "";

	if (place_has(place, step, HGS_EDGE_KEY) || place_has(place, step, HGS_EDGE_ATTR))
		name = snapshot_text(place->s, HGS_EDGE_PAYLOAD(place->chain->edge[step]));
	if (strcmp(name, "__") == 0 || strcmp(name, "___") == 0)
		return true;
	return name[0] == '_' && !name[1 + strspn(name + 1, "0123456789")];
}

uint32_t match_displayed(const struct place *place)
{
	const struct snapshot *s = place->s;
	uint32_t object = place_object(place, place->first), step = place->first + 1;
	bool found = false;

	step += place_has(place, step, HGS_EDGE_ATTR_DICT);
	if (s->flags[object] & HGS_OBJ_MODULE)
		found = (place_named(place, step, "_oh") && step + 1 < place->chain->steps) ||
			(is_result(place, step) && place_attribute(s, object, "_oh") != HGS_NONE);
	else if (place_type(place, place->first, hooks))
		found = is_result(place, step);
	else if (place_type(place, place->first, shells))
		found = place_named(place, step, "user_ns_hidden") &&
			place_has(place, step + 1, HGS_EDGE_KEY);
	return found ? step - place->first : 0;
}

void path_displayed(const struct place *place, struct place_path *path)
{
	if (place_named(place, place->last, "_oh"))
		fputs("Out", path->new_head);
	else if (place_named(place, place->last, "user_ns_hidden"))
		fputs("get_ipython().user_ns_hidden", path->new_head);
	else
		place_print_key(path->new_head, place, place->last);
}

/* Not each version's `%reset` forgets user_ns_hidden (displayhook.py, flush). */
void advise_displayed(const struct place *place, FILE *out)
{
	if (place_named(place, place->last, "user_ns_hidden")) {
		fputs("call `del get_ipython().user_ns_hidden['", out);
		place_print_key(out, place, place->last + 1);
		fputs("']`", out);
	} else {
		fputs("call `%reset -f out`, which forgets what was displayed", out);
	}
	fputs("; a line that ends with `;` is not kept", out);
}
