/* Finding CPython among the mapped files of a process, by its symbols. */
#pragma once

#include "process.h"

/* Fills runtime, runtime_size, python_version, is_static and python of a process whose maps are
 * read. Errors: not CPython (exit code 3), a version or build that is not supported (5). */
_must_check_ struct hg_error *interpreter_find(struct process *process);
