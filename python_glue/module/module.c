/* heapgraph._heapgraph: a snapshot of the process that imports it.
 *
 * What needs the GIL is one clone (own_copy.h); before and after it other threads run. The analysis
 * is not done here: it would take memory from the program that is short of it. The Python layer has
 * the heapgraph command do it, on the file. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <unistd.h>

#include "../../inspect/capture.h"
#include "../../inspect/output.h"
#include "../../inspect/proc.h"
#include "arena.h"
#include "heap.h"
#include "module.h"
#include "own_copy.h"
#include "own_threads.h"

/* One capture. */
struct self {
	struct process *process;
	struct py_runtime runtime;
	struct descriptors before;
	struct output output;
	struct snapshot_writer *writer;
	struct own_copy copy;
	struct freeze_thread *threads;
	size_t num_threads;
	struct walk *walk;
	char *maps;
};

static void self_deinit(struct self *self)
{
	own_copy_end(&self->copy);
	snapshot_writer_destroy(self->writer);
	output_deinit(&self->output);
	descriptors_deinit(&self->before);
	walk_free(self->walk);
	process_close(self->process);
	free(self->threads);
	free(self->maps);
}

/* All that can fail for reasons of ours, and what is slow. */
static struct hg_error *prepare(struct self *self, const char *path, bool force)
{
	/* First: what is opened below is none of the program's. */
	struct hg_error *error = descriptors_read(getpid(), &self->before);

	if (!error)
		error = output_open(path, force, &self->output);
	self->walk = calloc(1, sizeof(*self->walk));
	if (!error && !self->walk)
		error = &hg_error_no_memory;
	if (!error && self->output.kind != OUTPUT_HGS)
		error = hg_error_hint(hg_error_new(HG_EXIT_USAGE, "cannot write %s: a snapshot's name "
						   "ends in .hgs", path), "name it FILE.hgs");
	if (!error)
		error = process_open_self(&self->process);
	if (!error)
		error = py_runtime_open(&self->process->memory, self->process->runtime,
					self->process->python_version, &self->runtime);
	if (!error)
		error = snapshot_writer_begin(self->output.fd, path, &self->writer);
	if (!error)
		error = own_copy_prepare(&self->copy);
	return error;
}

/* 0 where it is not known or cannot be read, as the address of an interpreter that has ended. */
static uint32_t word_at(const struct self *self, uint64_t address)
{
	uint32_t word = 0;

	return address && !memory_read_u32(&self->process->memory, address, &word) ? word : 0;
}

/* Why the heap is not whole now; NULL where it is. A collection that is under way (this is called by a
 * finalizer, say) has taken lists apart. From 3.12 on interpreters may have a GIL each. */
static const char *why_not_whole(const struct self *self)
{
	for (unsigned i = 0; i < self->runtime.num_interpreters; i++) {
		const struct py_interpreter *interpreter = &self->runtime.interpreters[i];
		uint64_t holder = 0;

		if (word_at(self, interpreter->gc_collecting))
			return "a garbage collection called for it";
		if (word_at(self, interpreter->gil_locked) == 1 &&
		    !memory_read_u64(&self->process->memory, interpreter->gil_last_holder, &holder) &&
		    holder != (uintptr_t)PyThreadState_Get())
			return "another interpreter was running";
	}
	return NULL;
}

struct wish {
	const char *path;
	int force, redact;
	int frames; /* the innermost, of this thread, that only look */
};

static struct hg_error *write_snapshot(struct self *self, struct taking *t, const struct wish *wish)
{
	const sig_atomic_t none = 0;
	const struct interrupt interrupt = { .signal = &none };
	struct freeze freeze = { .pid = self->process->pid,
				 .copy = self->copy.pid,
				 .memory = { .pid = self->copy.pid },
				 .threads = self->threads,
				 .num_threads = self->num_threads,
				 .search = own_copy_search,
				 .search_context = &self->copy };
	struct hg_error *error;

	t->process = self->process;
	t->runtime = &self->runtime;
	t->walk = self->walk;
	t->before = &self->before;
	t->writer = self->writer;
	error = own_copy_begin(&self->copy);
	if (error)
		return error;
	t->maps = self->maps = proc_read(self->copy.pid, "maps", NULL);
	if (!self->maps)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read the copy's mappings");
	error = own_copy_walk(&self->copy, &self->runtime, wish->redact ? HOOK_REDACT : 0,
			      self->walk);
	if (!error)
		error = own_copy_mark(&self->copy, &self->walk->control, (unsigned)wish->frames);
	if (!error)
		error = capture_record(t, &freeze, &interrupt);
	own_copy_end(&self->copy);
	if (!error)
		error = capture_finish(t);
	return error ? error : output_commit(&self->output);
}

