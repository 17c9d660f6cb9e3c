/* Who refers to an object, for search after search.
 *
 * gc.get_referrers() goes through the whole heap for each object that it is asked about. Here the heap
 * is gone through once, and of each reference half of the address it leads to is written down, four
 * bytes. The first questions read all of these, a millisecond for a heap of 1M objects; a search that
 * goes on sorts them into buckets, and a question then reads one, a microsecond. That an object does
 * refer to the one in question is seen by asking it again: neither a chance likeness nor a reference
 * that is gone by now is told; one that came later is not known.
 *
 * Python code of the caller runs between two questions, so that the objects are held. The list that
 * holds them is not tracked: nobody who asks the collector meanwhile meets it. */
#include "heap.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define BUCKET_BITS 11
#define BUCKETS (1u << BUCKET_BITS) /* as many open ends as the first caches hold while sorting */
#define FEW 8			    /* questions that cost as much as sorting does */
#define BLOCK 1024

struct edge {
	uint32_t target; /* key_of() */
	uint32_t source; /* index into objects */
};

struct referrers {
	PyObject_HEAD
	PyObject *objects; /* NULL: cleared */
	uint32_t *keys;	   /* of all references, object after object; NULL: sorted */
	uint32_t *ends;	   /* for each object, where its keys end */
	size_t used, room;
	struct edge *edges; /* bucket after bucket, within a bucket object after object */
	size_t bucket_ends[BUCKETS];
	unsigned asked;
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

static void free_keys(struct referrers *self)
{
	free(self->keys);
	free(self->ends);
	self->keys = self->ends = NULL;
}

static int write_down(PyObject *target, void *data)
{
	struct referrers *self = data;

	if (self->used == self->room) {
		size_t room = self->room ? 2 * self->room : 1u << 16;
		uint32_t *keys = room <= UINT32_MAX ? realloc(self->keys, room * sizeof(*keys)) : NULL;

		if (!keys)
			return -1;
		self->keys = keys;
		self->room = room;
	}
	self->keys[self->used++] = key_of(target);
	return 0;
}

static bool read_heap(struct referrers *self)
{
	size_t count = (size_t)PyList_GET_SIZE(self->objects);

	self->ends = malloc((count + 1) * sizeof(*self->ends));
	if (!self->ends || count > UINT32_MAX)
		return false;
	for (size_t i = 0; i < count; i++) {
		PyObject *object = PyList_GET_ITEM(self->objects, i);

		if (Py_TYPE(object)->tp_traverse(object, write_down, self))
			return false;
		self->ends[i] = (uint32_t)self->used;
	}
	return true;
}

/* Without memory for it, questions go on reading all keys. */
static void sort(struct referrers *self)
{
	size_t count = (size_t)PyList_GET_SIZE(self->objects), begin = 0, at = 0;
	size_t counts[BUCKETS] = { 0 };

	self->edges = malloc((self->used + 1) * sizeof(*self->edges));
	if (!self->edges)
		return;
	for (size_t i = 0; i < self->used; i++)
		counts[bucket_of(self->keys[i])]++;
	for (uint32_t i = 0; i < BUCKETS; i++) {
		self->bucket_ends[i] = begin;
		begin += counts[i];
	}
	for (uint32_t i = 0; i < count; i++) {
		for (; at < self->ends[i]; at++) {
			uint32_t key = self->keys[at];

			self->edges[self->bucket_ends[bucket_of(key)]++] = (struct edge){ key, i };
		}
	}
	free_keys(self);
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
	self->keys = self->ends = NULL;
	self->edges = NULL;
	self->used = self->room = self->asked = 0;
	self->objects = tracked_objects();
	if (self->objects && !read_heap(self))
		PyErr_NoMemory();
	if (!PyErr_Occurred())
		return (PyObject *)self;
	Py_DECREF(self);
	return NULL;
}

static PyObject *referrers_clear(PyObject *object, PyObject *nothing)
{
	struct referrers *self = (struct referrers *)object;

	free_keys(self);
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

/* A question while it is answered. */
struct question {
	const struct referrers *self;
	PyObject *target, *list;
	uint32_t key, last; /* the last object asked: one with many references is asked once */
};

static int is_it(PyObject *target, void *wanted)
{
	return target == wanted;
}

static bool ask(struct question *question, uint32_t source)
{
	PyObject *object = PyList_GET_ITEM(question->self->objects, source);

	if (source == question->last)
		return true;
	question->last = source;
	return !Py_TYPE(object)->tp_traverse(object, is_it, question->target) ||
	       !PyList_Append(question->list, object);
}

/* Without a branch for each key, so that the compiler compares many at once. */
static bool in_block(const uint32_t keys[static BLOCK], uint32_t key)
{
	uint32_t found = 0;

	for (unsigned i = 0; i < BLOCK; i++)
		found |= keys[i] == key;
	return found;
}

static bool ask_all(struct question *question)
{
	const struct referrers *self = question->self;
	size_t source = 0, next = 0;

	while (next < self->used) {
		if (self->used - next >= BLOCK && !in_block(self->keys + next, question->key)) {
			next += BLOCK;
			continue;
		}
		for (size_t end = next + BLOCK; next < end && next < self->used; next++) {
			if (self->keys[next] != question->key)
				continue;
			while (self->ends[source] <= next)
				source++;
			if (!ask(question, (uint32_t)source))
				return false;
		}
	}
	return true;
}

static bool ask_bucket(struct question *question)
{
	const struct referrers *self = question->self;
	uint32_t bucket = bucket_of(question->key);

	for (size_t i = bucket ? self->bucket_ends[bucket - 1] : 0; i < self->bucket_ends[bucket]; i++)
		if (self->edges[i].target == question->key && !ask(question, self->edges[i].source))
			return false;
	return true;
}

static PyObject *referrers_call(PyObject *object, PyObject *arguments, PyObject *keywords)
{
	struct referrers *self = (struct referrers *)object;
	struct question question = { .self = self, .last = UINT32_MAX };

	if (!PyArg_ParseTuple(arguments, "O:Referrers", &question.target))
		return NULL;
	question.list = PyList_New(0);
	if (!question.list || !self->objects)
		return question.list;
	question.key = key_of(question.target);
	if (!self->edges && ++self->asked > FEW)
		sort(self);
	if (!(self->edges ? ask_bucket(&question) : ask_all(&question)))
		Py_CLEAR(question.list);
	return question.list;
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
