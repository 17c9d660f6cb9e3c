/* Who refers to an object, for search after search.
 *
 * gc.get_referrers() goes through the whole heap for each object that it is asked about. Here the heap
 * is gone through once, each reference is written down as eight bytes, sorted into buckets by where it
 * leads, and a question reads one bucket: 1M objects with 3M references are some 1,500 references a
 * bucket, a microsecond. What is written down is half of an address: that the object still refers to
 * the one in question is seen by asking it again. So neither a chance likeness nor a reference that is
 * gone by now is told; one that came later is not known.
 *
 * Python code of the caller runs between two questions, so that the objects are held. The list that
 * holds them is not tracked: nobody who asks the collector meanwhile meets it. */
#include "heap.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../graph/cleanup.h"

#define BUCKET_BITS 11
#define BUCKETS (1u << BUCKET_BITS) /* as many open ends as the first caches hold while sorting */

struct edge {
	uint32_t target; /* key_of() */
	uint32_t source; /* index into objects */
};

struct referrers {
	PyObject_HEAD
	PyObject *objects; /* NULL: cleared */
	struct edge *edges;
	size_t ends[BUCKETS];
};

/* Objects are 16 bytes apart at least (pymalloc, glibc): all of 64 GB differ. */
static uint32_t key_of(const PyObject *object)
{
	return (uint32_t)((uintptr_t)object >> 4);
}

static uint32_t bucket_of(uint32_t key)
{
	return key * 2654435769u >> (32 - BUCKET_BITS);
}

struct building {
	uint32_t *keys;	 /* of all references, object after object */
	size_t *key_ends; /* for each object, where its keys end */
	size_t used, room;
	size_t *counts; /* for each bucket */
};

static void building_deinit(struct building *building)
{
	free(building->keys);
	free(building->key_ends);
}

static int write_down(PyObject *target, void *data)
{
	struct building *building = data;
	uint32_t key = key_of(target);

	if (building->used == building->room) {
		size_t room = building->room ? 2 * building->room : 1u << 16;
		uint32_t *keys = realloc(building->keys, room * sizeof(*keys));

		if (!keys)
			return -1;
		building->keys = keys;
		building->room = room;
	}
	building->keys[building->used++] = key;
	building->counts[bucket_of(key)]++;
	return 0;
}

static bool read_heap(const struct referrers *self, struct building *building)
{
	size_t count = (size_t)PyList_GET_SIZE(self->objects);

	building->key_ends = malloc((count + 1) * sizeof(*building->key_ends));
	if (!building->key_ends || count > UINT32_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		PyObject *object = PyList_GET_ITEM(self->objects, i);

		if (Py_TYPE(object)->tp_traverse(object, write_down, building))
			return false;
		building->key_ends[i] = building->used;
	}
	return true;
}

/* Within a bucket the order is that of the objects. Leaves in `ends` where each bucket ends. */
static bool sort(struct referrers *self, const struct building *building)
{
	size_t count = (size_t)PyList_GET_SIZE(self->objects), begin = 0, at = 0;

	self->edges = malloc((building->used + 1) * sizeof(*self->edges));
	if (!self->edges)
		return false;
	for (uint32_t i = 0; i < BUCKETS; i++) {
		self->ends[i] = begin;
		begin += building->counts[i];
	}
	for (uint32_t i = 0; i < count; i++) {
		for (; at < building->key_ends[i]; at++) {
			uint32_t key = building->keys[at];

			self->edges[self->ends[bucket_of(key)]++] = (struct edge){ key, i };
		}
	}
	return true;
}

static bool build(struct referrers *self)
{
	size_t counts[BUCKETS] = { 0 };
	_cleanup_(building_deinit) struct building building = { .counts = counts };

	if (read_heap(self, &building) && sort(self, &building))
		return true;
	PyErr_NoMemory();
	return false;
}

static PyObject *tracked_objects(void)
{
	PyObject *module = PyImport_ImportModule("gc");
	PyObject *list = module ? PyObject_CallMethod(module, "get_objects", NULL) : NULL;

	Py_XDECREF(module);
	if (list)
		PyObject_GC_UnTrack(list);
	return list;
}

static PyObject *referrers_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
	struct referrers *self = PyObject_New(struct referrers, type);

	if (!self)
		return NULL;
	self->edges = NULL;
	self->objects = tracked_objects();
	if (self->objects && build(self))
		return (PyObject *)self;
	Py_DECREF(self);
	return NULL;
}

static PyObject *referrers_clear(PyObject *object, PyObject *nothing)
{
	struct referrers *self = (struct referrers *)object;

	free(self->edges);
	self->edges = NULL;
	Py_CLEAR(self->objects);
	Py_RETURN_NONE;
}

static void referrers_dealloc(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);

	Py_DECREF(referrers_clear(self, NULL));
	PyObject_Free(self);
	Py_DECREF(type); /* of an instance of a heap type, which PyObject_New() counted (3.8) */
}

static int is_it(PyObject *target, void *wanted)
{
	return target == wanted;
}

static PyObject *referrers_call(PyObject *object, PyObject *arguments, PyObject *keywords)
{
	const struct referrers *self = (const struct referrers *)object;
	uint32_t key, bucket, last = UINT32_MAX;
	PyObject *target, *list;

	if (!PyArg_ParseTuple(arguments, "O:Referrers", &target))
		return NULL;
	list = PyList_New(0);
	if (!list || !self->objects)
		return list;
	key = key_of(target);
	bucket = bucket_of(key);
	for (size_t i = bucket ? self->ends[bucket - 1] : 0; i < self->ends[bucket]; i++) {
		const struct edge *edge = &self->edges[i];
		PyObject *source;

		if (edge->target != key || edge->source == last)
			continue;
		last = edge->source;
		source = PyList_GET_ITEM(self->objects, last);
		if (Py_TYPE(source)->tp_traverse(source, is_it, target) &&
		    PyList_Append(list, source)) {
			Py_DECREF(list);
			return NULL;
		}
	}
	return list;
}

static PyMethodDef methods[] = {
	{ "clear", referrers_clear, METH_NOARGS, "Frees what it knows; from now on nothing refers." },
	{ NULL, NULL, 0, NULL },
};

static PyType_Slot slots[] = {
	{ Py_tp_new, referrers_new },
	{ Py_tp_dealloc, referrers_dealloc },
	{ Py_tp_call, referrers_call },
	{ Py_tp_methods, methods },
	{ Py_tp_doc, "Referrers(): who refers to an object, as the heap is now." },
	{ 0, NULL },
};

PyType_Spec heap_referrers_spec = {
	.name = "heapgraph._heapgraph.Referrers",
	.basicsize = sizeof(struct referrers),
	.flags = Py_TPFLAGS_DEFAULT,
	.slots = slots,
};
