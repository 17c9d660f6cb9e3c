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
