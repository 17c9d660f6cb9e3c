/* Roots that are objects: fields of PyInterpreterState and PyThreadState, by table.
 *
 * The structs are private to CPython and move even in patch releases, so an offset alone proves
 * nothing: each field says what it must hold, and where it holds something else it is left out.
 * This is done here and not in the hook because nothing of it is needed to walk: an object not
 * found as a root is met as one that something unknown refers to.
 *
 * Left out: the table of interned strings, whose references are not counted; the arguments of pending
 * calls, which are any C pointers; watchers, which are C functions. */
#include "roots.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../graph/hgs.h"
#include "../graph/list.h"
#include "roots_parts.h"

enum {
	TYPE_NAME = 24,
	TYPE_FLAGS = 168,
	/* A list of threads or interpreters that is longer is a ring. */
	MAX_LIST = 1 << 20,
};

#define TPF_READY (1u << 12)
#define TPF_TYPE_SUBCLASS (1u << 31)

struct holding {
	size_t field; /* in struct py_layout */
	int32_t plus;
	uint32_t kind;
	const char *type; /* what it holds; NULL: any object */
	const char *name;
};
#define HOLDS(field, ...) { offsetof(struct py_layout, field), __VA_ARGS__ }

static const struct holding interpreter_holds[] = {
	HOLDS(is_modules, 0, HGS_ROOT_MODULES, "dict", ""),
	HOLDS(is_sysdict, 0, HGS_ROOT_SYS, "dict", ""),
	HOLDS(is_builtins, 0, HGS_ROOT_BUILTINS, "dict", ""),
	HOLDS(is_codecs, 0, HGS_ROOT_CODECS, "list", "search functions"),
	HOLDS(is_codecs, 8, HGS_ROOT_CODECS, "dict", "cache"),
	HOLDS(is_codecs, 16, HGS_ROOT_CODECS, "dict", "error handlers"),
	HOLDS(is_fork_hooks, 0, HGS_ROOT_FORK, "list", ""),
	HOLDS(is_fork_hooks, 8, HGS_ROOT_FORK, "list", ""),
	HOLDS(is_fork_hooks, 16, HGS_ROOT_FORK, "list", ""),
	HOLDS(is_audit_hooks, 0, HGS_ROOT_AUDIT, "list", ""),
	HOLDS(is_atexit_list, 0, HGS_ROOT_ATEXIT, "list", ""),
	HOLDS(is_dict, 0, HGS_ROOT_INTERP, "dict", "dict"),
	HOLDS(is_builtins_copy, 0, HGS_ROOT_INTERP, "dict", "copy of builtins"),
	HOLDS(is_sysdict_copy, 0, HGS_ROOT_INTERP, "dict", "copy of sys"),
	HOLDS(is_modules_by_index, 0, HGS_ROOT_INTERP, "list", "table of modules"),
	HOLDS(is_importlib, 0, HGS_ROOT_INTERP, "module", "importlib"),
	HOLDS(is_import_func, 0, HGS_ROOT_INTERP, NULL, "import function"),
	HOLDS(is_warnings, 0, HGS_ROOT_INTERP, "list", "warnings filters"),
	HOLDS(is_warnings, 8, HGS_ROOT_INTERP, "dict", "warnings registry"),
	HOLDS(is_warnings, 16, HGS_ROOT_INTERP, "str", "warnings action"),
};

static const struct holding gc_holds[] = {
	HOLDS(gc_garbage, 0, HGS_ROOT_INTERP, "list", "gc.garbage"),
	HOLDS(gc_callbacks, 0, HGS_ROOT_GC_CALLBACKS, "list", ""),
};

/* To 3.11 the exception on its way is three fields: type, value, traceback. */
static const struct holding thread_holds[] = {
	HOLDS(ts_dict, 0, HGS_ROOT_THREAD_DICT, "dict", ""),
	/* From 3.13 on: the key of this thread in each threading.local(), and the sentinel beside it. */
	HOLDS(ts_local_key, 0, HGS_ROOT_THREAD_DICT, "_thread._localdummy", ""),
	HOLDS(ts_local_key, 8, HGS_ROOT_THREAD_DICT, "_thread._localdummy", ""),
	HOLDS(ts_context, 0, HGS_ROOT_CONTEXT, NULL, ""),
	HOLDS(ts_curexc, 0, HGS_ROOT_RAISED, NULL, ""),
	HOLDS(ts_async_exc, 0, HGS_ROOT_ASYNC_EXC, NULL, ""),
	HOLDS(ts_profile, 0, HGS_ROOT_PROFILE, NULL, ""),
	HOLDS(ts_trace, 0, HGS_ROOT_TRACE, NULL, ""),
	HOLDS(ts_async_generators, 0, HGS_ROOT_ASYNC_GENERATORS, NULL, ""),
	HOLDS(ts_async_generators, 8, HGS_ROOT_ASYNC_GENERATORS, NULL, ""),
	HOLDS(ts_running_loop, 0, HGS_ROOT_EVENT_LOOP, NULL, ""),
	HOLDS(ts_running_loop, 8, HGS_ROOT_TASK, NULL, ""),
	/* The lock's weak reference that the thread's end releases (3.8 to 3.12). */
	HOLDS(ts_on_delete, 0, HGS_ROOT_THREAD, NULL, ""),
};

