/* From r_debug to libraries. Formats: struct r_debug and the public struct link_map of <link.h>;
 * the private fields as calibrate.c finds them. See linkmap.h. */
#include "linkmap.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate.h"
#include "library_flags.h"
#include "maps.h"
#include "module.h"

/* struct r_debug, x86-64; r_next since glibc 2.35 (r_version 2), one struct a namespace. */
enum { R_VERSION = 0, R_MAP = 8, R_STATE = 24, R_LDBASE = 32, R_NEXT = 40 };
/* struct link_map */
enum { L_ADDR = 0, L_NAME = 8, L_LD = 16, L_NEXT = 24, L_NAMESPACE = 48 };
/* Against lists that do not end: no process has so many. */
enum { MAX_LIBRARIES = 1 << 16, MAX_DEPENDENCIES = 1 << 16 };
/* l_type, first bit field behind the count */
enum { LT_EXECUTABLE = 0, LT_LIBRARY = 1, LT_LOADED = 2 };
/* l_nodelete_active and l_nodelete_pending, from the count (glibc 2.31 and newer) */
enum { COUNT_TO_TYPE = 4, COUNT_TO_NODELETE = 7 };

struct reading {
	const struct process *process;
	const struct memory *memory;
	uint64_t phdr, phnum, ld_base, vdso; /* auxiliary vector */
	uint64_t r_debug;
	struct linkmap *out;
	struct linkmap_view *views; /* one a library */
	struct module *modules;
	size_t count, capacity;
	bool in_motion;
};

static bool read_word(void *context, uint64_t address, uint64_t *ret)
{
	return memory_read_u64(context, address, ret) == 0;
}

static void read_auxv(struct reading *r)
{
	for (size_t i = 0; i + 16 <= r->process->image_size; i += 16) {
		uint64_t entry[2];

		memcpy(entry, r->process->image + i, sizeof(entry));
		if (entry[0] == AT_PHDR)
			r->phdr = entry[1];
		else if (entry[0] == AT_PHNUM)
			r->phnum = entry[1];
		else if (entry[0] == AT_BASE)
			r->ld_base = entry[1];
		else if (entry[0] == AT_SYSINFO_EHDR)
			r->vdso = entry[1];
	}
}

static int grow(struct reading *r)
{
	size_t capacity = r->capacity ? r->capacity * 2 : 64;
	void *libraries = realloc(r->out->libraries, capacity * sizeof(*r->out->libraries));
	void *views, *modules;

	if (libraries)
		r->out->libraries = libraries;
	views = realloc(r->views, capacity * sizeof(*r->views));
	if (views)
		r->views = views;
	modules = realloc(r->modules, capacity * sizeof(*r->modules));
	if (modules)
		r->modules = modules;
	if (!libraries || !views || !modules)
		return -1;
	r->capacity = capacity;
	return 0;
}

/* The rest of the map may run past the end of what is mapped: read what is there. */
static void read_view(struct reading *r, uint64_t address, struct linkmap_view *view)
{
	size_t page = 4096 - address % 4096;

	*view = (struct linkmap_view){ .address = address, .size = LINKMAP_BYTES };
	if (memory_read(r->memory, address, view->bytes, view->size) == 0)
		return;
	view->size = page < LINKMAP_BYTES ? page : LINKMAP_BYTES;
	if (memory_read(r->memory, address, view->bytes, view->size) < 0)
		view->size = 0;
}

/* Where the ELF header of the file that is mapped around `address` lies: the nearest mapping of the
 * file's beginning. A .bss may lie between, anonymous: patchelf puts segments behind it. */
static uint64_t header_address(const struct linkmap *out, uint64_t address)
{
	const struct mapping *m = maps_find(out->maps, out->num_segments, address);
	uint64_t inode = m ? m->inode : 0, start = m ? m->start : 0;

	if (!inode)
		return start; /* the vdso */
	for (; !m->inode || m->inode == inode; m--) {
		if (m->inode)
			start = m->start;
		if (m == out->maps || (m->inode && !m->offset))
			break;
	}
	return start;
}

static const char *path_at(const struct linkmap *out, uint64_t address)
{
	const struct mapping *m = maps_find(out->maps, out->num_segments, address);

	return m ? m->path : "";
}

/* The file that AT_PHDR lies in; where its header is not mapped, by its program headers alone. */
static bool read_program(const struct reading *r, struct module *ret)
{
	return module_read(r->memory, header_address(r->out, r->phdr), ret) ||
	       module_read_phdr(r->memory, r->phdr, (unsigned)r->phnum, ret);
}

/* The program's DT_DEBUG; where the program was started as "ld.so PROGRAM", AT_PHDR is the linker's
 * own, which has none: then the symbol that debuggers use. */
