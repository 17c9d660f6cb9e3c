/* Roots in tables of C that an interpreter keeps: callbacks of atexit and of sys.monitoring, and what
 * it alone may change of a static type. Each entry counts only where it is an object. */
#include <stdio.h>
#include <stdlib.h>

#include "../graph/hgs.h"
#include "roots_parts.h"

enum {
	MODULE_STATE = 32, /* PyModuleObject.md_state, 3.8 and 3.9 (Objects/moduleobject.c) */
	MAX_CALLBACKS = 1 << 20,
	TOOLS = 8, /* PY_MONITORING_TOOL_IDS */
};

/* Each callback is a C struct of function, arguments and keywords (Modules/atexitmodule.c, 3.8 to
 * 3.13); unregistered ones are NULL. The array, its length: in the module's state to 3.9, then in
 * the interpreter. */
static struct hg_error *add_atexit(const struct memory *memory, const struct py_layout *l,
				   uint64_t interpreter, struct py_roots *ret)
{
	uint64_t module = py_field(memory, interpreter, l->is_atexit_module);
	uint64_t state = l->is_atexit_array == PY_ABSENT ? 0 : interpreter + (uint64_t)l->is_atexit_array;
	uint64_t array, n;
	struct hg_error *error = NULL;

	if (module && py_is_object(memory, module, "module"))
		state = py_word(memory, module + MODULE_STATE);
	array = py_word(memory, state);
	n = state ? py_word(memory, state + 8) & UINT32_MAX : 0;
	if (!array || n > MAX_CALLBACKS)
		return NULL;
	for (uint64_t i = 0; !error && i < n; i++) {
		uint64_t callback = py_word(memory, array + i * 8);

		for (uint64_t part = 0; callback && !error && part < 3; part++) {
			uint64_t object = py_word(memory, callback + part * 8);

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
		uint64_t of_tool = py_word(memory, names + tool * 8);

		if (!py_is_object(memory, of_tool, "str"))
			continue;
		snprintf(name, sizeof(name), "tool %u", (unsigned)tool);
		error = py_roots_add(ret, of_tool, 0, HGS_ROOT_MONITORING, name);
		for (uint64_t i = 0; !error && i < events; i++) {
			uint64_t object = py_word(memory, callbacks + (tool * events + i) * 8);

			if (object && py_is_object(memory, object, NULL))
				error = py_roots_add(ret, object, 0, HGS_ROOT_MONITORING, name);
		}
	}
	return error;
}

/* One entry: the type, flags, then its dict and that of its subclasses. */
static struct hg_error *add_static_type(const struct memory *memory, const uint64_t *entry,
					const uint64_t parts[2], uint64_t dict_type,
					struct py_roots *ret)
{
	static const uint32_t edges[] = { HGS_EDGE_ATTR_DICT, HGS_EDGE_UNNAMED };
	struct hg_error *error = NULL;

	for (unsigned i = 0; entry[0] && !error && i < COUNT(edges); i++) {
		if (!parts[i] || py_word(memory, parts[i] + PY_OBJECT_TYPE) != dict_type)
			continue;
		error = py_roots_add(ret, parts[i], 0, edges[i], "");
		if (!error)
			ret->root[ret->count - 1].owner = entry[0];
	}
	return error;
}

/* From 3.12 on an interpreter keeps what it alone may change of a static type (static_builtin_state in
 * pycore_typeobject.h; managed_static_type_state, in pycore_interp_structs.h from 3.14 on). */
static struct hg_error *add_static_types(const struct memory *memory, const struct py_layout *l,
					 uint64_t interpreter, int32_t from, int32_t to,
					 struct py_roots *ret)
{
	uint64_t dict_type = py_word(memory, py_field(memory, interpreter, l->is_sysdict) + PY_OBJECT_TYPE);
	_cleanup_free_ uint64_t *entries = NULL;
	struct hg_error *error = NULL;
	size_t step, count;

	if (from == PY_ABSENT)
		return NULL;
	entries = malloc((size_t)(to - from));
	if (!entries)
		return &hg_error_no_memory;
	if (memory_read(memory, interpreter + (uint64_t)from, entries, (size_t)(to - from)) < 0)
		return NULL;
	step = (size_t)l->static_type_size / sizeof(*entries);
	count = (size_t)(to - from) / (size_t)l->static_type_size;
	for (size_t i = 0; !error && i < count; i++) {
		const uint64_t *entry = entries + i * step;

		error = add_static_type(memory, entry, entry + l->static_type_dict / 8, dict_type, ret);
	}
	return error;
}

struct hg_error *py_registry_roots(const struct memory *memory, const struct py_layout *l,
				   uint64_t interpreter, struct py_roots *ret)
{
	struct hg_error *error = add_atexit(memory, l, interpreter, ret);

	if (!error)
		error = add_monitoring(memory, l, interpreter, ret);
	if (!error)
		error = add_static_types(memory, l, interpreter, l->is_static_types,
					 l->is_static_types_end, ret);
	if (!error)
		error = add_static_types(memory, l, interpreter, l->is_extension_types,
					 l->is_extension_types_end, ret);
	return error;
}
