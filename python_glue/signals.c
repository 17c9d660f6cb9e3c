/* The table of signal handlers, Handlers[] of Modules/signalmodule.c.
 *
 * From 3.12 on it lies in _PyRuntime. Before, it is a static array without a symbol in the same
 * module's data, and is known by what it looks like: 65 entries of `int tripped` and a pointer, the
 * first one NULL (there is no signal 0), the others all objects, most of them the one int 0 that
 * stands for SIG_DFL. Either way it is taken only if it looks so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../graph/hgs.h"
#include "roots_parts.h"

enum {
	SIGNALS = 65, /* NSIG of Linux on x86-64 */
	ENTRY = 2,    /* words */
	TABLE_WORDS = SIGNALS * ENTRY,
	MOST = 32, /* at least so many signals are left to their default */
	PAGE = 4096,
	CHUNK = 1 << 17, /* divides REACH */
	/* How far from _PyRuntime the module's data are searched, each way: .data and .bss of
	 * libpython are under 1 MB. */
	REACH = 2 << 20,
};

/* Whether such a table can begin at `word`, by the numbers alone. Returns the most frequent
 * pointer, 0: no. Boyer and Moore's majority vote. */
static uint64_t majority(const uint64_t *word)
{
	uint64_t candidate = 0;
	unsigned votes = 0, count = 0;

	if (word[0] || word[1])
		return 0;
	for (unsigned i = 1; i < SIGNALS; i++) {
		uint64_t tripped = word[i * ENTRY], handler = word[i * ENTRY + 1];

		if (tripped > 1 || handler < PAGE || handler & 7)
			return 0;
		if (!votes)
			candidate = handler;
		votes = handler == candidate ? votes + 1 : votes - 1;
	}
	for (unsigned i = 1; i < SIGNALS; i++)
		count += word[i * ENTRY + 1] == candidate;
	return count >= MOST ? candidate : 0;
}

static bool is_table(const struct memory *memory, const uint64_t *word)
{
	uint64_t most = majority(word);

	if (!most || !py_is_object(memory, most, "int"))
		return false;
	for (unsigned i = 1; i < SIGNALS; i++) {
		uint64_t handler = word[i * ENTRY + 1];

		if (handler != most && !py_is_object(memory, handler, NULL))
			return false;
	}
	return true;
}

static void read_what_is_there(const struct memory *memory, uint64_t address, char *ret)
{
	if (memory_read(memory, address, ret, CHUNK) == 0)
		return;
	for (size_t at = 0; at < CHUNK; at += PAGE)
		if (memory_read(memory, address + at, ret + at, PAGE) < 0)
			memset(ret + at, 0, PAGE);
}

/* Finds the table around `address`. Pages that cannot be read stay 0. */
static struct hg_error *search(const struct memory *memory, uint64_t address,
			       uint64_t table[TABLE_WORDS], bool *found)
{
	uint64_t begin = (address & -(uint64_t)PAGE) - REACH;
	size_t words = 2u * REACH / sizeof(uint64_t);
	uint64_t *data = calloc(words, sizeof(*data));

	*found = false;
	if (!data)
		return &hg_error_no_memory;
	for (size_t at = 0; at < 2u * REACH; at += CHUNK)
		read_what_is_there(memory, begin + at, (char *)data + at);
	for (size_t i = 0; !*found && i + TABLE_WORDS <= words; i++)
		if (!data[i] && data[i + 3] && is_table(memory, data + i)) {
			memcpy(table, data + i, TABLE_WORDS * sizeof(*table));
			*found = true;
		}
	free(data);
	return NULL;
}

static const char *signal_name(int number, char text[PY_ROOT_NAME])
{
	const char *abbreviation = sigabbrev_np(number);

	if (abbreviation)
		snprintf(text, PY_ROOT_NAME, "SIG%s", abbreviation);
	else
		snprintf(text, PY_ROOT_NAME, "signal %d", number);
	return text;
}

struct hg_error *py_signal_roots(const struct memory *memory, const struct py_runtime *runtime,
				 struct py_roots *ret)
{
	int32_t offset = runtime->layout.rt_signal_handlers;
	uint64_t table[TABLE_WORDS], most;
	struct hg_error *error = NULL;
	char name[PY_ROOT_NAME];
	bool found;

	if (offset == PY_ABSENT) {
		error = search(memory, runtime->address, table, &found);
	} else {
		/* The offset is that of the first entry's pointer, its second word. */
		uint64_t begin = runtime->address + (uint64_t)offset - 8;

		found = memory_read(memory, begin, table, sizeof(table)) == 0 && is_table(memory, table);
	}
	if (error || !found)
		return error;
	most = majority(table);
	for (int i = 1; !error && i < SIGNALS; i++) {
		uint64_t handler = table[i * ENTRY + 1];

		if (handler != most && !py_is_object(memory, handler, "int") &&
		    !py_is_object(memory, handler, "NoneType"))
			error = py_roots_add(ret, handler, 0, HGS_ROOT_SIGNAL, signal_name(i, name));
	}
	return error;
}
