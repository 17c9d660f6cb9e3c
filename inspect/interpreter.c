/* CPython among the mapped files, found by what it is: a file that defines _PyRuntime (3.7 and
 * newer) or, for the older ones that are only named, _PyThreadState_Current.
 *
 * A process may have several (an embedding program that also loaded libpython, two libpythons by
 * dlopen): the one whose list of interpreters is not empty counts. */
#include "interpreter.h"

#include <elf.h>
#include <string.h>
#include <unistd.h>

#include "../python_glue/runtime.h"
#include "../python_glue/version.h"
#include "elffile.h"
#include "module.h"

struct candidate {
	const struct mapping *file;
	struct module module;
	int fd;		 /* its file where symbols come from there, else -1 */
	uint64_t bias;
	struct module_symbol runtime;
	uint32_t version;
};

static void candidate_closep(struct candidate *c)
{
	if (c->fd >= 0)
		close(c->fd);
}

static bool symbol(const struct process *p, const struct candidate *c, const char *name,
		   struct module_symbol *ret)
{
	struct elffile_symbol found;

	if (c->fd < 0)
		return module_symbol(&p->memory, &c->module, name, ret);
	if (!elffile_symbol(c->fd, name, &found))
		return false;
	*ret = (struct module_symbol){ found.address + c->bias, found.size, STT_NOTYPE };
	return true;
}

static bool defines(const struct process *p, const struct candidate *c, const char *name)
{
	struct module_symbol ignored;

	return symbol(p, c, name, &ignored);
}

/* Py_Version (3.11 and newer) is const unsigned long; before, Py_GetVersion's code tells. */
static uint32_t version_of(const struct process *p, const struct candidate *c)
{
	struct module_symbol found;
	uint64_t version;

	if (symbol(p, c, "Py_Version", &found) &&
	    memory_read_u64(&p->memory, found.address, &version) == 0)
		return (uint32_t)version;
	if (symbol(p, c, "Py_GetVersion", &found))
		return py_version_of_code(&p->memory, found.address);
	return 0;
}

/* What only builds with Py_REF_DEBUG have (Objects/object.c): 3.8 to 3.11, then 3.12 and newer. */
static bool is_debug_build(const struct process *p, const struct candidate *c)
{
	return defines(p, c, "_Py_RefTotal") || defines(p, c, "_Py_GetGlobalRefTotal") ||
	       defines(p, c, "_Py_GetRefTotal");
}

static struct hg_error *debug_build(const struct process *p, uint32_t version)
{
	char text[PY_VERSION_TEXT];

	return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE, "process %d runs a debug build of "
					  "CPython %s: heapgraph reads release builds", p->pid,
					  py_version_text(version, text)),
			     "run the program under the release build of the same version");
}

/* 0: no interpreter made yet, or none any more. */
static uint64_t interpreter_list(const struct process *p, const struct candidate *c,
				 struct hg_error **error)
{
	struct py_layout layout;
	uint64_t head = 0;

	*error = py_layout_for(&p->memory, c->runtime.address, c->version, &layout);
	if (*error || memory_read_u64(&p->memory, c->runtime.address +
				      (uint64_t)layout.rt_interp_head, &head) < 0)
		return 0;
	return head;
}

/* Takes the candidate where it is a living interpreter that we can read. What it is otherwise
 * stays in *refusal for the case that no other one is better. */
