#include "heap_read.h"

#define AHEAD 512 /* bytes: neighbours in a list were mostly allocated one after another */

struct reading {
	struct heap_index *index;
	bool hold, failed;
};

static int write_down(PyObject *target, void *index)
{
	return !heap_index_target(index, target);
}

/* Most objects are lists, and these need no function called for each item. While a list is filled,
 * an item may be NULL. */
static bool write_items_down(PyObject *list, struct heap_index *index)
{
	for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++)
		if (!heap_index_target(index, PyList_GET_ITEM(list, i)))
			return false;
	return true;
}

static bool read_object(PyObject *object, struct reading *reading)
{
	if (!heap_index_source(reading->index, object))
		return false;
	if (reading->hold)
		Py_INCREF(object);
	if (PyList_CheckExact(object))
		return write_items_down(object, reading->index);
	return !Py_TYPE(object)->tp_traverse(object, write_down, reading->index);
}

/* What comes next is fetched meanwhile: PyGC_Head._gc_next, in front of the object, tells where. */
static int visit(PyObject *object, void *data)
{
	struct reading *reading = data;

	__builtin_prefetch((const void *)((const uintptr_t *)object)[-2]);
	__builtin_prefetch((const char *)object + AHEAD);
	reading->failed = !read_object(object, reading);
	return !reading->failed;
}

bool heap_read(struct heap_index *index, bool hold)
{
	struct reading reading = { .index = index, .hold = hold };

	if (heap_walk(visit, &reading) && !reading.failed)
		return true;
	if (hold)
		heap_release(index);
	else
		heap_index_deinit(index);
	return false;
}

void heap_release(struct heap_index *index)
{
	struct heap_index held = *index;

	*index = (struct heap_index){ 0 };
	for (size_t i = 0; i < held.num_sources; i++)
		Py_DECREF((PyObject *)held.sources[i]);
	heap_index_deinit(&held);
}

static int is_it(PyObject *target, void *wanted)
{
	return target == wanted;
}

bool heap_refers(PyObject *source, PyObject *target)
{
	return Py_TYPE(source)->tp_traverse(source, is_it, target);
}
