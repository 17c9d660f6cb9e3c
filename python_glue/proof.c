/* The proof of a layout in a process: what is read through it must be what CPython keeps there.
 *
 * - objects: the type of sys.modules, of sys.__dict__ and of builtins.__dict__ is named "dict", its
 *   type is its own type (type(type) is type);
 * - gc lists: the neighbours of each list's head point back to it (Modules/gcmodule.c: circular,
 *   doubly linked; the low two bits of _gc_prev are flags). While a collection runs the lists are
 *   in pieces: then it is only asked that each head points to something. That they close all the
 *   way is for the hook, in the frozen copy;
 * - threads: a thread state belongs to its interpreter, and its thread_id is a pthread_t that
 *   points to itself (first word of struct pthread in glibc and musl, by the x86-64 TLS ABI). */
#include "proof.h"

#include <string.h>

enum {
	OBJECT_TYPE = 8,  /* PyObject.ob_type */
	TYPE_NAME = 24,	  /* PyTypeObject.tp_name, 2.x to 3.15 */
	MAX_THREADS = 64, /* of one interpreter; one that fits is enough */
};

static uint64_t read_word(const struct memory *memory, uint64_t address)
{
	uint64_t value;

	return memory_read_u64(memory, address, &value) < 0 ? 0 : value;
}

static bool type_is_named(const struct memory *memory, uint64_t type, const char *name)
{
	char text[16];

	return type && memory_read_string(memory, read_word(memory, type + TYPE_NAME), text,
					  sizeof(text)) == 0 && strcmp(text, name) == 0;
}

static const char *try_objects(const struct memory *memory, const struct py_layout *l,
			       uint64_t interpreter, struct proof *proof)
{
	const int32_t dicts[] = { l->is_sysdict, l->is_builtins, l->is_modules };
	uint64_t type = 0, metatype;

	for (unsigned i = 0; i < sizeof(dicts) / sizeof(dicts[0]); i++) {
		uint64_t dict = read_word(memory, interpreter + (uint64_t)dicts[i]);

		proof->not_running = !dict;
		type = dict ? read_word(memory, dict + OBJECT_TYPE) : 0;
		if (!type_is_named(memory, type, "dict"))
			return i == 2 ? "sys.modules is no dict where it should be" :
					"the dicts of sys and builtins are not where they should be";
	}
	metatype = read_word(memory, type + OBJECT_TYPE);
	if (!type_is_named(memory, metatype, "type") ||
	    read_word(memory, metatype + OBJECT_TYPE) != metatype)
		return "type(type) is not type";
	return NULL;
}

static const char *try_threads(const struct memory *memory, const struct py_layout *l,
			       uint64_t interpreter)
{
	uint64_t ts = read_word(memory, interpreter + (uint64_t)l->is_threads_head);

	for (unsigned i = 0; ts && i < MAX_THREADS; i++) {
		uint64_t thread = read_word(memory, ts + (uint64_t)l->ts_thread_id);

		if (read_word(memory, ts + (uint64_t)l->ts_interp) == interpreter && thread &&
		    read_word(memory, thread) == thread)
			return NULL;
		ts = read_word(memory, ts + (uint64_t)l->ts_next);
	}
	return "its thread states name no thread of the process";
}

static const char *try_lists(const struct memory *memory, const struct py_layout *l, uint64_t gc,
			     struct proof *proof)
{
	uint32_t collecting;
	const char *why = NULL;

	if (memory_read_u32(memory, gc + (uint64_t)l->gc_collecting, &collecting) < 0 ||
	    collecting > 1)
		return "its gc state is not where it should be";
	for (int32_t i = 0; i <= l->gc_count && i < PROOF_LISTS; i++) {
		uint64_t head = gc + (uint64_t)(i < l->gc_count ? l->gc_generations + i * l->gc_stride :
								  l->gc_permanent);
		uint64_t links[2], back;

		if (memory_read(memory, head, links, sizeof(links)) < 0 ||
		    memory_read_u64(memory, links[0] + 8, &back) < 0)
			return "its gc lists are not where they should be";
		if (collecting)
			continue;
		if ((back & ~(uint64_t)3) == head)
			proof->forward[i] = true;
		if (read_word(memory, links[1] & ~(uint64_t)3) == head)
			proof->backward[i] = true;
		/* The end of the youngest list moves with every new object: one direction will do. */
		if (!proof->forward[i] || !(proof->backward[i] || i == 0))
			why = "its gc lists do not close";
	}
	return why;
}

/* The oldest interpreter is last in the list: the main one, whole if any is. */
const char *proof_try(const struct memory *memory, const struct py_runtime *runtime,
		      struct proof *proof)
{
	const struct py_interpreter *first = &runtime->interpreters[runtime->num_interpreters - 1];
	const char *why = NULL;

	if (!proof->objects) {
		why = try_objects(memory, &runtime->layout, first->address, proof);
		proof->objects = !why;
	}
	if (!why && !proof->threads) {
		why = try_threads(memory, &runtime->layout, first->address);
		proof->threads = !why;
	}
	return why ? why : try_lists(memory, &runtime->layout, first->gc, proof);
}
