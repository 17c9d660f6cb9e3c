/* Most gaps show in the tables of the core. One does not: gcore (seen with gdb 13) gives up a segment
 * where it cannot read one page of it, and leaves zeros. That befalls the stacks of threads from glibc
 * 2.42 on, whose guard page is made by madvise(MADV_GUARD_INSTALL) inside of the stack's mapping
 * (nptl/allocatestack.c). The frames of such a thread would end early, and nothing would tell. */
#include "core_gaps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NAMED = 3, LOOKED_AT = 1024 };

static void list_missing(FILE *out, const struct core_image *image)
{
	size_t missing = 0, named = 0;

	for (size_t i = 0; i < image->num_binaries; i++)
		missing += image->binaries[i].missing != NULL;
	if (!missing)
		return;
	fprintf(out, "the code of %zu file%s is not in the core and could not be had, so that what its types "
		"refer to is not known:", missing, missing == 1 ? "" : "s");
	for (size_t i = 0; i < image->num_binaries && named < MOST_NAMED; i++)
		if (image->binaries[i].missing && ++named)
			fprintf(out, " %s (%s)", image->binaries[i].path, image->binaries[i].missing);
	if (missing > MOST_NAMED)
		fprintf(out, " and %zu more", missing - MOST_NAMED);
}

static void count_unproved(FILE *out, const struct core_image *image)
{
	size_t unproved = 0;

	for (size_t i = 0; i < image->num_binaries; i++)
		unproved += image->binaries[i].is_unproved;
	if (unproved)
		fprintf(out, "%s%zu file%s taken by name alone, since the core has no build id of %s",
			ftell(out) ? "; " : "", unproved, unproved == 1 ? " was" : "s were",
			unproved == 1 ? "it" : "them");
}

/* Where a thread stands, its stack has at least an address to return to. */
static bool has_stack(const struct core_file *core, const struct freeze_thread *thread)
{
	size_t size = LOOKED_AT;
	char bytes[LOOKED_AT];

	if (core_file_memory(core, thread->sp, bytes, size))
		size = CORE_PAGE - thread->sp % CORE_PAGE; /* near its top */
	if (size > LOOKED_AT || core_file_memory(core, thread->sp, bytes, size))
		return false;
	return bytes[0] || memcmp(bytes, bytes + 1, size - 1);
}

static void count_stacks(FILE *out, const struct core_file *core)
{
	size_t missing = 0;

	for (size_t i = 0; i < core->num_threads; i++)
		missing += !has_stack(core, &core->threads[i]);
	if (missing)
		fprintf(out, "%sthe stack%s of %zu thread%s not in the core (where gcore said \"Memory read "
			"failed\", a core by the kernel has more), so that what the calls on %s hold is not "
			"known", ftell(out) ? "; " : "", missing == 1 ? "" : "s", missing,
			missing == 1 ? " is" : "s are", missing == 1 ? "it" : "them");
}

struct hg_error *core_gaps(const struct core_file *core, const struct core_image *image, char **ret)
{
	size_t size = 0;
	FILE *out = open_memstream(ret, &size);

	if (!out)
		return &hg_error_no_memory;
	list_missing(out, image);
	count_unproved(out, image);
	count_stacks(out, core);
	if (fclose(out)) {
		free(take_ptr(*ret));
		return &hg_error_no_memory;
	}
	if (!**ret)
		free(take_ptr(*ret));
	return NULL;
}
