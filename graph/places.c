/* How each place is told. The types and the order of what they visit are those of CPython's
 * Modules/_functoolsmodule.c, Lib/weakref.py, Modules/_threadmodule.c, Python/context.c and
 * Python/hamt.c, Modules/_asynciomodule.c, Lib/logging/__init__.py and Modules/_ctypes. */
#include "places.h"

#include <string.h>

#include "edge_text.h"
#include "memtext.h"
#include "place_parts.h"

bool place_has(const struct place *place, uint32_t step, enum hgs_edge kind)
{
	return step < place->chain->steps && HGS_EDGE_KIND(place->chain->edge[step]) == kind;
}

bool place_named(const struct place *place, uint32_t step, const char *name)
{
	const struct snapshot *s = place->s;
	uint32_t payload;

	if (step >= place->chain->steps)
		return false;
	payload = HGS_EDGE_PAYLOAD(place->chain->edge[step]);
	switch (HGS_EDGE_KIND(place->chain->edge[step])) {
	case HGS_EDGE_MEMBER:
		return strcmp(snapshot_string(s, payload), name) == 0;
	case HGS_EDGE_ATTR:
	case HGS_EDGE_KEY:
		return strcmp(snapshot_text(s, payload), name) == 0;
	default:
		return false;
	}
}

