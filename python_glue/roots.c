/* Roots that are objects: fields of PyInterpreterState and PyThreadState, by table.
 *
 * The structs are private to CPython and move even in patch releases, so an offset alone proves
 * nothing: each field says what it must hold, and where it holds something else it is left out.
 * This is done here and not in the hook because nothing of it is needed to walk: an object not
 * found as a root is met as one that something unknown refers to. */
#include "roots.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../graph/hgs.h"

enum {
	OBJECT_TYPE = 8,
	TYPE_NAME = 24,
	TYPE_FLAGS = 168,
	MODULE_STATE = 32, /* PyModuleObject.md_state, 3.8 and 3.9 (Objects/moduleobject.c) */
	/* A list of threads or interpreters that is longer is a ring. */
	MAX_LIST = 1 << 20,
	MAX_CALLBACKS = 1 << 20,
	TOOLS = 8, /* PY_MONITORING_TOOL_IDS */
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

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t read_word(const struct memory *memory, uint64_t address)
{
	uint64_t value;

	return address && memory_read_u64(memory, address, &value) == 0 ? value : 0;
}

/* The target of a pointer field; 0 where this version has no such field. */
static uint64_t read_field(const struct memory *memory, uint64_t base, int32_t offset)
{
	return offset == PY_ABSENT ? 0 : read_word(memory, base + (uint64_t)offset);
}

bool py_is_object(const struct memory *memory, uint64_t address, const char *name)
{
	uint64_t type = address & 7 ? 0 : read_word(memory, address + OBJECT_TYPE);
	uint64_t metatype = type & 7 ? 0 : read_word(memory, type + OBJECT_TYPE);
	char text[32];

	if (!metatype || !(read_word(memory, type + TYPE_FLAGS) & TPF_READY) ||
	    !(read_word(memory, metatype + TYPE_FLAGS) & TPF_TYPE_SUBCLASS))
		return false;
	return !name || (memory_read_string(memory, read_word(memory, type + TYPE_NAME), text,
					    sizeof(text)) == 0 && strcmp(text, name) == 0);
}

struct hg_error *py_roots_add(struct py_roots *roots, uint64_t object, uint64_t thread,
			      uint32_t kind, const char *name)
{
	struct py_root *root;

	if (roots->count == roots->capacity) {
		size_t capacity = roots->capacity ? roots->capacity * 2 : 64;

		root = realloc(roots->root, capacity * sizeof(*root));
		if (!root)
			return &hg_error_no_memory;
		roots->root = root;
		roots->capacity = capacity;
	}
	root = &roots->root[roots->count++];
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
		object = read_word(memory, base + (uint64_t)(offset + holds[i].plus));
		if (object && py_is_object(memory, object, holds[i].type))
			error = py_roots_add(ret, object, thread, holds[i].kind, holds[i].name);
	}
	return error;
}

/* Each callback is a C struct of function, arguments and keywords (Modules/atexitmodule.c, 3.8 to
 * 3.13); unregistered ones are NULL. The array, its length: in the module's state to 3.9, then in
 * the interpreter. */
static struct hg_error *add_atexit(const struct memory *memory, const struct py_layout *l,
				   uint64_t interpreter, struct py_roots *ret)
{
	uint64_t module = read_field(memory, interpreter, l->is_atexit_module);
	uint64_t state = l->is_atexit_array == PY_ABSENT ? 0 : interpreter + (uint64_t)l->is_atexit_array;
	uint64_t array, n;
	struct hg_error *error = NULL;

	if (module && py_is_object(memory, module, "module"))
		state = read_word(memory, module + MODULE_STATE);
	array = read_word(memory, state);
	n = state ? read_word(memory, state + 8) & UINT32_MAX : 0;
	if (!array || n > MAX_CALLBACKS)
		return NULL;
	for (uint64_t i = 0; !error && i < n; i++) {
		uint64_t callback = read_word(memory, array + i * 8);

		for (uint64_t part = 0; callback && !error && part < 3; part++) {
			uint64_t object = read_word(memory, callback + part * 8);

			if (object && py_is_object(memory, object, NULL))
				error = py_roots_add(ret, object, 0, HGS_ROOT_ATEXIT, "");
		}
	}
	return error;
}