bool py_is_object(const struct memory *memory, uint64_t address, const char *name)
{
	uint64_t type = address & 7 ? 0 : py_word(memory, address + PY_OBJECT_TYPE);
	uint64_t metatype = type & 7 ? 0 : py_word(memory, type + PY_OBJECT_TYPE);
	char text[32];

	if (!metatype || !(py_word(memory, type + TYPE_FLAGS) & TPF_READY) ||
	    !(py_word(memory, metatype + TYPE_FLAGS) & TPF_TYPE_SUBCLASS))
		return false;
	return !name || (memory_read_string(memory, py_word(memory, type + TYPE_NAME), text,
					    sizeof(text)) == 0 && strcmp(text, name) == 0);
}

struct hg_error *py_roots_add(struct py_roots *roots, uint64_t object, uint64_t thread,
			      uint32_t kind, const char *name)
{
	struct py_root *root = list_add(&roots->root, &roots->count);

	if (!root)
		return &hg_error_no_memory;
	*root = (struct py_root){ .object = object, .thread = thread, .kind = kind };
	snprintf(root->name, sizeof(root->name), "%s", name);
	return NULL;
}

void py_roots_deinit(struct py_roots *roots)
{
	free(roots->root);
	*roots = (struct py_roots){ 0 };
}

static struct hg_error *add_holdings(const struct memory *memory, const struct py_layout *l,
				     uint64_t base, const struct holding *holds, size_t count,
				     uint64_t thread, struct py_roots *ret)
{
	struct hg_error *error = NULL;

	for (size_t i = 0; !error && i < count; i++) {
		int32_t offset = *(const int32_t *)((const char *)l + holds[i].field);
		uint64_t object;

		if (offset == PY_ABSENT)
			continue;
		object = py_word(memory, base + (uint64_t)(offset + holds[i].plus));
		if (object && py_is_object(memory, object, holds[i].type))
			error = py_roots_add(ret, object, thread, holds[i].kind, holds[i].name);
	}
	return error;
}

/* Exceptions being handled: the lowest _PyErr_StackItem lies in the thread state, the ones above it
 * in generators, which visit them. To 3.10 an item is type, value, traceback and the link. */
static struct hg_error *add_handled(const struct memory *memory, const struct py_layout *l,
				    uint64_t thread, struct py_roots *ret)
{
	uint64_t link = l->minor >= 11 ? 8 : 24, item = py_field(memory, thread, l->ts_exc_info);
	struct hg_error *error = NULL;

	for (unsigned i = 0; item && (item < thread || item > thread + 1024); i++)
		item = i < MAX_LIST ? py_word(memory, item + link) : 0;
	for (uint64_t at = 0; item && !error && at < link; at += 8) {
		uint64_t object = py_word(memory, item + at);

		if (object && py_is_object(memory, object, NULL))
			error = py_roots_add(ret, object, thread, HGS_ROOT_HANDLED, "");
	}
	return error;
}

static struct hg_error *add_thread(const struct memory *memory, const struct py_layout *l,
				   uint64_t thread, struct py_roots *ret)
{
	struct hg_error *error = add_holdings(memory, l, thread, thread_holds, COUNT(thread_holds),
					      thread, ret);

	for (int32_t i = 1; !error && l->minor <= 11 && l->ts_curexc != PY_ABSENT && i < 3; i++) {
		const struct holding rest = HOLDS(ts_curexc, i * 8, HGS_ROOT_RAISED, NULL, "");

		error = add_holdings(memory, l, thread, &rest, 1, thread, ret);
	}
	return error ? error : add_handled(memory, l, thread, ret);
}

static struct hg_error *add_interpreter(const struct memory *memory,
					const struct py_runtime *runtime, uint64_t interpreter,
					struct py_roots *ret)
{
	const struct py_layout *l = &runtime->layout;
	uint64_t gc = l->rt_gc != PY_ABSENT ? runtime->address + (uint64_t)l->rt_gc :
					      interpreter + (uint64_t)l->is_gc;
	uint64_t thread = py_field(memory, interpreter, l->is_threads_head);
	struct hg_error *error;

	error = add_holdings(memory, l, interpreter, interpreter_holds, COUNT(interpreter_holds), 0, ret);
	if (!error)
		error = add_holdings(memory, l, gc, gc_holds, COUNT(gc_holds), 0, ret);
	if (!error)
		error = py_registry_roots(memory, l, interpreter, ret);
	for (unsigned i = 0; thread && !error && i < MAX_LIST; i++) {
		error = add_thread(memory, l, thread, ret);
		thread = py_field(memory, thread, l->ts_next);
	}
	return error;
}

struct hg_error *py_roots_find(const struct memory *memory, const struct py_runtime *runtime,
			       struct py_roots *ret)
{
	const struct py_layout *l = &runtime->layout;
	uint64_t interpreter = py_field(memory, runtime->address, l->rt_interp_head);
	struct hg_error *error = NULL;

	*ret = (struct py_roots){ 0 };
	for (unsigned i = 0; interpreter && !error && i < MAX_LIST; i++) {
		error = add_interpreter(memory, runtime, interpreter, ret);
		interpreter = py_field(memory, interpreter, l->is_next);
	}
	if (!error)
		error = py_signal_roots(memory, runtime, ret);
	if (error)
		py_roots_deinit(ret);
	return error;
}
