#include "module.h"

#include <sys/stat.h>

#include "own_command.h"

/* argv, of what `items` holds; NULL with an exception set. The caller frees it, and drops `items` after. */
static char **argument_vector(PyObject *items)
{
	Py_ssize_t count = PyTuple_GET_SIZE(items);
	char **ret = PyMem_Calloc((size_t)count + 1, sizeof(*ret));

	if (!ret)
		return (char **)PyErr_NoMemory();
	for (Py_ssize_t i = 0; i < count; i++)
		ret[i] = PyBytes_AS_STRING(PyTuple_GET_ITEM(items, i));
	return ret;
}

/* A tuple of bytes, as the file system has them. */
static PyObject *encode_all(PyObject *sequence)
{
	PyObject *list = PySequence_Tuple(sequence), *ret;

	if (!list)
		return NULL;
	ret = PyTuple_New(PyTuple_GET_SIZE(list));
	for (Py_ssize_t i = 0; ret && i < PyTuple_GET_SIZE(list); i++) {
		PyObject *item = NULL;

		if (PyUnicode_FSConverter(PyTuple_GET_ITEM(list, i), &item))
			PyTuple_SET_ITEM(ret, i, item);
		else
			Py_CLEAR(ret);
	}
	Py_DECREF(list);
	return ret;
}

static PyObject *contents(int fd)
{
	struct stat status;
	PyObject *bytes;

	if (fstat(fd, &status))
		return PyErr_SetFromErrno(PyExc_OSError);
	bytes = PyBytes_FromStringAndSize(NULL, status.st_size);
	if (bytes && pread(fd, PyBytes_AS_STRING(bytes), (size_t)status.st_size, 0) != status.st_size) {
		Py_DECREF(bytes);
		return PyErr_SetFromErrno(PyExc_OSError);
	}
	return bytes;
}

static PyObject *result(PyObject *module, const struct own_command *command)
{
	int status;
	_cleanup_error_ struct hg_error *error = own_command_status(command, &status);
	PyObject *output, *errors;

	if (error) {
		raise_error(module, error);
		return NULL;
	}
	output = contents(command->output);
	errors = output ? contents(command->errors) : NULL;
	if (errors)
		return Py_BuildValue("iNN", status, output, errors);
	Py_XDECREF(output);
	return NULL;
}

/* Other threads run meanwhile. */
static bool wait_for(struct own_command *command)
{
	bool ended;

	do {
		Py_BEGIN_ALLOW_THREADS
		ended = own_command_wait(command);
		Py_END_ALLOW_THREADS
		if (!ended && PyErr_CheckSignals())
			return false;
	} while (!ended);
	return true;
}

static PyObject *run_vector(PyObject *module, char *const *vector)
{
	struct own_command command;
	_cleanup_error_ struct hg_error *error = own_command_start(vector[0], vector, &command);
	PyObject *ret = NULL;

	if (error)
		raise_error(module, error);
	else if (wait_for(&command))
		ret = result(module, &command);
	Py_BEGIN_ALLOW_THREADS
	own_command_end(&command);
	Py_END_ALLOW_THREADS
	return ret;
}

PyObject *run_command(PyObject *module, PyObject *arguments)
{
	PyObject *items = encode_all(arguments), *ret = NULL;
	char **vector = items ? argument_vector(items) : NULL;

	if (vector && !vector[0])
		PyErr_SetString(PyExc_ValueError, "no program");
	else if (vector)
		ret = run_vector(module, vector);
	PyMem_Free(vector);
	Py_XDECREF(items);
	return ret;
}
