/* The modules of the process, and whose they are: chains should begin in the user's own code. */
#pragma once

#include "snapshot.h"

enum module_origin {
	MODULE_MAIN,	 /* __main__ */
	MODULE_USER,	 /* application and installed packages */
	MODULE_STDLIB,	 /* in the standard library's folder, built in or frozen */
};

/* The dicts that are a sys.modules, few (one per interpreter). */
bool modules_is_table(const struct snapshot *s, uint32_t object);
/* What every program has and nearly everything is reached by: classes, modules, sys.modules, frames. */
bool is_scaffold(const struct snapshot *s, uint32_t object);

/* The folder of the standard library: dirname(os.__file__), caller frees; NULL where unknown (or
 * without memory). O(modules). */
char *modules_stdlib(const struct snapshot *s);

/* Whether a file is the standard library's own: not one of an installed package, which lies in a folder
 * inside that (site.py; Debian's dist-packages). False without `stdlib`. */
bool modules_in_stdlib(const char *file, const char *stdlib);

/* Whose module it is. `stdlib` is what modules_stdlib() gave. O(size of the module's dict). */
enum module_origin modules_origin(const struct snapshot *s, uint32_t module, const char *stdlib);

/* The module that the first `length` bytes of `name` name in a sys.modules, or HGS_NONE. O(modules). */
uint32_t module_named(const struct snapshot *s, const char *name, size_t length);

/* The object behind a field of a C structure, by the field's name, or HGS_NONE. O(references). */
uint32_t member_value(const struct snapshot *s, uint32_t object, const char *name);
/* The attribute dictionary of an object, or HGS_NONE. O(references). */
uint32_t attribute_dict(const struct snapshot *s, uint32_t object);
/* Value of a str key in a dict, or HGS_NONE. Exact text. O(references). */
uint32_t dict_value(const struct snapshot *s, uint32_t dict, const char *key);