static bool among(const char *name, const char *names)
{
	size_t length = strlen(name);

	/* A damaged snapshot has types without a name: strstr() would find it behind the end, too. */
	for (const char *at = names; length && (at = strstr(at, name)); at++)
		if ((at == names || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

bool place_type(const struct place *place, uint32_t step, const char *types)
{
	return step < place->chain->steps &&
	       among(snapshot_type_name(place->s, place_object(place, step)), types);
}

/* The wrapper visits the keys and results of its calls; where it has no maxsize, a dict of them. A key
 * with more than one argument, or one that is no int or str, is a tuple of them. */
static uint32_t match_cache(const struct place *place)
{
	uint32_t step = place->first + 1;

	if (!place_has(place, step, HGS_EDGE_UNNAMED))
		return 0;
	if (place_type(place, step, "dict") && (place_has(place, step + 1, HGS_EDGE_KEY) ||
						place_has(place, step + 1, HGS_EDGE_DICT_KEY)))
		step++;
	if (!place_has(place, step, HGS_EDGE_KEY) &&
	    place_type(place, step, "tuple functools._HashedSeq") &&
	    place_has(place, step + 1, HGS_EDGE_INDEX))
		step++;
	return step - place->first;
}

static uint32_t match_finalizer(const struct place *place)
{
	return place_named(place, place->first + 1, "func") ||
	       place_named(place, place->first + 1, "args") ||
	       place_named(place, place->first + 1, "kwargs");
}

/* The local object has a dict of the attribute dicts of all threads. */
static uint32_t match_thread_local(const struct place *place)
{
	uint32_t step = place->first + 1;

	return place_has(place, step, HGS_EDGE_UNNAMED) && place_has(place, step + 1, HGS_EDGE_KEY) &&
			       place_has(place, step + 2, HGS_EDGE_KEY) &&
			       place_thread_local(place->s, place_object(place, step + 1))
		       ? 3
		       : 0;
}

static const char hamt_types[] =
	"hamt hamt_bitmap_node hamt_array_node hamt_collision_node";

/* A context is a tree of nodes without names. */
static uint32_t match_context(const struct place *place)
{
	uint32_t step = place->first + 1;

	while (place_has(place, step, HGS_EDGE_UNNAMED) && place_type(place, step, hamt_types))
		step++;
	return step > place->first + 1 && place_has(place, step, HGS_EDGE_UNNAMED)
		       ? step - place->first
		       : 0;
}

static uint32_t match_logger(const struct place *place)
{
	uint32_t step = place->first + 1;

	step += place_has(place, step, HGS_EDGE_ATTR_DICT);
	return place_named(place, step, "handlers") ? step - place->first : 0;
}

/* A module in sys.modules is reached by its name, never by a function of it. */
static uint32_t match_module(const struct place *place)
{
	uint32_t step = place->first + 1;

	return place_named(place, step, "__globals__") && place_has(place, step + 1, HGS_EDGE_KEY)
		       ? 2
		       : 0;
}

static uint32_t match_traceback(const struct place *place)
{
	return place_named(place, place->first + 1, "__traceback__") ||
	       (place_type(place, place->first, "traceback") &&
		(place_named(place, place->first + 1, "tb_frame") ||
		 place_named(place, place->first + 1, "tb_next")));
}

/* As long as an except block runs, its exception is the thread's. */
static uint32_t match_handled(const struct place *place)
{
	uint32_t root = place->chain->root;

	return place->first == 0 && root != HGS_NONE &&
	       place->s->roots[root].kind == HGS_ROOT_HANDLED;
}

static uint32_t match_method(const struct place *place)
{
	return place_named(place, place->first + 1, "__self__");
}

static bool is_module(const struct place *place, uint32_t step, const char *names)
{
	return step < place->chain->steps &&
	       place->s->flags[place_object(place, step)] & HGS_OBJ_MODULE &&
	       among(snapshot_text(place->s, place_object(place, step)), names);
}

/* The dicts that ctypes keeps what POINTER() and CFUNCTYPE() made in: attributes of its modules; in
 * 3.13 the state of _ctypes has one. */
static uint32_t match_type_cache(const struct place *place)
{
	uint32_t first = place->first;

	if (is_module(place, first - 1, "_ctypes"))
		return place_has(place, first, HGS_EDGE_UNNAMED);
	return is_module(place, first - 2, "ctypes _ctypes") &&
	       (place_named(place, first, "_pointer_type_cache") ||
		place_named(place, first, "_c_functype_cache"));
}

/* A container that is an attribute of a class, up to what is in it. */
static uint32_t match_class(const struct place *place)
{
	uint32_t first = place->first;
	const struct snapshot *s = place->s;

	return s->flags[place_object(place, first)] & HGS_OBJ_TYPE_OBJECT &&
			       place_has(place, first + 1, HGS_EDGE_ATTR_DICT) &&
			       place_has(place, first + 2, HGS_EDGE_KEY) &&
			       place_type(place, first + 2, "dict list set collections.deque") &&
			       first + 3 < place->chain->steps
		       ? 3
		       : 0;
}

/* cffi keeps every library that an FFI opened in line in a list (cffi/api.py, _libraries). */
static uint32_t match_ffi(const struct place *place)
{
	uint32_t step = place->first + 1;

	step += place_has(place, step, HGS_EDGE_ATTR_DICT);
	return place_named(place, step, "_libraries") && place_has(place, step + 1, HGS_EDGE_INDEX)
		       ? step + 1 - place->first
		       : 0;
}

/* A function has a tuple of cells, and each cell a value: people know one name. */
static uint32_t match_closure(const struct place *place)
{
	uint32_t step = place->first + 1;

	return place_named(place, step, "__closure__") && place_has(place, step + 1, HGS_EDGE_CELL) &&
			       place_has(place, step + 2, HGS_EDGE_CELL_CONTENTS)
		       ? 3
		       : 0;
}

/* A function that was looked up in a CDLL keeps it, in a dict of what it keeps. */
static uint32_t match_looked_up(const struct place *place)
{
	uint32_t step = place->first + 1;

	return is_ctypes_function(place->s, place_object(place, place->first)) &&
			       place_named(place, step, "_objects") &&
			       place_has(place, step + 1, HGS_EDGE_KEY)
		       ? 2
		       : 0;
}

static const char last_exception[] = "the last exception";
static const char formatters[] = "IPython.core.ultratb.AutoFormattedTB IPython.core.ultratb.FormattedTB "
				 "IPython.core.ultratb.VerboseTB IPython.core.ultratb.SyntaxTB";
static const char debugger[] = "the debugger that looks at it";

/* The first that fits counts, and of several along a chain the one that stands first here explains it
 * best. docs/INTERFACE.md says which are warnings: what keeps objects longer than the one who wrote
 * the line thinks. */
static const struct place_rule rules[] = {
	{"functools._lru_cache_wrapper", match_cache, path_cache, edge_cache,
	 "a functools cache", SEVERITY_WARNING, advise_cache},
	{"weakref.finalize._Info", match_finalizer, path_finalizer, NULL,
	 "a callback registered with weakref.finalize", SEVERITY_WARNING, advise_finalizer},
	{NULL, match_atexit, path_callback, NULL, "a callback registered with atexit",
	 SEVERITY_WARNING, advise_atexit},
	{NULL, match_callback, path_callback, NULL, "a callback that the interpreter has",
	 SEVERITY_WARNING, advise_callback},
	{NULL, match_thread_local, path_thread_local, edge_thread_local,
	 "a thread-local variable", SEVERITY_NOTE, advise_thread_local},
	{"Context _contextvars.Context", match_context, path_context, edge_context,
	 "a context variable", SEVERITY_NOTE, advise_context},
	{"TaskWakeupMethWrapper TaskStepMethWrapper _asyncio.TaskStepMethWrapper", match_wakeup,
	 path_wakeup, NULL, NULL, SEVERITY_NOTE, NULL},
	{"_asyncio.Task asyncio.tasks.Task", match_task, path_task, edge_task, "a pending task",
	 SEVERITY_WARNING, advise_task},
	{"asyncio.events.Handle asyncio.events.TimerHandle", match_handle, path_handle, NULL,
	 "a call that the asyncio loop is to make", SEVERITY_WARNING, advise_handle},
	{"concurrent.futures.thread._WorkItem", match_submitted, path_submitted, NULL,
	 "a call that a thread pool is to make", SEVERITY_WARNING, advise_submitted},
	{"coroutine", match_unawaited, path_suspended, edge_suspended,
	 "a coroutine that was never awaited", SEVERITY_WARNING, advise_unawaited},
	{GENERATOR_TYPES, match_suspended, path_suspended, edge_suspended,
	 "a suspended generator or coroutine", SEVERITY_WARNING, advise_suspended},
	{"logging.Logger logging.RootLogger", match_logger, path_logger, NULL, "a logging handler",
	 SEVERITY_WARNING, advise_logger},
	{NULL, match_displayed, path_displayed, NULL, "IPython's record of what was displayed",
	 SEVERITY_WARNING, advise_displayed},
	{NULL, match_last_exception, NULL, NULL, last_exception, SEVERITY_WARNING,
	 advise_last_exception},
	{formatters, match_shown_exception, NULL, NULL, last_exception, SEVERITY_WARNING,
	 advise_last_exception},
	{"IPython.core.interactiveshell.ExecutionResult", match_last_result, NULL, NULL,
	 "the result of the last cell", SEVERITY_NOTE, advise_last_result},
	{"dict", match_prompted, path_prompted, NULL, "the last result at the prompt", SEVERITY_WARNING,
	 advise_prompted},
	{"method", match_shell, path_shell, NULL, NULL, SEVERITY_NOTE, NULL},
	{NULL, match_debugger, path_debugger, NULL, debugger, SEVERITY_WARNING, advise_debugger},
	{NULL, match_handed_over, NULL, NULL, debugger, SEVERITY_WARNING, advise_debugger},
	{NULL, match_prompt, NULL, NULL, debugger, SEVERITY_WARNING, advise_debugger},
	{NULL, match_copy, path_locals, NULL, "a copy of the local variables", SEVERITY_WARNING,
	 advise_copy},
	{NULL, match_made, path_locals, NULL, "a variable that a debugger made", SEVERITY_WARNING,
	 advise_copy},
	{NULL, match_handled, NULL, NULL, "the exception that an except block is handling",
	 SEVERITY_WARNING, advise_handled},
	{"function", match_module, path_module, NULL, "a module that is not in sys.modules",
	 SEVERITY_WARNING, advise_module},
	{"method", match_method, NULL, NULL, "a stored bound method", SEVERITY_WARNING, advise_method},
	{"dict", match_type_cache, NULL, NULL, "ctypes' cache of pointer and function types",
	 SEVERITY_WARNING, advise_type_cache},
	{NULL, match_traceback, NULL, NULL, "the traceback of a stored exception", SEVERITY_WARNING,
	 advise_traceback},
	{NULL, match_class, NULL, NULL, "a container that belongs to a class", SEVERITY_NOTE,
	 advise_class},
	{"cffi.api.FFI", match_ffi, NULL, NULL, "the list of what an FFI object opened", SEVERITY_NOTE,
	 advise_ffi},
	{"function", match_closure, NULL, edge_closure, NULL, SEVERITY_NOTE, NULL},
	{NULL, match_looked_up, NULL, edge_looked_up, NULL, SEVERITY_NOTE, NULL},
	{NULL, match_running, NULL, NULL, "a function that is running", SEVERITY_NOTE,
	 advise_running},
};

bool place_at(const struct snapshot *s, const struct chain *chain, uint32_t first,
	      struct place *ret)
{
	struct place place = {.s = s, .chain = chain, .first = first};

	if (first + 1 >= chain->steps)
		return false;
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		uint32_t references;

		if (rules[i].types && !place_type(&place, first, rules[i].types))
			continue;
		references = rules[i].match(&place);
		if (!references)
			continue;
		place.rule = &rules[i];
		place.last = first + references;
		*ret = place;
		return true;
	}
	return false;
}

static bool explains_better(const struct place_rule *a, const struct place_rule *b)
{
	return a->severity != b->severity ? a->severity < b->severity : a < b;
}

bool place_of_chain(const struct snapshot *s, const struct chain *chain, struct place *ret)
{
	struct place place;
	bool found = false;

	for (uint32_t i = 0; i + 1 < chain->steps; i++) {
		if (!place_at(s, chain, i, &place) || !place.rule->through)
			continue;
		if (!found || explains_better(place.rule, ret->rule))
			*ret = place;
		found = true;
		i = place.last - 1;
	}
	return found;
}

bool place_path(const struct place *place, struct place_path *path)
{
	if (!place->rule->path)
		return false;
	place->rule->path(place, path);
	return true;
}

struct hg_error *place_edge(const struct place *place, char **ret)
{
	struct memtext m;

	*ret = NULL;
	if (!place->rule->edge)
		return NULL;
	if (!memtext_open(&m))
		return &hg_error_no_memory;
	place->rule->edge(place, m.out);
	*ret = memtext_close(&m);
	return *ret ? NULL : &hg_error_no_memory;
}

const char *place_through(const struct place *place)
{
	return place->rule->through;
}

enum severity place_severity(const struct place *place)
{
	return place->rule->severity;
}

char *place_advice(const struct place *place)
{
	struct memtext m;

	if (!memtext_open(&m))
		return NULL;
	place->rule->advise(place, m.out);
	return memtext_close(&m);
}
