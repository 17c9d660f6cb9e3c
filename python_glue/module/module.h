/* What the parts of heapgraph._heapgraph share. */
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "../../graph/error.h"

/* Raises heapgraph.Error with what the error says, which stays the caller's. */
void raise_error(PyObject *module, const struct hg_error *error);

/* run(arguments): (status as of waitpid(), output, errors), for own_command.h. A signal whose
 * handler raises ends the command. */
PyObject *run_command(PyObject *module, PyObject *arguments);
