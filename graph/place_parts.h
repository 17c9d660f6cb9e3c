/* The table's rows, shared by places*.c; nothing else includes this. */
#pragma once

#include <stdio.h>

#include "places.h"

struct place_rule {
	const char *types; /* of object[first], separated by blanks; NULL: whatever it is */
	/* How many references from object[first] on belong to the place; 0: it is none. */
	uint32_t (*match)(const struct place *place);
	void (*path)(const struct place *place, struct place_path *path); /* NULL: no name */
	void (*edge)(const struct place *place, FILE *out);		   /* NULL: drawn step by step */
	const char *through; /* NULL: nothing to say about it */
	enum severity severity;
	void (*advise)(const struct place *place, FILE *out); /* NULL where `through` is */
};

/* --- looking along the chain: `step` counts as its objects do --------------------------------- */

static inline uint32_t place_object(const struct place *place, uint32_t step)
{
	return place->chain->object[step];
}
/* Whether reference `step` is there and of that kind. */
bool place_has(const struct place *place, uint32_t step, enum hgs_edge kind);
/* Whether it is there and an attribute, C member or key of that name. */
bool place_named(const struct place *place, uint32_t step, const char *name);
/* Whether the object's type is among those names. */
bool place_type(const struct place *place, uint32_t step, const char *types);

/* --- registries (place_callbacks.c) ------------------------------------------------------------- */

uint32_t match_atexit(const struct place *place);
uint32_t match_callback(const struct place *place);
void path_finalizer(const struct place *place, struct place_path *path);
void path_callback(const struct place *place, struct place_path *path);
void advise_finalizer(const struct place *place, FILE *out);
void advise_atexit(const struct place *place, FILE *out);
void advise_callback(const struct place *place, FILE *out);

/* --- what waits (place_async.c) ---------------------------------------------------------------- */

#define GENERATOR_TYPES "generator coroutine async_generator"

uint32_t match_task(const struct place *place);
uint32_t match_wakeup(const struct place *place);
uint32_t match_handle(const struct place *place);
uint32_t match_submitted(const struct place *place);
uint32_t match_unawaited(const struct place *place);
uint32_t match_suspended(const struct place *place);
uint32_t match_running(const struct place *place);
void advise_handle(const struct place *place, FILE *out);
void advise_running(const struct place *place, FILE *out);
void advise_submitted(const struct place *place, FILE *out);
void advise_suspended(const struct place *place, FILE *out);
void advise_task(const struct place *place, FILE *out);
void advise_unawaited(const struct place *place, FILE *out);
void edge_suspended(const struct place *place, FILE *out);
void edge_closure(const struct place *place, FILE *out);
void edge_looked_up(const struct place *place, FILE *out);
void edge_task(const struct place *place, FILE *out);
void path_handle(const struct place *place, struct place_path *path);
void path_submitted(const struct place *place, struct place_path *path);
void path_suspended(const struct place *place, struct place_path *path);
void path_wakeup(const struct place *place, struct place_path *path);
void path_task(const struct place *place, struct place_path *path);

/* --- prompts (place_shell.c) -------------------------------------------------------------------- */

uint32_t match_displayed(const struct place *place);
uint32_t match_last_result(const struct place *place);
void advise_last_result(const struct place *place, FILE *out);
uint32_t match_prompted(const struct place *place);
void path_prompted(const struct place *place, struct place_path *path);
void advise_prompted(const struct place *place, FILE *out);
uint32_t match_shell(const struct place *place);
uint32_t match_shown_exception(const struct place *place);
bool place_in_shell(const struct place *place); /* whether an IPython is the main program */
void path_shell(const struct place *place, struct place_path *path);
void path_displayed(const struct place *place, struct place_path *path);
void advise_displayed(const struct place *place, FILE *out);

/* --- in a debugger (place_debug.c) ----------------------------------------------------------------- */

uint32_t match_debugger(const struct place *place);
uint32_t match_prompt(const struct place *place);
uint32_t match_handed_over(const struct place *place);
uint32_t match_copy(const struct place *place);
uint32_t match_made(const struct place *place);
uint32_t match_last_exception(const struct place *place);
void path_debugger(const struct place *place, struct place_path *path);
void path_locals(const struct place *place, struct place_path *path);
void advise_debugger(const struct place *place, FILE *out);
void advise_copy(const struct place *place, FILE *out);
void advise_last_exception(const struct place *place, FILE *out);

/* --- words (place_words.c) ---------------------------------------------------------------------- */

/* Value of an attribute: of the object itself or of its attribute dictionary; HGS_NONE: none. */
uint32_t place_attribute(const struct snapshot *s, uint32_t object, const char *name);

/* Whose attributes of a threading.local() the dict has; NULL: it is none such. O(log rows). */
const struct hgs_thread_local *place_thread_local(const struct snapshot *s, uint32_t dict);
/* The name of reference `step`: an attribute, a local, a key. */
void place_print_key(FILE *out, const struct place *place, uint32_t step);
/* A callable that somebody keeps to call it, and what of it the chain goes through: "" itself, "args" or
 * "kwargs". */
struct place_call {
	uint32_t callable;
	const char *part;
};
/* Of an object that has callable, arguments, keywords as attributes of these names. */
struct place_call place_call(const struct place *place, const char *const names[3]);
/* Of a tuple of these three, object `tuple` of the chain. */
struct place_call place_call_in(const struct place *place, uint32_t tuple);
/* "REGISTRY: function", or "REGISTRY: args of function". */
void place_print_call(const struct place *place, struct place_path *path, const char *registry,
		      const struct place_call *call);
/* The path up to one of the chain's objects, as report and reader call it. */
void place_print_path(FILE *out, const struct place *place, uint32_t step);
/* "logging.getLogger('jobs')" */
void place_logger(FILE *out, const struct place *place);
/* "ContextVar 'current_request'" */
void place_variable(FILE *out, const struct place *place);

void path_cache(const struct place *place, struct place_path *path);
void path_thread_local(const struct place *place, struct place_path *path);
void path_context(const struct place *place, struct place_path *path);
void path_logger(const struct place *place, struct place_path *path);
void path_module(const struct place *place, struct place_path *path);

void edge_cache(const struct place *place, FILE *out);
void edge_thread_local(const struct place *place, FILE *out);
void edge_context(const struct place *place, FILE *out);

/* --- advice (place_advice.c) -------------------------------------------------------------------- */

void advise_cache(const struct place *place, FILE *out);
void advise_thread_local(const struct place *place, FILE *out);
void advise_context(const struct place *place, FILE *out);
void advise_logger(const struct place *place, FILE *out);
void advise_module(const struct place *place, FILE *out);
void advise_handled(const struct place *place, FILE *out);
void advise_traceback(const struct place *place, FILE *out);
void advise_method(const struct place *place, FILE *out);
void advise_type_cache(const struct place *place, FILE *out);
void advise_class(const struct place *place, FILE *out);
void advise_ffi(const struct place *place, FILE *out);
