/* See heap.h. Plain growing arrays; lookups are linear, heaps in tests are small. */
#include "heap.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

#define GROW(array, count)                                                               \
	do {                                                                             \
		if (((count) & ((count) - 1)) == 0) {                                    \
			(array) = realloc((array), ((count) ? (count) * 2 : 1) *         \
							   sizeof(*(array)));            \
			assert(array);                                                   \
		}                                                                        \
	} while (0)

struct object {
	uint32_t type, flags, text, held;
};

struct reference {
	uint32_t from, name, to;
};

struct heap {
	struct object *objects;
	struct reference *references;
	struct hgs_root *roots;
	struct hgs_thread *threads;
	struct hgs_frame *frames;
	struct hgs_thread_local *thread_locals;
	struct hgs_library *libraries;
	struct hgs_segment *segments;
	struct hgs_holder *holders;
	struct hgs_capsule *capsules;
	char *strings;
	size_t n, m, num_roots, num_threads, num_frames, num_thread_locals;
	size_t num_libraries, num_holders, num_capsules, strings_size;
	size_t num_segments, num_surplus, num_words, num_inferred, num_pointers, num_blocks;
	struct hgs_surplus *surplus;
	struct hgs_word *words;
	struct hgs_inferred *inferred;
	struct hgs_pointer *pointers;
	struct hgs_block *blocks;
	struct hgs_search search;
	bool searched;
	struct hgs_meta meta;
	uint32_t type_type, modules;
};

static uint32_t add_object(struct heap *heap, uint32_t type, uint32_t flags, uint32_t text)
{
	GROW(heap->objects, heap->n);
	heap->objects[heap->n] = (struct object){.type = type, .flags = flags, .text = text};
	return (uint32_t)heap->n++;
}

uint32_t heap_string(struct heap *heap, const char *text)
{
	size_t size = strlen(text) + 1;
	uint32_t offset = (uint32_t)heap->strings_size;

	for (size_t i = 0; i < heap->strings_size; i += strlen(heap->strings + i) + 1)
		if (strcmp(heap->strings + i, text) == 0)
			return (uint32_t)i;
	heap->strings = realloc(heap->strings, heap->strings_size + size);
	assert(heap->strings);
	memcpy(heap->strings + offset, text, size);
	heap->strings_size += size;
	return offset;
}

struct heap *heap_create(void)
{
	struct heap *heap = calloc(1, sizeof(*heap));

	assert(heap);
	heap->strings = calloc(1, 1);
	heap->strings_size = 1;
	heap->meta = (struct hgs_meta){.pid = 4242,
				       .python_version = 0x030b07f0,
				       .method = HGS_FORK,
				       .consistent = 1,
				       .gc_enabled = 1,
				       .threads = 1};
	heap->meta.exe = heap_string(heap, "/usr/bin/python3.11");
	heap->type_type = add_object(heap, 0, HGS_OBJ_TYPE_OBJECT | HGS_OBJ_IMMORTAL,
				     heap_string(heap, "type"));
	heap->modules = heap_object(heap, "dict");
	heap_root(heap, (struct hgs_root){.object = heap->modules,
					  .kind = HGS_ROOT_MODULES,
					  .thread = HGS_NONE});
	heap_module(heap, "os", "/usr/lib/python3.11/os.py");
	return heap;
}

void heap_destroy(struct heap *heap)
{
	free(heap->objects);
	free(heap->references);
	free(heap->roots);
	free(heap->threads);
	free(heap->frames);
	free(heap->thread_locals);
	free(heap->libraries);
	free(heap->segments);
	free(heap->holders);
	free(heap->capsules);
	free(heap->strings);
	free(heap->surplus);
	free(heap->words);
	free(heap->inferred);
	free(heap->pointers);
	free(heap->blocks);
	free(heap);
}

uint32_t heap_type(struct heap *heap, const char *name)
{
	uint32_t text = heap_string(heap, name);

	for (uint32_t i = 0; i < heap->n; i++)
		if ((heap->objects[i].flags & HGS_OBJ_TYPE_OBJECT) && heap->objects[i].text == text)
			return i;
	return add_object(heap, heap->type_type, HGS_OBJ_TYPE_OBJECT | HGS_OBJ_IMMORTAL, text);
}

