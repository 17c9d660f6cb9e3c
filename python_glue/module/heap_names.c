/* By which name an object has another, without making anything: from CPython 3.11 on to ask an instance
 * for its __dict__ makes one, and to ask a function for its __dict__ or __annotations__ always did. */
#include "heap.h"

#include <stddef.h>

/* The dictionary of attributes, if there is one; borrowed. */
static PyObject *attributes(PyObject *object)
{
	PyObject **at;

#ifdef Py_TPFLAGS_MANAGED_DICT
	/* Three words in front of the object (Include/internal/pycore_object.h; 3.12 has a pointer with
	 * its lowest bit set there while there is none). */
	if (PyType_HasFeature(Py_TYPE(object), Py_TPFLAGS_MANAGED_DICT)) {
		at = (PyObject **)object - 3;
		return (uintptr_t)*at & 1 ? NULL : *at;
	}
#endif
	at = _PyObject_GetDictPtr(object);
	return at ? *at : NULL;
}

/* In the order of dir(). Where nothing is, those who ask get None. */
static const struct {
	const char *name;
	size_t offset;
} function_fields[] = {
#if PY_VERSION_HEX >= 0x030e0000
	{ "__annotate__", offsetof(PyFunctionObject, func_annotate) },
#endif
#if PY_VERSION_HEX >= 0x030a0000
	{ "__builtins__", offsetof(PyFunctionObject, func_builtins) },
#endif
	{ "__closure__", offsetof(PyFunctionObject, func_closure) },
	{ "__code__", offsetof(PyFunctionObject, func_code) },
	{ "__defaults__", offsetof(PyFunctionObject, func_defaults) },
	{ "__doc__", offsetof(PyFunctionObject, func_doc) },
	{ "__globals__", offsetof(PyFunctionObject, func_globals) },
	{ "__kwdefaults__", offsetof(PyFunctionObject, func_kwdefaults) },
	{ "__module__", offsetof(PyFunctionObject, func_module) },
	{ "__name__", offsetof(PyFunctionObject, func_name) },
	{ "__qualname__", offsetof(PyFunctionObject, func_qualname) },
#if PY_VERSION_HEX >= 0x030c0000
	{ "__type_params__", offsetof(PyFunctionObject, func_typeparams) },
#endif
};

static const char *function_field(PyObject *function, PyObject *target)
{
	/* Where none are, those who ask get a new dictionary, not None. */
	if (((PyFunctionObject *)function)->func_annotations == target)
		return "__annotations__";
	for (size_t i = 0; i < sizeof(function_fields) / sizeof(function_fields[0]); i++) {
		PyObject *value = *(PyObject **)((char *)function + function_fields[i].offset);

		if ((value ? value : Py_None) == target)
			return function_fields[i].name;
	}
	return NULL;
}

static const char *field(PyObject *source, PyObject *target)
{
	/* A class gives out a view of its dictionary, never itself. */
	if (PyDict_Check(target) && !PyType_Check(source) && attributes(source) == target)
		return "__dict__";
	return PyFunction_Check(source) ? function_field(source, target) : NULL;
}

PyObject *heap_field_name(PyObject *module, PyObject *arguments)
{
	PyObject *source, *target;

	if (!PyArg_ParseTuple(arguments, "OO:field_name", &source, &target))
		return NULL;
	return Py_BuildValue("z", field(source, target));
}

PyObject *heap_key_of(PyObject *module, PyObject *arguments)
{
	PyObject *dict, *wanted, *key, *value;
	Py_ssize_t at = 0;

	if (!PyArg_ParseTuple(arguments, "O!O:key_of", &PyDict_Type, &dict, &wanted))
		return NULL;
	while (PyDict_Next(dict, &at, &key, &value))
		if (value == wanted)
			return PyTuple_Pack(1, key);
	Py_RETURN_NONE;
}
