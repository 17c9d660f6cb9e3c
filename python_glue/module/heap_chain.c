/* The search that most ask for, from an object back to a module, in one go.
 *
 * From reading the heap until the chain is found no Python code runs and nothing is freed, so that no
 * object has to be held, nor asked whether it still refers to another. For as long nobody can interrupt
 * it: a search that does not end soon is left to objgraph.py, which does the same with any predicate and
 * holds what it reads. */
#include "heap_read.h"

#include <sys/mman.h>

#include "../../graph/cleanup.h"

#define MOST 65536u /* addresses met or ignored */
#define SLOTS (2 * MOST)

struct met {
	PyObject *object;
	uint32_t parent; /* index of an object that it refers to */
	uint32_t depth;
};

struct search {
	struct heap_index index;
	uint32_t used, taken;
	uint32_t at; /* whose referrers are looked for */
	struct met met[MOST];
	const void *slots[SLOTS]; /* a hash table of addresses */
};

/* Mapped: a block that is given back to malloc() keeps the addresses, which a search of the heap for
 * addresses (inspect/native.c) would take for references. */
static struct search *search_create(void)
{
	struct search *search = mmap(NULL, sizeof(*search), PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return search == MAP_FAILED ? NULL : search;
}

static void search_destroy(struct search **search)
{
	if (!*search)
		return;
	heap_index_deinit(&(*search)->index);
	munmap(*search, sizeof(**search));
}

/* Whether the address was not there yet. */
static bool take(struct search *search, const void *address)
{
	uint64_t slot = ((uint64_t)(uintptr_t)address >> 4) * 0x9e3779b97f4a7c15u >> 32;

	while (search->slots[slot % SLOTS]) {
		if (search->slots[slot % SLOTS] == address)
			return false;
		slot++;
	}
	search->slots[slot % SLOTS] = address;
	search->taken++;
	return true;
}

/* The objects that refer to met[at]. False: there are too many. */
static bool meet(struct search *search)
{
	const struct met *target = &search->met[search->at];
	struct heap_question question;
	PyObject *source;

	heap_index_ask(&search->index, target->object, &question);
	while ((source = heap_question_next(&question))) {
		if (search->taken == MOST)
			return false;
		if (take(search, source))
			search->met[search->used++] = (struct met){ source, search->at,
								    target->depth + 1 };
	}
	return true;
}

/* objgraph.is_proper_module(). The keys of both dictionaries are texts: no Python code compares them. */
static bool is_proper(PyObject *object)
{
	PyObject *modules = PyImport_GetModuleDict(), *name;

	if (!PyModule_Check(object))
		return false;
	name = PyDict_GetItemString(PyModule_GetDict(object), "__name__");
	return name && PyUnicode_CheckExact(name) && PyDict_GetItem(modules, name) == object;
}

/* Leaves `at` at the first module, or at the object itself where there is none. False: to find out
 * takes long. */
static bool look(struct search *search, Py_ssize_t max_depth)
{
	for (; search->at < search->used; search->at++) {
		if (is_proper(search->met[search->at].object))
			return true;
		if (search->met[search->at].depth < max_depth && !meet(search))
			return false;
	}
	search->at = 0;
	return true;
}

/* False also where half of two addresses was the same: what was met by that is in no chain that is
 * told, and every other was met as if it were not there. */
static bool append_chain(const struct search *search, PyObject *list)
{
	const struct met *met = &search->met[search->at];

	for (; met != search->met; met = &search->met[met->parent])
		if (!heap_refers(met->object, search->met[met->parent].object) ||
		    PyList_Append(list, met->object))
			return false;
	return !PyList_Append(list, met->object);
}

/* What is no address is that of no object. */
static bool ignore(struct search *search, PyObject *ids)
{
	for (Py_ssize_t i = 0; i < PyList_GET_SIZE(ids); i++) {
		const void *address = PyLong_AsVoidPtr(PyList_GET_ITEM(ids, i));

		PyErr_Clear();
		if (search->taken == MOST)
			return false;
		take(search, address);
	}
	return true;
}

static bool find(struct search *search, PyObject *object, Py_ssize_t max_depth, PyObject *list)
{
	search->met[search->used++].object = object;
	take(search, object);
	if (heap_read(&search->index, false))
		return look(search, max_depth) && append_chain(search, list);
	PyErr_NoMemory();
	return false;
}

PyObject *heap_chain_from_module(PyObject *module, PyObject *arguments)
{
	_cleanup_(search_destroy) struct search *search = search_create();
	PyObject *object, *ids, *list;
	Py_ssize_t max_depth;

	if (!search)
		return PyErr_NoMemory();
	if (!PyArg_ParseTuple(arguments, "OnO!", &object, &max_depth, &PyList_Type, &ids))
		return NULL;
	list = PyList_New(0); /* first: it may start a collection */
	if (!list || (ignore(search, ids) && find(search, object, max_depth, list)))
		return list;
	Py_DECREF(list);
	if (PyErr_Occurred())
		return NULL;
	Py_RETURN_NONE;
}
