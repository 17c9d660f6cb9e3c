#include "scenes.h"

#include <stdio.h>
#include <string.h>

#define HANDLE(n) (0x55550000ull + 0x1000ull * (n))

static void process(struct heap *heap, const char *cmdline)
{
	struct hgs_meta *meta = heap_meta(heap);

	meta->pid = 4242;
	meta->python_version = 0x030b07f0;
	meta->method = HGS_FORK;
	meta->consistent = 1;
	meta->gc_enabled = 1;
	meta->threads = 5;
	meta->stopped_ns = 2930000;
	meta->walk_ns = 71500000;
	meta->time_ns = 1700000000ull * 1000000000ull;
	meta->exe = heap_string(heap, "/usr/bin/python3.11");
	meta->cmdline = heap_string(heap, cmdline);
}

static void library(struct heap *heap, unsigned number, const char *path, uint32_t opens)
{
	heap_library(heap, (struct hgs_library){.handle = HANDLE(number),
						.base = 0x7f0000000000ull + 0x100000ull * number,
						.path = heap_string(heap, path),
						.opens = opens,
						.needed_by = HGS_NONE,
						.bound_by = HGS_NONE});
}

/* Processor.on_done is a bound method of the Processor itself; gc is off. */
static void cycle(struct heap *heap)
{
	process(heap, "python3 cycle_pins_library.py");
	heap_meta(heap)->gc_enabled = 0;
	library(heap, 0, "/opt/app/libproc.so", 3);
	for (int i = 0; i < 3; i++) {
		uint32_t processor = heap_object(heap, "app.ImageProcessor");
		uint32_t method = heap_object(heap, "method");

		heap_attr(heap, processor, "on_done", method);
		heap_member(heap, method, "__self__", processor);
		heap_attr(heap, processor, "dll", heap_cdll(heap, "libproc.so", HANDLE(0), 0, true));
	}
}

/* __main__.cache['a'].dll, and a second owner in a frame. */
static void chain(struct heap *heap)
{
	uint32_t main = heap_module(heap, "__main__", "app.py"), cache, loader;

	process(heap, "python3 app.py");
	library(heap, 0, "/opt/app/libfoo.so", 2);
	library(heap, 1, "/opt/app/libbar.so", 1);
	cache = heap_object(heap, "dict");
	heap_key(heap, main, "cache", cache);
	loader = heap_object(heap, "app.Loader");
	heap_key(heap, cache, "a", loader);
	heap_attr(heap, loader, "dll", heap_cdll(heap, "libfoo.so", HANDLE(0), 0, true));
	loader = heap_object(heap, "app.Loader");
	heap_key(heap, cache, "b", loader);
	heap_attr(heap, loader, "dll", heap_cdll(heap, "libfoo.so", HANDLE(0), 0, true));
	heap_key(heap, main, "bar", heap_cdll(heap, "libbar.so", HANDLE(1), 1, false));
}

static void leaked(struct heap *heap)
{
	process(heap, "python3 opened_in_a_loop.py");
	heap_module(heap, "__main__", "opened_in_a_loop.py");
	library(heap, 0, "/opt/app/libcounter.so", 10);
}

static void dangling(struct heap *heap)
{
	uint32_t main = heap_module(heap, "__main__", "dangling.py");
	uint32_t pool = heap_object(heap, "list");

	process(heap, "python3 dangling_after_dlclose.py");
	heap_key(heap, main, "pool", pool);
	heap_refer(heap, pool, HGS_EDGE_NAME(HGS_EDGE_INDEX, 3),
		   heap_cdll(heap, "libgone.so", 0x7f1234500000ull, HGS_NONE, true));
	library(heap, 0, "/opt/app/libother.so", 1);
	heap_key(heap, main, "other", heap_cdll(heap, "libother.so", HANDLE(0), 0, true));
}