/* All that is done while other threads stand. */
static struct hg_error *copy_self(struct self *self, struct taking *t)
{
	uint64_t begin = clock_ns();
	struct hg_error *error = own_threads_read(&self->threads, &self->num_threads);

	t->why_inconsistent = why_not_whole(self);
	t->meta.consistent = !t->why_inconsistent;
	if (!error)
		error = own_copy_make(&self->copy);
	t->meta.stopped_ns = clock_ns() - begin;
	return error;
}

static struct hg_error *take(const struct wish *wish)
{
	_cleanup_(self_deinit) struct self self = { .output = { .fd = -1 } };
	struct taking t = { .meta = { .method = HGS_IN_PROCESS } };
	struct hg_error *error;

	Py_BEGIN_ALLOW_THREADS
	error = prepare(&self, wish->path, wish->force);
	Py_END_ALLOW_THREADS
	if (error)
		return error;
	error = copy_self(&self, &t);
	Py_BEGIN_ALLOW_THREADS
	capture_moment(&t, self.process->pid);
	if (!error)
		error = write_snapshot(&self, &t, wish);
	Py_END_ALLOW_THREADS
	return error;
}

void raise_error(PyObject *module, const struct hg_error *error)
{
	PyObject *type = PyObject_GetAttrString(module, "Error");
	PyObject *value = type ? PyObject_CallFunction(type, "zzi", error->message, error->hint,
						       (int)error->code) : NULL;

	if (value)
		PyErr_SetObject(type, value);
	Py_XDECREF(value);
	Py_XDECREF(type);
}

static PyObject *capture_self(PyObject *module, PyObject *arguments, PyObject *keywords)
{
	static char *names[] = { "path", "force", "redact", "frames", NULL };
	struct wish wish = { 0 };
	PyObject *path = NULL;
	struct hg_error *error;
	struct arena arena = { 0 };

	if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O&|$ppi:capture", names,
					 PyUnicode_FSConverter, &path, &wish.force, &wish.redact,
					 &wish.frames))
		return NULL;
	wish.path = PyBytes_AS_STRING(path);
	arena_enter(&arena);
	error = take(&wish);
	arena_leave(&arena);
	Py_DECREF(path);
	if (error) {
		raise_error(module, error);
		arena_enter(&arena);
		hg_error_free(error);
		arena_leave(&arena);
	}
	arena_free(&arena);
	if (PyErr_Occurred())
		return NULL;
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{ "capture", (PyCFunction)(void (*)(void))capture_self, METH_VARARGS | METH_KEYWORDS,
	  "capture(path, *, force=False, redact=False, frames=0): writes a snapshot of this process,\n"
	  "in which the innermost frames of this thread count as observers." },
	{ "run", run_command, METH_O,
	  "run(arguments): runs a program that the process does not notice; (status, output, errors)." },
	{ "count_types", heap_count_types, METH_O,
	  "count_types(objects): [(type, count)], in the order of their first objects. None: of all." },
	{ "chain_from_module", heap_chain_from_module, METH_VARARGS,
	  "chain_from_module(object, max_depth, ids): [module, ..., object] without these ids; [object]\n"
	  "where there is none; None where to find out takes long." },
	{ "field_name", heap_field_name, METH_VARARGS,
	  "field_name(source, target): the attribute or field by which source has target, or None." },
	{ "key_of", heap_key_of, METH_VARARGS,
	  "key_of(dict, value): (key,), the first under which it has the very object, or None." },
	{ "refcount", heap_refcount, METH_VARARGS,
	  "refcount(list, index): the references to an item, the list's among them." },
	{ NULL, NULL, 0, NULL },
};

static int add_types(PyObject *module)
{
	PyObject *type = PyType_FromSpec(&heap_referrers_spec);

	if (!type || PyModule_AddObject(module, "Referrers", type)) {
		Py_XDECREF(type);
		return -1;
	}
	return 0;
}

static PyModuleDef_Slot slots[] = {
	{ Py_mod_exec, add_types },
	{ 0, NULL },
};

static PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "_heapgraph",
	.m_size = 0,
	.m_methods = methods,
	.m_slots = slots,
};

/* CPython 3.8 does not export it by itself (Include/pyport.h). */
__attribute__((__visibility__("default"))) PyMODINIT_FUNC PyInit__heapgraph(void)
{
#ifdef Py_GIL_DISABLED
	PyErr_SetString(PyExc_ImportError, "free-threaded CPython is not supported: heapgraph reads "
			"builds with the GIL");
	return NULL;
#else
	return PyModuleDef_Init(&definition);
#endif
}
