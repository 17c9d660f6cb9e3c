/* What to do about each place: the line to change, with the names that stand in it. */
#include <string.h>

#include "edge_text.h"
#include "place_parts.h"

void place_print_path(FILE *out, const struct place *place, uint32_t step)
{
	struct chain to = {place->chain->root, step + 1, place->chain->object, place->chain->edge};
	char *text = path_text(place->s, &to);

	fputs(text ? text : "", out);
	free(text);
}

/* Whether a cached call's first argument is the object whose method it is: the class is the last
 * name but one of "Proc.run" and the last of "app.Proc". */
static bool is_self(const struct place *place, const char *method, const char *dot)
{
	const char *type = snapshot_type_name(place->s, place_object(place, place->last));
	size_t length = (size_t)(dot - method), whole = strlen(type);

	return place->last == place->first + 2 &&
	       HGS_EDGE_PAYLOAD(place->chain->edge[place->last]) == 0 && whole >= length &&
	       strncmp(type + whole - length, method, length) == 0;
}

void advise_cache(const struct place *place, FILE *out)
{
	const struct snapshot *s = place->s;
	uint32_t wrapped = place_attribute(s, place_object(place, place->first), "__wrapped__");
	const char *name = wrapped == HGS_NONE ? "" : snapshot_text(s, wrapped);
	const char *dot = strrchr(name, '.');

	if (dot && is_self(place, name, dot))
		fprintf(out,
			"take @lru_cache off the method `%s`, whose `self` it keeps, and give each "
			"object a cache of its own in __init__(); `%s.cache_clear()` lets go of all",
			name, name);
	else
		fprintf(out,
			"cache plain values in `%s` and not objects, or give its lru_cache a small "
			"maxsize; `%s.cache_clear()` lets go of all",
			name, name);
}

void advise_thread_local(const struct place *place, FILE *out)
{
	fputs("delete `", out);
	place_print_path(out, place, place->first);
	fprintf(out, ".%s` in the thread that set it when its work is done",
		snapshot_text(place->s, HGS_EDGE_PAYLOAD(place->chain->edge[place->last])));
}

void advise_context(const struct place *place, FILE *out)
{
	fputs("reset ", out);
	place_variable(out, place);
	fputs(" where it is set: `token = var.set(...)`, and `var.reset(token)` in a finally block",
	      out);
}

void advise_logger(const struct place *place, FILE *out)
{
	fputs("call `", out);
	place_logger(out, place);
	fputs(".removeHandler(handler)` when what added it is done", out);
}

void advise_module(const struct place *place, FILE *out)
{
	fputs("drop `", out);
	place_print_path(out, place, place->first);
	fputs("`: a function keeps all global variables of its module", out);
}

void advise_handled(const struct place *place, FILE *out)
{
	(void)place;
	fputs("leave the except block before what takes long: until then the traceback keeps every "
	      "local variable of its frames",
	      out);
}

void advise_traceback(const struct place *place, FILE *out)
{
	fputs("drop `", out);
	place_print_path(out, place, place->first);
	fputs("` when it is dealt with, or keep its text only: a traceback keeps every local variable "
	      "of its frames",
	      out);
}

void advise_method(const struct place *place, FILE *out)
{
	fputs("drop `", out);
	place_print_path(out, place, place->first);
	fputs("` when it is not to be called any more, or store weakref.WeakMethod() of it", out);
}

void advise_type_cache(const struct place *place, FILE *out)
{
	(void)place;
	fputs("make the class once, at module level: ctypes keeps each one that POINTER() or "
	      "CFUNCTYPE() was asked for",
	      out);
}

void advise_class(const struct place *place, FILE *out)
{
	fputs("take it out of `", out);
	place_print_path(out, place, place->first + 2);
	fputs("`, which lives as long as its class, when it is done; or make that a weakref.WeakSet or "
	      "WeakValueDictionary",
	      out);
}

void advise_ffi(const struct place *place, FILE *out)
{
	fputs("nothing, if it is meant to stay; else call `", out);
	place_print_path(out, place, place->first);
	fputs(".dlclose()` with the library when that is done with", out);
}