/* sys.monitoring (3.12+): a table of callbacks, tool by event; the tools' names follow it. */
static struct hg_error *add_monitoring(const struct memory *memory, const struct py_layout *l,
				       uint64_t interpreter, struct py_roots *ret)
{
	uint64_t callbacks = interpreter + (uint64_t)l->is_monitoring;
	uint64_t names = interpreter + (uint64_t)l->is_monitoring_names;
	uint64_t events = (names - callbacks) / 8 / TOOLS;
	struct hg_error *error = NULL;
	char name[PY_ROOT_NAME];

	if (l->is_monitoring == PY_ABSENT)
		return NULL;
	for (uint64_t tool = 0; !error && tool < TOOLS; tool++) {
		uint64_t of_tool = read_word(memory, names + tool * 8);

		if (!py_is_object(memory, of_tool, "str"))
			continue;
		snprintf(name, sizeof(name), "tool %u", (unsigned)tool);
		error = py_roots_add(ret, of_tool, 0, HGS_ROOT_MONITORING, name);
		for (uint64_t i = 0; !error && i < events; i++) {
			uint64_t object = read_word(memory, callbacks + (tool * events + i) * 8);

			if (object && py_is_object(memory, object, NULL))
				error = py_roots_add(ret, object, 0, HGS_ROOT_MONITORING, name);
		}
	}
	return error;
}

/* Exceptions being handled: the lowest _PyErr_StackItem lies in the thread state, the ones above it
 * in generators, which visit them. To 3.10 an item is type, value, traceback and the link. */
static struct hg_error *add_handled(const struct memory *memory, const struct py_layout *l,
				    uint64_t thread, struct py_roots *ret)
{
	uint64_t link = l->minor >= 11 ? 8 : 24, item = read_field(memory, thread, l->ts_exc_info);
	struct hg_error *error = NULL;

	for (unsigned i = 0; item && (item < thread || item > thread + 1024); i++)
		item = i < MAX_LIST ? read_word(memory, item + link) : 0;
	for (uint64_t at = 0; item && !error && at < link; at += 8) {
		uint64_t object = read_word(memory, item + at);

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
	uint64_t thread = read_field(memory, interpreter, l->is_threads_head);
	struct hg_error *error;

	error = add_holdings(memory, l, interpreter, interpreter_holds, COUNT(interpreter_holds), 0, ret);
	if (!error)
		error = add_holdings(memory, l, gc, gc_holds, COUNT(gc_holds), 0, ret);
	if (!error)
		error = add_atexit(memory, l, interpreter, ret);
	if (!error)
		error = add_monitoring(memory, l, interpreter, ret);
	for (unsigned i = 0; thread && !error && i < MAX_LIST; i++) {
		error = add_thread(memory, l, thread, ret);
		thread = read_field(memory, thread, l->ts_next);
	}
	return error;
}

struct hg_error *py_roots_find(const struct memory *memory, const struct py_runtime *runtime,
			       struct py_roots *ret)
{
	const struct py_layout *l = &runtime->layout;
	uint64_t interpreter = read_field(memory, runtime->address, l->rt_interp_head);
	struct hg_error *error = NULL;

	*ret = (struct py_roots){ 0 };
	for (unsigned i = 0; interpreter && !error && i < MAX_LIST; i++) {
		error = add_interpreter(memory, runtime, interpreter, ret);
		interpreter = read_field(memory, interpreter, l->is_next);
	}
	if (!error)
		error = py_signal_roots(memory, runtime, ret);
	if (error)
		py_roots_deinit(ret);
	return error;
}