uint32_t heap_object(struct heap *heap, const char *type)
{
	uint32_t flags = HGS_OBJ_TRACKED | HGS_OBJ_GC;

	if (strcmp(type, "str") == 0 || strcmp(type, "int") == 0)
		flags = 0;
	else if (strcmp(type, "dict") == 0)
		flags |= HGS_OBJ_DICT;
	else if (strcmp(type, "module") == 0)
		flags |= HGS_OBJ_MODULE;
	else if (strchr(type, '.'))
		flags |= HGS_OBJ_USER | HGS_OBJ_HEAP_TYPE;
	return add_object(heap, heap_type(heap, type), flags, 0);
}

void heap_flags(struct heap *heap, uint32_t object, uint32_t flags)
{
	heap->objects[object].flags = flags;
}

static uint32_t value(struct heap *heap, const char *type, const char *text)
{
	uint32_t of = heap_type(heap, type), offset = heap_string(heap, text);

	for (uint32_t i = 0; i < heap->n; i++)
		if (heap->objects[i].type == of && heap->objects[i].text == offset)
			return i;
	return add_object(heap, of, HGS_OBJ_IMMORTAL, offset);
}

void heap_text(struct heap *heap, uint32_t object, const char *text)
{
	heap->objects[object].text = heap_string(heap, text);
}

uint32_t heap_str(struct heap *heap, const char *text)
{
	return value(heap, "str", text);
}

uint32_t heap_int(struct heap *heap, const char *text)
{
	return value(heap, "int", text);
}

void heap_refer(struct heap *heap, uint32_t from, uint32_t edge_name, uint32_t to)
{
	GROW(heap->references, heap->m);
	heap->references[heap->m++] = (struct reference){from, edge_name, to};
}

void heap_forget(struct heap *heap, uint32_t from, uint32_t to)
{
	size_t kept = 0;

	for (size_t i = 0; i < heap->m; i++)
		if (heap->references[i].from != from || heap->references[i].to != to)
			heap->references[kept++] = heap->references[i];
	heap->m = kept;
}

void heap_hold(struct heap *heap, uint32_t object, uint32_t references)
{
	heap->objects[object].held += references;
}

void heap_attr(struct heap *heap, uint32_t from, const char *name, uint32_t to)
{
	heap_refer(heap, from, HGS_EDGE_NAME(HGS_EDGE_ATTR, heap_str(heap, name)), to);
}

void heap_member(struct heap *heap, uint32_t from, const char *name, uint32_t to)
{
	heap_refer(heap, from, HGS_EDGE_NAME(HGS_EDGE_MEMBER, heap_string(heap, name)), to);
}

void heap_key(struct heap *heap, uint32_t dict, const char *key, uint32_t to)
{
	heap_refer(heap, dict, HGS_EDGE_NAME(HGS_EDGE_KEY, heap_str(heap, key)), to);
}

uint32_t heap_dict_of(struct heap *heap, uint32_t object)
{
	uint32_t dict;

	for (size_t i = 0; i < heap->m; i++)
		if (heap->references[i].from == object &&
		    HGS_EDGE_KIND(heap->references[i].name) == HGS_EDGE_ATTR_DICT)
			return heap->references[i].to;
	dict = heap_object(heap, "dict");
	heap_refer(heap, object, HGS_EDGE_NAME(HGS_EDGE_ATTR_DICT, 0), dict);
	return dict;
}

uint32_t heap_module(struct heap *heap, const char *name, const char *file)
{
	uint32_t module = heap_object(heap, "module");
	uint32_t dict = heap_dict_of(heap, module);

	heap->objects[module].text = heap_string(heap, name);
	heap_key(heap, heap->modules, name, module);
	if (file)
		heap_key(heap, dict, "__file__", heap_str(heap, file));
	return dict;
}

void heap_root(struct heap *heap, struct hgs_root root)
{
	GROW(heap->roots, heap->num_roots);
	heap->roots[heap->num_roots++] = root;
}

void heap_thread(struct heap *heap, struct hgs_thread thread)
{
	GROW(heap->threads, heap->num_threads);
	heap->threads[heap->num_threads++] = thread;
}

void heap_thread_local(struct heap *heap, struct hgs_thread_local local)
{
	GROW(heap->thread_locals, heap->num_thread_locals);
	heap->thread_locals[heap->num_thread_locals++] = local;
}