static void find_r_debug(struct reading *r)
{
	struct module program, linker;
	struct module_symbol symbol;

	if (!read_program(r, &program))
		return;
	r->r_debug = program.debug;
	if (r->r_debug)
		return;
	if (r->ld_base && !module_read(r->memory, r->ld_base, &linker))
		return;
	if (module_symbol(r->memory, r->ld_base ? &linker : &program, "_r_debug", &symbol))
		r->r_debug = symbol.address;
}

static void describe_module(struct reading *r, uint64_t dynamic, bool first)
{
	struct linkmap_view *view = &r->views[r->count];
	struct module *module = &r->modules[r->count];
	struct hgs_library *fact = &r->out->libraries[r->count].fact;
	bool known = module_read(r->memory, header_address(r->out, dynamic), module) &&
		     module->dynamic == dynamic;

	if (!known && first)
		known = read_program(r, module) && module->dynamic == dynamic;
	if (!known) {
		*module = (struct module){ 0 };
		return;
	}
	view->phdr = module->phdr;
	view->gnu_hash = module->gnu_hash;
	view->relro = module->relro;
	view->relro_size = module->relro_size;
	fact->start = module->low;
	fact->end = module->high;
}

/* One link map into the next row; *next is the following one. */
static struct hg_error *take_map(struct reading *r, uint64_t address, unsigned space,
				 uint64_t *next)
{
	struct linkmap_library *library;
	struct linkmap_view *view;
	char name[4096];

	if (r->count == MAX_LIBRARIES)
		return hg_error_new(HG_EXIT_UNREADABLE, "cannot read the list of libraries of process %d: "
				    "it does not end", r->process->pid);
	if (r->count == r->capacity && grow(r) < 0)
		return &hg_error_no_memory;
	library = &r->out->libraries[r->count];
	view = &r->views[r->count];
	read_view(r, address, view);
	if (view->size <= L_NAMESPACE)
		return hg_error_errno(HG_EXIT_UNREADABLE, errno, "cannot read the list of libraries of "
				      "process %d", r->process->pid);
	*library = (struct linkmap_library){ 0 };
	library->fact = (struct hgs_library){
		.handle = address, .base = linkmap_word(view, L_ADDR), .opens = HGS_NONE,
		.space = space, .needed_by = HGS_NONE, .bound_by = HGS_NONE,
	};
	describe_module(r, linkmap_word(view, L_LD), r->count == 0);
	if (memory_read_string(r->memory, linkmap_word(view, L_NAME), name, sizeof(name)) < 0)
		name[0] = '\0';
	library->path = strdup(name[0] ? name : path_at(r->out, linkmap_word(view, L_LD)));
	r->count++;
	r->out->num_libraries = r->count;
	*next = linkmap_word(view, L_NEXT);
	return library->path ? NULL : &hg_error_no_memory;
}

static struct hg_error *walk_namespaces(struct reading *r)
{
	uint64_t debug = r->r_debug;
	struct hg_error *error = NULL;

	for (unsigned space = 0; debug && !error && space < MAX_LIBRARIES; space++) {
		uint64_t head[6], map;

		/* Without r_next the struct ends before it. */
		if (memory_read(r->memory, debug, head, 5 * sizeof(head[0])) < 0)
			break;
		r->in_motion |= (uint32_t)head[R_STATE / 8] != 0;
		for (map = head[R_MAP / 8]; map && !error;)
			error = take_map(r, map, space, &map);
		if ((uint32_t)head[R_VERSION / 8] < 2 ||
		    memory_read_u64(r->memory, debug + R_NEXT, &debug) < 0)
			break;
	}
	return error;
}

static uint32_t index_of(const struct reading *r, uint64_t map)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->views[i].address == map)
			return (uint32_t)i;
	return HGS_NONE;
}

/* Prefers a holder that is itself held by an open, or from the start, to one that is not. */
static void note_holder(struct reading *r, size_t holder, uint64_t held, uint32_t flag)
{
	uint32_t i = index_of(r, held);
	struct hgs_library *library;
	uint32_t *by;

	if (i == HGS_NONE || i == holder)
		return;
	library = &r->out->libraries[i].fact;
	by = flag == HGS_LIB_NEEDED ? &library->needed_by : &library->bound_by;
	if (*by == HGS_NONE || (!r->out->libraries[*by].fact.opens &&
				r->out->libraries[holder].fact.opens))
		*by = (uint32_t)holder;
	library->flags |= flag;
}

static void take_dependencies(struct reading *r, const struct linkmap_offsets *at, size_t i)
{
	uint64_t list = linkmap_word(&r->views[i], at->initfini), map, n;

	for (unsigned k = 0; list && k < MAX_DEPENDENCIES; k++) {
		if (memory_read_u64(r->memory, list + k * 8, &map) < 0 || !map)
			break;
		note_holder(r, i, map, HGS_LIB_NEEDED);
	}
	list = linkmap_word(&r->views[i], at->reldeps);
	if (!list || memory_read_u64(r->memory, list, &n) < 0)
		return;
	for (unsigned k = 0; k < (uint32_t)n && k < MAX_DEPENDENCIES; k++)
		if (memory_read_u64(r->memory, list + 8 + k * 8, &map) == 0)
			note_holder(r, i, map, HGS_LIB_BOUND);
}

