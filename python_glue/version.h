/* Which CPython a mapped interpreter is, told by its own code. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../inspect/memory.h"

/* PY_VERSION_HEX from text that begins like PY_VERSION ("3.9.18", "3.13.0rc2", "2.7.18+"); false
 * where it does not. `rest` (may be NULL) is set behind it. */
bool py_version_parse(const char *text, uint32_t *version, const char **rest);

/* The version that Py_GetVersion would return, without calling it: 0 where it cannot be told.
 * `function` is its address in the process. O(1). */
uint32_t py_version_of_code(const struct memory *memory, uint64_t function);

enum { PY_HOOK_NAME = 256 };

/* The symbol for which `import` opens an extension module (a file of this path) before it opens it
 * anew for PyInit_NAME: each look calls dlopen() and none dlclose() (_PyImport_GetModuleExportHooks()
 * in Python/importdl.c, _PyImport_FindSharedFuncptr() in Python/dynload_shlib.c). False before 3.15
 * (PEP 793), when there was one look. */
bool py_import_first_hook(uint32_t version, const char *path, char hook[PY_HOOK_NAME]);
