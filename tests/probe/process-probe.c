/* Prints what heapgraph finds out about a process before it touches it: for developers. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "../../graph/cleanup.h"
#include "../../inspect/linkmap.h"
#include "../../inspect/proc.h"
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

static void print_libraries(const struct linkmap *map)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} flags[] = {
		{ HGS_LIB_NODELETE, "nodelete" },   { HGS_LIB_STARTUP, "startup" },
		{ HGS_LIB_MAIN, "main" },	    { HGS_LIB_EXTENSION, "extension" },
		{ HGS_LIB_PYTHON, "python" },	    { HGS_LIB_TLS_DTORS, "tls-destructors" },
		{ HGS_LIB_NEEDED, "needed" },	    { HGS_LIB_BOUND, "bound" },
		{ HGS_LIB_VDSO, "vdso" },	    { HGS_LIB_LOADER, "loader" },
	};

	for (size_t i = 0; i < map->num_libraries; i++) {
		const struct hgs_library *l = &map->libraries[i].fact;

		printf("library %zu %s handle %#" PRIx64 " base %#" PRIx64 " opens %d space %u", i,
		       map->libraries[i].path, l->handle, l->base, (int)l->opens, l->space);
		for (size_t k = 0; k < sizeof(flags) / sizeof(flags[0]); k++)
			if (l->flags & flags[k].flag)
				printf(" %s", flags[k].name);
		if (l->needed_by != HGS_NONE)
			printf(" needed-by:%u", l->needed_by);
		if (l->bound_by != HGS_NONE)
			printf(" bound-by:%u", l->bound_by);
		printf("\n");
	}
	if (map->opens_unknown)
		printf("opens unknown: %s\n", map->opens_unknown);
}

int main(int argc, char **argv)
{
	static struct py_runtime runtime;
	struct process *process;
	struct linkmap *map;
	struct hg_error *error;
	double start = now_ms(), opened, proved;
	_cleanup_free_ char *maps = NULL;
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
	maps = proc_read(process->pid, "maps", NULL);
	if (!maps)
		return fail(hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read the mappings"));
	error = linkmap_read(process, &process->memory, maps, &map);
	if (error)
		return fail(error);
	printf("libraries in %.2f ms\n", now_ms() - proved);
	print_libraries(map);
	linkmap_free(map);
	process_close(process);
	return 0;
}
