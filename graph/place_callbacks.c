/* Registries of callbacks: weakref.finalize(), and what the interpreter itself calls one day (atexit,
 * signals, hooks). What a registered callable is bound to lives until it is called or taken out. */
#include <string.h>

#include "edge_text.h"
#include "place_parts.h"
#include "roots.h"

/* One step from a callable to the one that it calls; HGS_NONE: it is the last. */
static uint32_t called_by(const struct snapshot *s, uint32_t object)
{
	if (type_is(s, object, "method"))
		return place_attribute(s, object, "__func__");
	if (type_is(s, object, "functools.partial"))
		return place_attribute(s, object, "func");
	return type_is(s, object, "functools._lru_cache_wrapper")
		       ? place_attribute(s, object, "__wrapped__")
		       : HGS_NONE;
}

const char *callable_name(const struct snapshot *s, uint32_t object)
{
	/* A partial of a partial is made into one; nothing sane nests deeper than this. */
	for (unsigned depth = 0; depth < 8; depth++) {
		uint32_t next = called_by(s, object);

		if (next == HGS_NONE)
			break;
		object = next;
	}
	if (is_ctypes_function(s, object)) {
		uint32_t name = place_attribute(s, object, "__name__");

		if (name != HGS_NONE && *snapshot_text(s, name))
			return snapshot_text(s, name);
	}
	return *snapshot_text(s, object) ? snapshot_text(s, object) : type_words(s, object);
}

static const char *const parts[] = {"", "args", "kwargs"};

struct place_call place_call(const struct place *place, const char *const names[3])
{
	struct place_call call = {.part = ""};

	call.callable = place_attribute(place->s, place_object(place, place->first), names[0]);
	if (call.callable == HGS_NONE)
		call.callable = place_object(place, place->last);
	for (unsigned i = 1; i < 3; i++)
		if (place_named(place, place->last, names[i]))
			call.part = parts[i];
	return call;
}

struct place_call place_call_in(const struct place *place, uint32_t tuple)
{
	const struct snapshot *s = place->s;
	uint32_t object = place_object(place, tuple);
	uint32_t element = HGS_EDGE_PAYLOAD(place->chain->edge[tuple + 1]);
	struct place_call call = {place_object(place, tuple + 1), parts[element < 3 ? element : 0]};

	for (uint64_t e = s->start[object]; e < s->start[object + 1ul]; e++)
		if (s->name[e] == HGS_EDGE_NAME(HGS_EDGE_INDEX, 0))
			call.callable = s->target[e];
	return call;
}

void place_print_call(const struct place *place, struct place_path *path, const char *registry,
		      const struct place_call *call)
{
	const char *name = callable_name(place->s, call->callable);

	fprintf(path->new_head, "%s: %s", registry, *call->part ? call->part : name);
	if (*call->part)
		fprintf(path->new_tail, " of %s", name);
}

void path_finalizer(const struct place *place, struct place_path *path)
{
	static const char *const names[] = {"func", "args", "kwargs"};
	struct place_call call = place_call(place, names);

	place_print_call(place, path, "weakref.finalize registry", &call);
}

#define KIND(kind) (1u << (kind))
#define CALLBACKS                                                                              \
	(KIND(HGS_ROOT_ATEXIT) | KIND(HGS_ROOT_SIGNAL) | KIND(HGS_ROOT_CODECS) |               \
	 KIND(HGS_ROOT_FORK) | KIND(HGS_ROOT_AUDIT) | KIND(HGS_ROOT_MONITORING) |              \
	 KIND(HGS_ROOT_GC_CALLBACKS) | KIND(HGS_ROOT_TRACE) | KIND(HGS_ROOT_PROFILE) |         \
	 KIND(HGS_ROOT_ASYNC_GENERATORS))

static const struct hgs_root *root_of(const struct place *place)
{
	return place->chain->root == HGS_NONE ? NULL : &place->s->roots[place->chain->root];
}

static uint32_t match_listed(const struct place *place)
{
	bool list = place_type(place, 0, "list");

	if (!list || !place_has(place, 1, HGS_EDGE_INDEX))
		return !list;
	/* Modules/atexitmodule.c of 3.14: a list of tuples of function, arguments, keywords. */
	return place_type(place, 1, "tuple") && place_has(place, 2, HGS_EDGE_INDEX) ? 2 : 1;
}

uint32_t match_atexit(const struct place *place)
{
	const struct hgs_root *root = root_of(place);

	return place->first == 0 && root && root->kind == HGS_ROOT_ATEXIT ? match_listed(place) : 0;
}

/* The codecs' other two registries are dicts, whose keys say more. */
uint32_t match_callback(const struct place *place)
{
	const struct hgs_root *root = root_of(place);

	return place->first == 0 && root && root->kind < 32 && CALLBACKS >> root->kind & 1 &&
			       !place_type(place, 0, "dict")
		       ? match_listed(place)
		       : 0;
}

/* To 3.13 atexit has function, arguments and keywords in a struct; struct py_roots lists these one after
 * the other. */
static struct place_call call_of(const struct place *place)
{
	const struct snapshot *s = place->s;
	uint32_t root = place->chain->root;
	struct place_call call = {.part = ""};

	if (place_type(place, 0, "list") && place->last == 2)
		return place_call_in(place, 1);
	if (place_type(place, 0, "tuple dict"))
		call.part = parts[place_type(place, 0, "tuple") ? 1 : 2];
	while (root && s->roots[root].kind == s->roots[root - 1].kind &&
	       (type_is(s, s->roots[root].object, "tuple") ||
		type_is(s, s->roots[root].object, "dict")))
		root--;
	call.callable = place_type(place, 0, "list") ? place_object(place, 1) : s->roots[root].object;
	return call;
}

void path_callback(const struct place *place, struct place_path *path)
{
	_cleanup_free_ char *registry = root_words(place->s, place->chain->root, false);
	_cleanup_free_ char *edge = NULL;
	struct place_call call = call_of(place);

	place_print_call(place, path, registry ? registry : "", &call);
	if (place_type(place, 0, "list"))
		return;
	edge = edge_text(place->s, place_object(place, 0), place->chain->edge[1]);
	fprintf(path->new_head, "%s%s", edge && strchr(".[", *edge) ? "" : ".", edge ? edge : "");
}

/* --- what to do ---------------------------------------------------------------------------------- */

void advise_finalizer(const struct place *place, FILE *out)
{
	bool own = place_named(place, place->first + 1, "func") &&
		   place_named(place, place->first + 2, "__self__");

	fputs("give weakref.finalize() ", out);
	if (own) {
		fputs("a function that does not refer to the object in place of the bound method `",
		      out);
		fputs(callable_name(place->s, place_object(place, place->first + 1)), out);
		fputs("`, which keeps it alive", out);
	} else {
		fputs("a callback and arguments that do not refer to what it waits for", out);
	}
}

void advise_atexit(const struct place *place, FILE *out)
{
	fputs("call atexit.unregister() for `", out);
	fputs(callable_name(place->s, call_of(place).callable), out);
	fputs("` when its object is done with, or register a function that refers to no object", out);
}

void advise_callback(const struct place *place, FILE *out)
{
	_cleanup_free_ char *registry = root_words(place->s, place->chain->root, false);

	fputs("take `", out);
	fputs(callable_name(place->s, call_of(place).callable), out);
	fprintf(out, "` out again (%s) when its object is done with", registry ? registry : "");
}
