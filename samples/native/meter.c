/* A library for measurements that takes more from Python than it gives back. It is called through ctypes:
 * objects by PyDLL, with the GIL. Py_IncRef() is the process's own. */
#include <stdlib.h>
#include <unistd.h>

typedef struct object PyObject;
extern void Py_IncRef(PyObject *object);
extern void *PyCapsule_GetPointer(PyObject *capsule, const char *name);

typedef void observer(int value);

PyObject *meter_interned;	/* kept until the process ends */
static observer *observers[4];	/* called at each measurement */
static struct context {
	observer *last;
	char name[40];
} *context;

/* The count goes up, and nobody will ever take it down: the classic leak of an extension. */
void meter_record(PyObject *value)
{
	Py_IncRef(value);
}

void meter_label(PyObject *value)
{
	Py_IncRef(value);
	meter_interned = value;
}

void meter_observe(int slot, observer *callback)
{
	observers[slot] = callback;
}

void meter_last(observer *callback)
{
	context = context ? context : calloc(1, sizeof(*context));
	context->last = callback;
}

void meter_measure(int value)
{
	for (int i = 0; i < 4; i++)
		if (observers[i])
			observers[i](value);
}

/* A handle as C libraries give it: the address of a block of malloc(). */
void *meter_open(void)
{
	return calloc(1, 200);
}

/* The destructor of a capsule that meter_open()'s address is kept in. */
void meter_release(PyObject *capsule)
{
	free(PyCapsule_GetPointer(capsule, "meter"));
}

/* Returns when somebody wakes the thread; says how often that was. */
int meter_wait(void)
{
	static int woken;

	pause();
	return ++woken;
}

/* The stable ABI's, as far as a type needs it (Include/object.h, Include/typeslots.h). */
struct type_slot {
	int slot;
	void *function;
};
struct type_spec {
	const char *name;
	int size, item_size;
	unsigned flags;
	struct type_slot *slots;
};
enum { TP_DEALLOC = 52 };
extern PyObject *PyType_FromSpec(struct type_spec *spec);
extern PyObject *PyType_GenericAlloc(PyObject *type, ssize_t items);
extern void PyObject_Free(void *object);
extern void Py_DecRef(PyObject *object);

struct box {
	ssize_t references;
	PyObject *type, *item;
};

static void box_dealloc(struct box *box)
{
	PyObject *type = box->type;

	Py_DecRef(box->item);
	PyObject_Free(box);
	Py_DecRef(type);
}

/* Holds an object, and says nothing of it to gc: no Py_TPFLAGS_HAVE_GC, no tp_traverse. */
PyObject *meter_box(PyObject *item)
{
	static PyObject *type;
	struct type_slot slots[] = { { TP_DEALLOC, (void *)box_dealloc }, { 0, NULL } };
	struct type_spec spec = { "meter.Box", sizeof(struct box), 0, 1u << 18, slots };
	struct box *box;

	if (!type)
		type = PyType_FromSpec(&spec);
	box = type ? (struct box *)PyType_GenericAlloc(type, 0) : NULL;
	if (box) {
		Py_IncRef(item);
		box->item = item;
	}
	return (PyObject *)box;
}
