/* What objgraph's functions need done once for each object of the heap; see python_glue/heapgraph/
 * objgraph.py, which has the rest. All look at what gc.get_objects() gives, in its order, so that
 * whatever is chosen among equals is what objgraph chooses. */
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

/* Calls visit for each object that the collector tracks, without a list of them, as long as it returns
 * 1; 0 ends the walk. It must neither run Python code nor make or free an object. False, and nothing
 * was visited: no memory. */
typedef int heap_visitor(PyObject *object, void *data);
bool heap_walk(heap_visitor *visit, void *data);

/* count_types(objects): [(type, count)], in the order in which the types are first met. `objects` is
 * any iterable; None: all that are tracked. O(objects). */
PyObject *heap_count_types(PyObject *module, PyObject *objects);

/* refcount(list, index): the references that there are to a list's item, its own among them. No name
 * and no stack of Python's holds the item meanwhile, which on each version would count differently. */
PyObject *heap_refcount(PyObject *module, PyObject *arguments);

/* field_name(source, target): "__dict__", or the field of a function ("__globals__"), by which source
 * has target; None where it is none. Makes no dictionary. O(1). */
PyObject *heap_field_name(PyObject *module, PyObject *arguments);

/* key_of(dict, value): (key,), the first under which a dictionary has the very object; None where
 * there is none. O(dict). */
PyObject *heap_key_of(PyObject *module, PyObject *arguments);

/* chain_from_module(object, max_depth, ids): [module, ..., object], a shortest chain of references of
 * at most so many, without the objects that have these ids; [object] where there is none; None where
 * to find out takes long. */
PyObject *heap_chain_from_module(PyObject *module, PyObject *arguments);

/* Referrers(): called with an object, the list of those that refer to it, as gc.get_referrers() gives
 * them. clear() frees what it knows. */
extern PyType_Spec heap_referrers_spec;
