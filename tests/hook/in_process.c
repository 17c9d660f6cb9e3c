/* The hook inside a living interpreter: what tests/test_hook.py loads by ctypes.PyDLL, so that the
 * very process can compare the hook's answer with what its own gc module says. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../python_glue/hook_abi.h"
#include "../../python_glue/lines.h"
#include "../../python_glue/runtime.h"

#define EXPORT __attribute__((__visibility__("default")))

EXPORT struct hook_control *hook_walk_here(uint64_t runtime, uint32_t version, uint64_t flags);
EXPORT void hook_release(struct hook_control *control);
EXPORT int line_of(uint32_t minor, const uint8_t *table, size_t size, int first, int lasti);

/* Walks this process; the caller holds the GIL. NULL where memory or the layout are not to be had. */
struct hook_control *hook_walk_here(uint64_t runtime, uint32_t version, uint64_t flags)
{
	struct memory memory = { .pid = getpid() };
	struct hook_control *control = calloc(1, sizeof(*control));
	_cleanup_free_ struct py_runtime *proved = calloc(1, sizeof(*proved));
	_cleanup_error_ struct hg_error *error = NULL;

	if (!control || !proved) {
		free(control);
		return NULL;
	}
	control->size = sizeof(*control);
	control->runtime = runtime;
	control->flags = flags;
	error = py_runtime_open(&memory, runtime, version, proved);
	if (error) {
		fprintf(stderr, "%s\n", error->message);
		free(control);
		return NULL;
	}
	control->layout = proved->layout;
	hook_run(control);
	return control;
}

void hook_release(struct hook_control *control)
{
	for (int i = 0; i < HOOK_COLUMNS; i++)
		if (control->columns[i].data)
			munmap((void *)control->columns[i].data, control->columns[i].capacity);
	free(control);
}

int line_of(uint32_t minor, const uint8_t *table, size_t size, int first, int lasti)
{
	return py_line(minor, table, size, first, lasti);
}
