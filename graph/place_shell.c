/* Prompts: what IPython keeps of what it displayed, the shell itself, its last exception; and the last result
 * of Python's own prompt. */
#include <string.h>

#include "modules.h"
#include "place_parts.h"

uint32_t match_displayed(const struct place *place)
{
	uint32_t step = place->first + 1;

	return step < place->chain->steps &&
	       snapshot_displayed(place->s, place_object(place, place->first),
				  place->chain->edge[step]);
}

static const char *result_name(const struct place *place)
{
	return snapshot_text(place->s, HGS_EDGE_PAYLOAD(place->chain->edge[place->last]));
}

void path_displayed(const struct place *place, struct place_path *path)
{
	const char *name = result_name(place);

	if (*name != '_')
		fprintf(path->new_head, "Out[%s]", name);
	else if (place_named(place, place->first, "user_ns_hidden"))
		fprintf(path->new_head, "%s['%s']", path->head, name);
	else
		fputs(name, path->new_head);
}

/* What `%xdel` is given, it takes out of all that IPython has (interactiveshell.py, del_var), but it looks
 * for the name among the user's. `%reset out` forgets no user_ns_hidden (displayhook.py, flush). */
void advise_displayed(const struct place *place, FILE *out)
{
	const char *name = result_name(place);

	if (place_named(place, place->first, "user_ns_hidden"))
		fprintf(out, "call `del get_ipython().user_ns_hidden['%s']`", name);
	else if (!name[strspn(name, "_")])
		fputs("call `%reset -f out`, which forgets what was displayed", out);
	else
		fprintf(out, "call `%%xdel %s%s`, which forgets it by all its names",
			*name == '_' ? "" : "_", name);
	fputs("; a line that ends with `;` is not kept", out);
}

uint32_t match_last_result(const struct place *place)
{
	uint32_t step = place->first + 1;

	step += place_has(place, step, HGS_EDGE_ATTR_DICT);
	return place_named(place, step, "result") || place_named(place, step, "error_in_exec")
		       ? step - place->first
		       : 0;
}

void advise_last_result(const struct place *place, FILE *out)
{
	(void)place;
	fputs("run another cell: IPython has the result of the last one", out);
}

/* The user has the shell as the result of get_ipython(), a method of it. */
uint32_t match_shell(const struct place *place)
{
	return place_named(place, place->first, "get_ipython") &&
	       place_named(place, place->first + 1, "__self__");
}

void path_shell(const struct place *place, struct place_path *path)
{
	(void)place;
	fputs("get_ipython()", path->new_head);
}

/* What formats tracebacks has the last (ultratb.py, VerboseTB). */
uint32_t match_shown_exception(const struct place *place)
{
	uint32_t step = place->first + 1;

	step += place_has(place, step, HGS_EDGE_ATTR_DICT);
	return place_named(place, step, "tb") && place_type(place, step, "traceback")
		       ? step - place->first
		       : 0;
}

/* sys.displayhook() has the last result in builtins; gettext.install() a function by the same name. */
uint32_t match_prompted(const struct place *place)
{
	const struct snapshot *s = place->s;
	uint32_t step = place->first + 1;

	if (!place_named(place, step, "_") ||
	    place_type(place, step, "function method builtin_function_or_method"))
		return 0;
	for (uint32_t i = 0; i < s->num_roots; i++)
		if (s->roots[i].kind == HGS_ROOT_BUILTINS &&
		    s->roots[i].object == place_object(place, place->first))
			return 1;
	return 0;
}

void path_prompted(const struct place *place, struct place_path *path)
{
	(void)place;
	fputc('_', path->new_head);
}

void advise_prompted(const struct place *place, FILE *out)
{
	(void)place;
	fputs("type another expression, such as `0`, at the prompt, which keeps the last result", out);
}

bool place_in_shell(const struct place *place)
{
	const struct snapshot *s = place->s;
	uint32_t main = module_named(s, "__main__", strlen("__main__"));
	uint32_t names = main == HGS_NONE ? HGS_NONE : attribute_dict(s, main);

	return names != HGS_NONE && s->flags[names] & SNAPSHOT_DISPLAYED;
}
