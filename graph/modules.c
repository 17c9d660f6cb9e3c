/* Modules by the tables that list them. Only texts of str objects are read: no file is opened. */
#include "modules.h"

#include <string.h>

bool modules_is_table(const struct snapshot *s, uint32_t object)
{
	for (uint32_t i = s->first_table; i < s->end_tables; i++)
		if (s->roots[i].kind == HGS_ROOT_MODULES && s->roots[i].object == object)
			return true;
	return false;
}

bool is_scaffold(const struct snapshot *s, uint32_t object)
{
	return s->flags[object] & (HGS_OBJ_TYPE_OBJECT | HGS_OBJ_MODULE | HGS_OBJ_PSEUDO) ||
	       ((s->flags[object] & HGS_OBJ_DICT) && modules_is_table(s, object));
}

uint32_t attribute_dict(const struct snapshot *s, uint32_t object)
{
	for (uint64_t e = s->start[object]; e < s->start[object + 1]; e++)
		if (HGS_EDGE_KIND(s->name[e]) == HGS_EDGE_ATTR_DICT)
			return s->target[e];
	return HGS_NONE;
}

uint32_t dict_value(const struct snapshot *s, uint32_t dict, const char *key)
{
	for (uint64_t e = s->start[dict]; e < s->start[dict + 1]; e++)
		if (HGS_EDGE_KIND(s->name[e]) == HGS_EDGE_KEY &&
		    strcmp(snapshot_text(s, HGS_EDGE_PAYLOAD(s->name[e])), key) == 0)
			return s->target[e];
	return HGS_NONE;
}

uint32_t member_value(const struct snapshot *s, uint32_t object, const char *name)
{
	for (uint64_t e = s->start[object]; e < s->start[object + 1ul]; e++)
		if (HGS_EDGE_KIND(s->name[e]) == HGS_EDGE_MEMBER &&
		    !strcmp(snapshot_string(s, HGS_EDGE_PAYLOAD(s->name[e])), name))
			return s->target[e];
	return HGS_NONE;
}

uint32_t module_named(const struct snapshot *s, const char *name, size_t length)
{
	for (uint32_t i = 0; i < s->num_roots; i++) {
		uint32_t table = s->roots[i].object;

		if (s->roots[i].kind != HGS_ROOT_MODULES)
			continue;
		for (uint64_t e = s->start[table]; e < s->start[table + 1ul]; e++) {
			const char *key;

			if (HGS_EDGE_KIND(s->name[e]) != HGS_EDGE_KEY)
				continue;
			key = snapshot_text(s, HGS_EDGE_PAYLOAD(s->name[e]));
			if (!strncmp(key, name, length) && !key[length])
				return s->target[e];
		}
	}
	return HGS_NONE;
}

static const char *module_file(const struct snapshot *s, uint32_t module)
{
	uint32_t dict = attribute_dict(s, module);
	uint32_t file = dict == HGS_NONE ? HGS_NONE : dict_value(s, dict, "__file__");

	return file == HGS_NONE || strcmp(snapshot_type_name(s, file), "str") != 0
		       ? NULL
		       : snapshot_text(s, file);
}

char *modules_stdlib(const struct snapshot *s)
{
	for (uint32_t i = 0; i < s->num_roots; i++) {
		const char *file, *slash;
		uint32_t os;

		if (s->roots[i].kind != HGS_ROOT_MODULES)
			continue;
		os = dict_value(s, s->roots[i].object, "os");
		file = os == HGS_NONE ? NULL : module_file(s, os);
		slash = file ? strrchr(file, '/') : NULL;
		if (slash && slash != file)
			return strndup(file, (size_t)(slash - file));
	}
	return NULL;
}

bool modules_in_stdlib(const char *file, const char *stdlib)
{
	size_t length = stdlib ? strlen(stdlib) : 0;

	return length && strncmp(file, stdlib, length) == 0 && file[length] == '/' &&
	       strncmp(file + length, "/site-packages/", 15) != 0 &&
	       strncmp(file + length, "/dist-packages/", 15) != 0;
}

enum module_origin modules_origin(const struct snapshot *s, uint32_t module, const char *stdlib)
{
	const char *file = module_file(s, module);

	if (strcmp(snapshot_text(s, module), "__main__") == 0)
		return MODULE_MAIN;
	return !file || modules_in_stdlib(file, stdlib) ? MODULE_STDLIB : MODULE_USER;
}