static void nothing(struct heap *heap)
{
	process(heap, "python3 -m http.server");
	heap_module(heap, "__main__", "server.py");
	heap_library(heap, (struct hgs_library){.handle = HANDLE(9),
						.path = heap_string(heap, "/lib/libc.so.6"),
						.flags = HGS_LIB_STARTUP,
						.needed_by = HGS_NONE,
						.bound_by = HGS_NONE});
}

/* Names that would draw on a terminal, close a string, or be read as markup. */
static void hostile(struct heap *heap)
{
	static const char *const names[] = {
		"\033[2J\033[1;31mred", "quote\" -> {x}", "back\\slash\\", "new\nline",
		"a<b>&amp;&lt;|{}", "\\N\\G\\l", "\xff\xfe invalid", "\xe2\x80\xaeyltrohs",
		"\xe6\xbc\xa2\xe5\xad\x97", "<table>", "trailing\\\\\\", "%s%n",
	};
	uint32_t main = heap_module(heap, "__main__", "x.py"), at = main;

	process(heap, "python3 \033]0;title\007 \"x\" \\\n<b>&quot;");
	library(heap, 0, "/opt/lib\"\\\n\033[31m<x>&.so", 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		uint32_t next = heap_object(heap, "dict");

		heap_key(heap, at, names[i], next);
		at = next;
	}
	heap_key(heap, at, "dll", heap_cdll(heap, "lib\"\\\n\033[31m<x>&.so", HANDLE(0), 0, true));
	heap_key(heap, main, names[2], heap_cdll(heap, "\xff\"\\", 0x1234500ull, HGS_NONE, false));
}

/* 60 objects and more behind one, many of them alike. */
static void wide(struct heap *heap)
{
	uint32_t main = heap_module(heap, "__main__", "wide.py");
	uint32_t registry = heap_object(heap, "app.Registry"), list = heap_object(heap, "list");
	char name[64];

	process(heap, "python3 wide.py");
	heap_key(heap, main, "registry", registry);
	heap_attr(heap, registry, "workers", list);
	for (uint32_t i = 0; i < 70; i++) {
		uint32_t worker = heap_object(heap, i % 2 ? "app.Worker" : "app.Clerk");

		heap_refer(heap, list, HGS_EDGE_NAME(HGS_EDGE_INDEX, i), worker);
		heap_attr(heap, worker, "registry", registry);
	}
	for (uint32_t i = 0; i < 20; i++) {
		uint32_t plugin;

		snprintf(name, sizeof(name), "app.plugins.Plugin%u", i);
		plugin = heap_object(heap, name);
		snprintf(name, sizeof(name), "plugin_%u", i);
		heap_attr(heap, registry, name, plugin);
		heap_attr(heap, plugin, "owner", registry);
		heap_attr(heap, plugin, "options", heap_object(heap, "dict"));
	}
}

/* A chain of 40 links to a handle that is gone. */
static void deep(struct heap *heap)
{
	uint32_t at = heap_module(heap, "__main__", "deep.py");

	process(heap, "python3 deep.py");
	for (int i = 0; i < 40; i++) {
		uint32_t node = heap_object(heap, "app.Node");

		if (i)
			heap_attr(heap, at, "next", node);
		else
			heap_key(heap, at, "head", node);
		at = node;
	}
	heap_attr(heap, at, "dll", heap_cdll(heap, "libgone.so", 0x7f1234500000ull, HGS_NONE, true));
}

const struct scene scenes[] = {
	{"cycle", cycle},     {"chain", chain},	    {"leaked", leaked}, {"dangling", dangling},
	{"nothing", nothing}, {"hostile", hostile}, {"wide", wide},	{"deep", deep},
	{NULL, NULL},
};

char *read_all(FILE *file)
{
	char *text = NULL, buffer[4096];
	size_t size, got;
	FILE *out = open_memstream(&text, &size);

	rewind(file);
	while ((got = fread(buffer, 1, sizeof(buffer), file)) > 0)
		fwrite(buffer, 1, got, out);
	fclose(out);
	return text;
}
