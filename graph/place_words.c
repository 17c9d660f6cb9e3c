/* Names of places: how a path goes on behind one, and what its references are in a drawn chain.
 * With --redact the names that are values (of loggers, of context variables) are left out. */
#include <string.h>

#include "edge_text.h"
#include "modules.h"
#include "place_parts.h"
#include "roots.h"

uint32_t place_attribute(const struct snapshot *s, uint32_t object, const char *name)
{
	uint32_t dict = HGS_NONE;

	for (uint64_t e = s->start[object]; e < s->start[object + 1]; e++) {
		uint32_t payload = HGS_EDGE_PAYLOAD(s->name[e]);

		switch (HGS_EDGE_KIND(s->name[e])) {
		case HGS_EDGE_ATTR:
			if (strcmp(snapshot_text(s, payload), name) == 0)
				return s->target[e];
			break;
		case HGS_EDGE_MEMBER:
			if (strcmp(snapshot_string(s, payload), name) == 0)
				return s->target[e];
			break;
		case HGS_EDGE_ATTR_DICT:
			dict = s->target[e];
			break;
		default:
			break;
		}
	}
	return dict == HGS_NONE ? HGS_NONE : dict_value(s, dict, name);
}

/* An object that has no name where it is. */
static void print_nameless(FILE *out, const struct snapshot *s, uint32_t object)
{
	fprintf(out, "<%s>", snapshot_type_name(s, object));
}

void place_print_key(FILE *out, const struct place *place, uint32_t step)
{
	fputs(snapshot_text(place->s, HGS_EDGE_PAYLOAD(place->chain->edge[step])), out);
}

void path_cache(const struct place *place, struct place_path *path)
{
	print_nameless(path->new_head, place->s, place_object(place, place->last));
	fputs(" in functools.lru_cache of ", path->new_tail);
	fputs(callable_name(place->s, place_object(place, place->first)), path->new_tail);
}

void edge_cache(const struct place *place, FILE *out)
{
	if (place_has(place, place->last, HGS_EDGE_INDEX))
		fprintf(out, "argument %u of a cached call",
			HGS_EDGE_PAYLOAD(place->chain->edge[place->last]));
	else if (place_has(place, place->last, HGS_EDGE_KEY))
		fputs("result of a cached call", out);
	else
		fputs("a cached call", out);
}

static int by_dict(const void *key, const void *row)
{
	uint32_t dict = *(const uint32_t *)key, other = ((const struct hgs_thread_local *)row)->dict;

	return (dict > other) - (dict < other);
}

const struct hgs_thread_local *place_thread_local(const struct snapshot *s, uint32_t dict)
{
	if (!s->num_thread_locals)
		return NULL;
	return bsearch(&dict, s->thread_locals, s->num_thread_locals, sizeof(*s->thread_locals),
		       by_dict);
}

static void print_thread(FILE *out, const struct place *place)
{
	const struct snapshot *s = place->s;
	const struct hgs_thread_local *of =
		place_thread_local(s, place_object(place, place->first + 2));
	_cleanup_free_ char *words =
		of->thread == HGS_NONE ? strdup("a thread")
				       : thread_words(s, &s->threads[of->thread], false);

	fputs(words ? words : "", out);
}

void path_thread_local(const struct place *place, struct place_path *path)
{
	fprintf(path->new_head, "%s.", path->head);
	place_print_key(path->new_head, place, place->last);
	fputs(" of ", path->new_tail);
	print_thread(path->new_tail, place);
	fputs(path->tail, path->new_tail);
}

void edge_thread_local(const struct place *place, FILE *out)
{
	fputc('.', out);
	place_print_key(out, place, place->last);
	fputs(" of ", out);
	print_thread(out, place);
}

/* A node visits its array from its end: each value, then its variable (Python/hamt.c). */
void place_variable(FILE *out, const struct place *place)
{
	const struct snapshot *s = place->s;
	uint32_t node = place_object(place, place->last - 1);
	uint32_t value = place_object(place, place->last);

	for (uint64_t e = s->start[node]; e + 1 < s->start[node + 1]; e++) {
		const char *type = snapshot_type_name(s, s->target[e + 1]);

		if (s->target[e] != value || (strcmp(type, "ContextVar") != 0 &&
					      strcmp(type, "_contextvars.ContextVar") != 0))
			continue;
		fputs("ContextVar", out);
		for (uint64_t v = s->start[s->target[e + 1]]; v < s->start[s->target[e + 1] + 1]; v++) {
			if (!type_is(s, s->target[v], "str") || !*snapshot_text(s, s->target[v]))
				continue;
			fputc(' ', out);
			object_print(out, s, s->target[v]);
			break;
		}
		return;
	}
	fputs("a ContextVar", out);
}

void path_context(const struct place *place, struct place_path *path)
{
	static const char of_thread[] = "context of ";

	fputs("value", path->new_head);
	fputs(" of ", path->new_tail);
	place_variable(path->new_tail, place);
	fprintf(path->new_tail, " in the %s%s%s",
		strncmp(path->head, of_thread, strlen(of_thread)) ? of_thread : "", path->head,
		path->tail);
}

void edge_context(const struct place *place, FILE *out)
{
	fputs("value of ", out);
	place_variable(out, place);
}

/* As one gets at it: the root's logger has no name to be asked for by. */
void place_logger(FILE *out, const struct place *place)
{
	uint32_t logger = place_object(place, place->first);
	uint32_t name = place_attribute(place->s, logger, "name");

	fputs("logging.getLogger(", out);
	if (name != HGS_NONE && !type_is(place->s, logger, "logging.RootLogger"))
		object_print(out, place->s, name);
	fputc(')', out);
}

void path_logger(const struct place *place, struct place_path *path)
{
	place_logger(path->new_head, place);
	fputs(".handlers", path->new_head);
}

static bool is_imported(const struct snapshot *s, const char *name)
{
	for (uint32_t i = 0; i < s->num_roots; i++)
		if (s->roots[i].kind == HGS_ROOT_MODULES &&
		    dict_value(s, s->roots[i].object, name) != HGS_NONE)
			return true;
	return false;
}

void path_module(const struct place *place, struct place_path *path)
{
	const struct snapshot *s = place->s;
	uint32_t name = dict_value(s, place_object(place, place->first + 1), "__name__");
	const char *text = name == HGS_NONE ? "" : snapshot_text(s, name);

	fputs("global ", path->new_head);
	place_print_key(path->new_head, place, place->last);
	if (is_imported(s, text)) /* another one has its name now */
		fprintf(path->new_tail, " of the former module %s", text);
	else if (*text)
		fprintf(path->new_tail, " of module %s, not in sys.modules", text);
	else
		fputs(" of a module without a name", path->new_tail);
	fprintf(path->new_tail, ", by %s.__globals__%s", path->head, path->tail);
}

void edge_closure(const struct place *place, FILE *out)
{
	fputs("closure ", out);
	place_print_key(out, place, place->first + 2);
}

void edge_looked_up(const struct place *place, FILE *out)
{
	fputs("._objects", out);
	key_print(out, place->s, HGS_EDGE_PAYLOAD(place->chain->edge[place->last]));
}
