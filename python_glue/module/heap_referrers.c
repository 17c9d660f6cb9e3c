/* Who refers to an object, for search after search.
 *
 * gc.get_referrers() goes through the whole heap for each object that it is asked about. Here the
 * heap is read once, and what it is asked is looked up. Python code of the caller runs between two
 * questions, so that the objects are held. No object of Python's holds them: nobody who asks the
 * collector meanwhile meets it. */
#include "heap_read.h"

struct referrers {
	PyObject_HEAD
	struct heap_index index;
};

static PyObject *referrers_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
	struct referrers *self = PyObject_New(struct referrers, type);

	if (!self)
		return NULL;
	self->index = (struct heap_index){ 0 };
	if (heap_read(&self->index, true))
		return (PyObject *)self;
	Py_DECREF(self);
	return PyErr_NoMemory();
}

static PyObject *referrers_clear(PyObject *self, PyObject *nothing)
{
	heap_release(&((struct referrers *)self)->index);
	Py_RETURN_NONE;
}

static void referrers_dealloc(PyObject *self)
{
	PyTypeObject *type = Py_TYPE(self);

	heap_release(&((struct referrers *)self)->index);
	PyObject_Free(self);
	Py_DECREF(type); /* of an instance of a heap type, which PyObject_New() counted (3.8) */
}

static PyObject *referrers_call(PyObject *object, PyObject *arguments, PyObject *keywords)
{
	struct referrers *self = (struct referrers *)object;
	struct heap_question question;
	PyObject *target, *source, *list;

	if (!PyArg_ParseTuple(arguments, "O:Referrers", &target))
		return NULL;
	list = PyList_New(0);
	if (!list)
		return NULL;
	heap_index_ask(&self->index, target, &question);
	while ((source = heap_question_next(&question))) {
		if (heap_refers(source, target) && PyList_Append(list, source)) {
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