void heap_frame(struct heap *heap, struct hgs_frame frame)
{
	GROW(heap->frames, heap->num_frames);
	heap->frames[heap->num_frames++] = frame;
}

void heap_library(struct heap *heap, struct hgs_library library)
{
	GROW(heap->libraries, heap->num_libraries);
	heap->libraries[heap->num_libraries++] = library;
}

void heap_segment(struct heap *heap, struct hgs_segment segment)
{
	GROW(heap->segments, heap->num_segments);
	heap->segments[heap->num_segments++] = segment;
}

void heap_capsule(struct heap *heap, struct hgs_capsule capsule)
{
	GROW(heap->capsules, heap->num_capsules);
	heap->capsules[heap->num_capsules++] = capsule;
}

void heap_holder(struct heap *heap, struct hgs_holder holder)
{
	GROW(heap->holders, heap->num_holders);
	heap->holders[heap->num_holders++] = holder;
}

void heap_search(struct heap *heap, struct hgs_search search)
{
	heap->search = search;
	heap->searched = true;
}

void heap_surplus(struct heap *heap, struct hgs_surplus surplus)
{
	GROW(heap->surplus, heap->num_surplus);
	heap->surplus[heap->num_surplus++] = surplus;
}

void heap_word(struct heap *heap, struct hgs_word word)
{
	GROW(heap->words, heap->num_words);
	heap->words[heap->num_words++] = word;
}

void heap_block(struct heap *heap, struct hgs_block block)
{
	GROW(heap->blocks, heap->num_blocks);
	heap->blocks[heap->num_blocks++] = block;
}

void heap_pointer(struct heap *heap, struct hgs_pointer pointer)
{
	GROW(heap->pointers, heap->num_pointers);
	heap->pointers[heap->num_pointers++] = pointer;
}

void heap_inferred(struct heap *heap, struct hgs_inferred inferred)
{
	GROW(heap->inferred, heap->num_inferred);
	heap->inferred[heap->num_inferred++] = inferred;
}

struct hgs_meta *heap_meta(struct heap *heap)
{
	return &heap->meta;
}

void must(struct hg_error *error)
{
	if (!error)
		return;
	fprintf(stderr, "%s\n", error->message);
	abort();
}

static void add(struct snapshot_writer *w, uint32_t id, uint32_t stride, const void *data,
		size_t count)
{
	must(snapshot_writer_add(w, id, stride, data, count));
}

/* The columns of the references: grouped by referrer, in the order in which they were made. */
static void write_references(const struct heap *heap, struct snapshot_writer *w, uint32_t *counts)
{
	uint64_t *start = calloc(heap->n + 1, sizeof(*start));
	uint32_t *column = calloc(heap->m + 1, sizeof(*column));
	size_t m = 0;

	assert(start && column);
	for (size_t i = 0; i < heap->m; i++) {
		start[heap->references[i].from + 1]++;
		counts[heap->references[i].to]++;
	}
	for (size_t i = 0; i < heap->n; i++)
		start[i + 1] += start[i];
	add(w, HGS_REF_START, 8, start, heap->n + 1);
	for (int names = 0; names < 2; names++) {
		m = 0;
		for (size_t object = 0; object < heap->n; object++)
			for (size_t i = 0; i < heap->m; i++)
				if (heap->references[i].from == object)
					column[m++] = names ? heap->references[i].name
							    : heap->references[i].to;
		add(w, names ? HGS_REF_NAME : HGS_REF_TARGET, 4, column, m);
	}
	free(start);
	free(column);
}