static bool accept(struct process *p, struct candidate *c, struct hg_error **refusal)
{
	struct hg_error *error = NULL;
	bool living = false;

	c->version = version_of(p, c);
	if (!c->version)
		error = hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE, "cannot tell the version of "
						   "CPython in process %d (%s)", p->pid,
						   c->file->path),
				      "use a release build of CPython");
	else if (!py_version_supported(c->version))
		error = py_version_unsupported(c->version);
	else if (is_debug_build(p, c))
		error = debug_build(p, c->version);
	else
		living = interpreter_list(p, c, &error) != 0;
	if (!living && !error)
		error = hg_error_hint(hg_error_new(HG_EXIT_FAILURE, "cannot look into process %d: its "
						   "interpreter is not running (starting, or "
						   "shutting down)", p->pid),
				      "attach again while the program runs");
	if (!error) {
		p->runtime = c->runtime.address;
		p->runtime_size = c->runtime.size;
		p->python_version = c->version;
		p->python = c->file;
		/* libpython has a DT_SONAME, a program has none. */
		p->is_static = c->fd < 0 ? !c->module.soname : strcmp(c->file->path, p->exe) == 0;
		hg_error_free(*refusal);
		*refusal = NULL;
		return true;
	}
	hg_error_free(*refusal);
	*refusal = error;
	return false;
}

static bool is_python(const struct process *p, struct candidate *c)
{
	struct module_symbol old;

	if (symbol(p, c, "_PyRuntime", &c->runtime))
		return true;
	/* 2.7 to 3.6 */
	return symbol(p, c, "_PyThreadState_Current", &old) && defines(p, c, "Py_GetVersion");
}

/* The next file: its first mapping. Mappings of one file follow each other, anonymous ones between
 * them. */
static bool starts_file(const struct process *p, size_t i)
{
	const struct mapping *m = &p->maps[i];

	if (!m->inode || !m->path[0])
		return false;
	while (i-- > 0)
		if (p->maps[i].inode)
			return p->maps[i].inode != m->inode || strcmp(p->maps[i].path, m->path) != 0;
	return true;
}

static bool is_executable(const struct process *p, size_t i)
{
	const struct mapping *first = &p->maps[i];

	for (; i < p->num_maps && (!p->maps[i].inode || p->maps[i].inode == first->inode); i++)
		if (p->maps[i].inode && p->maps[i].prot & 4)
			return true;
	return false;
}

static bool try_memory(struct process *p, size_t i, struct hg_error **refusal)
{
	struct candidate c = { .file = &p->maps[i], .fd = -1 };

	if (p->maps[i].offset != 0 || !module_read(&p->memory, p->maps[i].start, &c.module))
		return false;
	return is_python(p, &c) && accept(p, &c, refusal);
}

static bool try_file(struct process *p, size_t i, struct hg_error **refusal)
{
	_cleanup_(candidate_closep) struct candidate c = { .file = &p->maps[i], .fd = -1 };

	c.fd = process_open_mapping(p, c.file);
	if (c.fd < 0 || !elffile_bias(c.fd, c.file->offset, c.file->start, &c.bias))
		return false;
	return is_python(p, &c) && accept(p, &c, refusal);
}

struct hg_error *interpreter_find(struct process *p)
{
	bool (*const ways[])(struct process *, size_t, struct hg_error **) = { try_memory, try_file };
	struct hg_error *refusal = NULL;

	for (unsigned way = 0; way < 2; way++) {
		for (size_t i = 0; i < p->num_maps; i++)
			if (starts_file(p, i) && is_executable(p, i) && ways[way](p, i, &refusal))
				return NULL;
		if (refusal)
			return refusal;
	}
	return hg_error_hint(hg_error_new(HG_EXIT_NO_PROCESS, "process %d is not CPython: it runs %s",
					  p->pid, p->exe),
			     "pgrep -a python lists the running Python programs");
}

uint64_t process_symbol(const struct process *p, const char *in, const char *name)
{
	for (size_t i = 0; i < p->num_maps; i++) {
		struct module module;
		struct module_symbol found;

		if (!starts_file(p, i) || p->maps[i].offset != 0 || !is_executable(p, i) ||
		    (in && !strstr(p->maps[i].path, in)) ||
		    !module_read(&p->memory, p->maps[i].start, &module))
			continue;
		if (module_symbol(&p->memory, &module, name, &found))
			return found.address;
	}
	return 0;
}
