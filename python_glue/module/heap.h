/* What objgraph's functions need done once for each object of the heap; see python_glue/heapgraph/
 * objgraph.py, which has the rest. Both look at what gc.get_objects() gives, in its order, so that
 * whatever is chosen among equals is what objgraph chooses. */
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* count_types(objects): [(type, count)], in the order in which the types are first met. `objects` is
 * any iterable. O(objects). */
PyObject *heap_count_types(PyObject *module, PyObject *objects);

/* refcount(list, index): the references that there are to a list's item, its own among them. No name
 * and no stack of Python's holds the item meanwhile, which on each version would count differently. */
PyObject *heap_refcount(PyObject *module, PyObject *arguments);

/* Referrers(): called with an object, the list of those that refer to it, as gc.get_referrers() gives
 * them. clear() frees what it knows. */
extern PyType_Spec heap_referrers_spec;