static void write_objects(const struct heap *heap, struct snapshot_writer *w)
{
	uint32_t *column = calloc(heap->n + 1, sizeof(*column));
	uint64_t *wide = calloc(heap->n + 1, sizeof(*wide));
	uint32_t *counts = calloc(heap->n + 1, sizeof(*counts));

	assert(column && wide && counts);
	for (size_t i = 0; i < heap->n; i++)
		wide[i] = 0x7f0000000000ull + i * 64;
	add(w, HGS_OBJ_ADDR, 8, wide, heap->n);
	for (size_t i = 0; i < heap->n; i++)
		column[i] = heap->objects[i].type;
	add(w, HGS_OBJ_TYPE, 4, column, heap->n);
	for (size_t i = 0; i < heap->n; i++)
		wide[i] = 64;
	add(w, HGS_OBJ_SIZE, 8, wide, heap->n);
	for (size_t i = 0; i < heap->n; i++)
		column[i] = heap->objects[i].flags;
	add(w, HGS_OBJ_FLAGS, 4, column, heap->n);
	for (size_t i = 0; i < heap->n; i++)
		column[i] = heap->objects[i].text;
	add(w, HGS_OBJ_TEXT, 4, column, heap->n);
	write_references(heap, w, counts);
	for (size_t i = 0; i < heap->num_roots; i++)
		counts[heap->roots[i].object]++;
	for (size_t i = 0; i < heap->n; i++)
		counts[i] += heap->objects[i].held;
	add(w, HGS_OBJ_REFS, 4, counts, heap->n);
	free(column);
	free(wide);
	free(counts);
}

int heap_write(const struct heap *heap)
{
	int fd = memfd_create("heap", MFD_CLOEXEC);
	struct snapshot_writer *w;

	assert(fd >= 0);
	must(snapshot_writer_begin(fd, "heap", &w));
	write_objects(heap, w);
	must(snapshot_writer_strings(w, heap->strings, heap->strings_size));
	add(w, HGS_META, sizeof(heap->meta), &heap->meta, 1);
	add(w, HGS_ROOTS, sizeof(*heap->roots), heap->roots, heap->num_roots);
	add(w, HGS_THREADS, sizeof(*heap->threads), heap->threads, heap->num_threads);
	add(w, HGS_THREAD_LOCALS, sizeof(*heap->thread_locals), heap->thread_locals,
	    heap->num_thread_locals);
	add(w, HGS_FRAMES, sizeof(*heap->frames), heap->frames, heap->num_frames);
	add(w, HGS_LIBRARIES, sizeof(*heap->libraries), heap->libraries, heap->num_libraries);
	add(w, HGS_SEGMENTS, sizeof(*heap->segments), heap->segments, heap->num_segments);
	add(w, HGS_HOLDERS, sizeof(*heap->holders), heap->holders, heap->num_holders);
	if (heap->num_capsules)
		add(w, HGS_CAPSULES, sizeof(*heap->capsules), heap->capsules, heap->num_capsules);
	if (heap->searched) {
		add(w, HGS_SEARCH, sizeof(heap->search), &heap->search, 1);
		add(w, HGS_SURPLUS, sizeof(*heap->surplus), heap->surplus, heap->num_surplus);
		add(w, HGS_WORDS, sizeof(*heap->words), heap->words, heap->num_words);
		add(w, HGS_BLOCKS, sizeof(*heap->blocks), heap->blocks, heap->num_blocks);
		add(w, HGS_POINTERS, sizeof(*heap->pointers), heap->pointers, heap->num_pointers);
		add(w, HGS_INFERRED, sizeof(*heap->inferred), heap->inferred, heap->num_inferred);
	}
	must(snapshot_writer_finish(w));
	snapshot_writer_destroy(w);
	return fd;
}

struct snapshot *heap_snapshot(const struct heap *heap)
{
	_cleanup_close_ int fd = heap_write(heap);
	struct snapshot *s;

	must(snapshot_open_fd(fd, "heap", &s));
	return s;
}

uint32_t heap_cdll(struct heap *heap, const char *name, uint64_t handle, uint32_t library,
		   bool function)
{
	uint32_t cdll = heap_object(heap, "ctypes.CDLL");

	heap_attr(heap, cdll, "_name", heap_str(heap, name));
	heap_holder(heap, (struct hgs_holder){.handle = handle,
					      .object = cdll,
					      .kind = HGS_HOLDER_HANDLE,
					      .names = heap_string(heap, name),
					      .library = library});
	if (function) {
		uint32_t call = heap_object(heap, "ctypes._FuncPtr");
		uint32_t objects = heap_object(heap, "dict");

		heap_attr(heap, cdll, "work", call);
		heap_member(heap, call, "_objects", objects);
		heap_key(heap, objects, "0", cdll);
		heap_holder(heap, (struct hgs_holder){.code = handle + 64,
						      .object = call,
						      .kind = HGS_HOLDER_FUNCTION,
						      .library = library});
	}
	return cdll;
}
