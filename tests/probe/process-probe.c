/* Prints what heapgraph finds out about a process before it touches it: for developers. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "../../inspect/process.h"
#include "../../python_glue/runtime.h"

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int fail(struct hg_error *error)
{
	int code = error->code;

	printf("heapgraph: %s\n", error->message);
	if (error->hint)
		printf("hint: %s\n", error->hint);
	hg_error_free(error);
	return code;
}

static void print_layout(const struct py_layout *layout)
{
	const char *name;
	size_t field;

	for (unsigned i = 0; py_layout_field(i, &name, &field); i++) {
		int32_t offset = *(const int32_t *)((const char *)layout + field);

		if (offset != PY_ABSENT)
			printf("layout %s %d\n", name, offset);
	}
}

static void print_runtime(const struct py_runtime *r)
{
	for (unsigned i = 0; i < r->num_interpreters; i++) {
		const struct py_interpreter *p = &r->interpreters[i];

		printf("interpreter %u at %#" PRIx64 " gc %#" PRIx64 " gil %#" PRIx64 "%s\n", i,
		       p->address, p->gc, p->gil, p->own_gil ? " own" : "");
	}
}

int main(int argc, char **argv)
{
	static struct py_runtime runtime;
	struct process *process;
	struct hg_error *error;
	double start = now_ms(), opened, proved;
	char text[PY_VERSION_TEXT];

	if (argc < 2)
		return HG_EXIT_USAGE;
	error = process_open(atoi(argv[1]), &process);
	if (error)
		return fail(error);
	opened = now_ms();
	error = py_runtime_open(&process->memory, process->runtime, process->python_version,
				&runtime);
	if (error) {
		process_close(process);
		return fail(error);
	}
	proved = now_ms();
	printf("exe %s\ncmdline %s\npython %s %s%s\nruntime %#" PRIx64 " size %" PRIu64 "\n",
	       process->exe, process->cmdline, py_version_text(process->python_version, text),
	       process->python->path, process->is_static ? " (static)" : "", process->runtime,
	       process->runtime_size);
	printf("opened in %.2f ms, proved in %.2f ms\n", opened - start, proved - opened);
	print_runtime(&runtime);
	if (argc > 2)
		print_layout(&runtime.layout);
	process_close(process);
	return 0;
}