static void take_counts(struct reading *r, const struct linkmap_offsets *at, size_t i)
{
	const struct linkmap_view *view = &r->views[i];
	struct hgs_library *library = &r->out->libraries[i].fact;
	const uint8_t *count = view->bytes + at->open_count;
	uint32_t opens;

	if ((size_t)at->open_count + COUNT_TO_NODELETE + 2 > view->size)
		return;
	memcpy(&opens, count, sizeof(opens));
	library->opens = opens;
	if ((count[COUNT_TO_TYPE] & 3) != LT_LOADED)
		library->flags |= HGS_LIB_STARTUP;
	if (count[COUNT_TO_NODELETE] || count[COUNT_TO_NODELETE + 1])
		library->flags |= HGS_LIB_NODELETE;
	if (at->tls_dtors >= 0 && linkmap_word(view, at->tls_dtors))
		library->flags |= HGS_LIB_TLS_DTORS;
}

static void take_flags(struct reading *r, size_t i)
{
	struct linkmap_library *library = &r->out->libraries[i];
	const struct module *module = &r->modules[i];

	if (r->vdso && module->base == r->vdso)
		library->fact.flags |= HGS_LIB_VDSO;
	library->fact.flags |=
		library_flags(r->process, r->memory, module, i ? library->path : NULL);
}

static void take_private_fields(struct reading *r)
{
	struct linkmap_offsets at;

	linkmap_calibrate(r->views, r->count, read_word, (void *)r->memory, &at);
	r->out->opens_unknown = at.why;
	if (at.open_count >= 0 && r->in_motion)
		r->out->opens_unknown = "a library was being loaded or unloaded";
	if (at.open_count < 0)
		return;
	for (size_t i = 0; i < r->count; i++)
		take_counts(r, &at, i);
	for (size_t i = 0; i < r->count; i++)
		take_dependencies(r, &at, i);
	for (size_t i = 0; r->out->opens_unknown && i < r->count; i++)
		r->out->libraries[i].fact.opens = HGS_NONE;
}

/* Within its extent, and not another's memory in a hole of it. */
static bool is_of(const struct reading *r, size_t library, const struct mapping *mapping)
{
	const struct hgs_library *fact = &r->out->libraries[library].fact;
	const struct module *module = &r->modules[library];
	const struct mapping *head;

	if (mapping->start < fact->start || mapping->start >= fact->end)
		return false;
	head = maps_find(r->out->maps, r->out->num_segments, module->base);
	return (head && mapping->inode && mapping->inode == head->inode) ||
	       module_loads(r->memory, module, mapping->start);
}

static uint32_t library_of(const struct reading *r, const struct mapping *mapping)
{
	for (size_t i = 0; i < r->count; i++)
		if (is_of(r, i, mapping))
			return (uint32_t)i;
	return HGS_NONE;
}

static struct hg_error *make_segments(const struct reading *r)
{
	struct linkmap *out = r->out;

	out->segments = calloc(out->num_segments + 1, sizeof(*out->segments));
	if (!out->segments)
		return &hg_error_no_memory;
	for (size_t i = 0; i < out->num_segments; i++)
		out->segments[i] = (struct hgs_segment){
			.start = out->maps[i].start,
			.end = out->maps[i].end,
			.library = library_of(r, &out->maps[i]),
			.prot = out->maps[i].prot,
		};
	return NULL;
}

static struct hg_error *read_all(struct reading *r, const char *maps)
{
	struct hg_error *error = NULL;

	r->out->map_text = strdup(maps);
	if (!r->out->map_text ||
	    maps_parse(r->out->map_text, &r->out->maps, &r->out->num_segments) < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read the mappings of process "
				      "%d", r->process->pid);
	read_auxv(r);
	find_r_debug(r);
	if (r->r_debug)
		error = walk_namespaces(r);
	if (error)
		return error;
	take_private_fields(r);
	for (size_t i = 0; i < r->count; i++)
		take_flags(r, i);
	return make_segments(r);
}

struct hg_error *linkmap_read(const struct process *process, const struct memory *copy,
			      const char *maps, struct linkmap **ret)
{
	struct reading r = { .process = process, .memory = copy };
	struct hg_error *error;

	r.out = calloc(1, sizeof(*r.out));
	if (!r.out)
		return &hg_error_no_memory;
	error = read_all(&r, maps);
	free(r.views);
	free(r.modules);
	if (error) {
		linkmap_free(r.out);
		return error;
	}
	*ret = r.out;
	return NULL;
}

void linkmap_free(struct linkmap *linkmap)
{
	if (!linkmap)
		return;
	for (size_t i = 0; i < linkmap->num_libraries; i++)
		free(linkmap->libraries[i].path);
	free(linkmap->libraries);
	free(linkmap->segments);
	free(linkmap->maps);
	free(linkmap->map_text);
	free(linkmap);
}
