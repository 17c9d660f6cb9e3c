#include "heap.h"

#include <stdint.h>
#include <stdlib.h>

#include "../../graph/cleanup.h"

struct row {
	PyTypeObject *type;
	size_t count;
};

/* Types are some thousand, objects millions: the rows stay in the processor's cache. */
struct census {
	struct row *rows; /* in the order of their first object */
	uint32_t *slots;  /* 1 + index into rows, by hash of the type's address; 0: free */
	uint32_t used, mask;
	bool failed; /* for want of memory */
};

static void census_deinit(struct census *census)
{
	for (uint32_t i = 0; i < census->used; i++)
		Py_DECREF(census->rows[i].type);
	free(census->rows);
	free(census->slots);
}

static uint32_t *find_slot(const struct census *census, const PyTypeObject *type)
{
	uint64_t at = ((uint64_t)(uintptr_t)type >> 4) * 0x9e3779b97f4a7c15u >> 32;

	for (;; at++) {
		uint32_t *slot = &census->slots[at & census->mask];

		if (!*slot || census->rows[*slot - 1].type == type)
			return slot;
	}
}

/* Twice the room; half of the slots stay free. */
static bool grow(struct census *census)
{
	uint32_t size = census->mask ? 2 * (census->mask + 1) : 1024;
	struct row *rows = realloc(census->rows, size / 2 * sizeof(*rows));
	uint32_t *slots = calloc(size, sizeof(*slots));

	if (rows)
		census->rows = rows;
	if (!rows || !slots) {
		free(slots);
		return false;
	}
	free(census->slots);
	census->slots = slots;
	census->mask = size - 1;
	for (uint32_t i = 0; i < census->used; i++)
		*find_slot(census, census->rows[i].type) = i + 1;
	return true;
}

static bool add(struct census *census, PyTypeObject *type)
{
	uint32_t *slot = census->mask ? find_slot(census, type) : NULL;

	if (slot && *slot) {
		census->rows[*slot - 1].count++;
		return true;
	}
	if (!slot || 2 * (census->used + 1) > census->mask) {
		if (!grow(census))
			return false;
		slot = find_slot(census, type);
	}
	Py_INCREF(type); /* the objects may be gone when it is told */
	census->rows[census->used] = (struct row){ type, 1 };
	*slot = ++census->used;
	return true;
}

static PyObject *list_rows(const struct census *census)
{
	PyObject *list = PyList_New(census->used);

	for (uint32_t i = 0; list && i < census->used; i++) {
		PyObject *row = Py_BuildValue("On", census->rows[i].type,
					      (Py_ssize_t)census->rows[i].count);

		if (!row)
			Py_CLEAR(list);
		else
			PyList_SET_ITEM(list, i, row);
	}
	return list;
}

static int add_tracked(PyObject *object, void *data)
{
	struct census *census = data;

	census->failed = !add(census, Py_TYPE(object));
	return !census->failed;
}

static bool add_all(struct census *census, PyObject *objects)
{
	PyObject *all = PySequence_Fast(objects, "objects must be iterable");

	for (Py_ssize_t i = 0; all && i < PySequence_Fast_GET_SIZE(all); i++)
		if (!add_tracked(PySequence_Fast_GET_ITEM(all, i), census))
			break;
	Py_XDECREF(all);
	return all;
}

PyObject *heap_count_types(PyObject *module, PyObject *objects)
{
	_cleanup_(census_deinit) struct census census = { 0 };

	if (objects == Py_None)
		census.failed = !heap_walk(add_tracked, &census) || census.failed;
	else if (!add_all(&census, objects))
		return NULL;
	return census.failed ? PyErr_NoMemory() : list_rows(&census);
}

PyObject *heap_refcount(PyObject *module, PyObject *arguments)
{
	PyObject *list;
	Py_ssize_t at;

	if (!PyArg_ParseTuple(arguments, "O!n:refcount", &PyList_Type, &list, &at))
		return NULL;
	if (at < 0 || at >= PyList_GET_SIZE(list)) {
		PyErr_SetString(PyExc_IndexError, "no such item");
		return NULL;
	}
	return PyLong_FromSsize_t(Py_REFCNT(PyList_GET_ITEM(list, at)));
}
