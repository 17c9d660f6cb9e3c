/* Words for references and chains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../graph/graph.h"
#include "../../graph/steps.h"
#include "heap.h"

/* The path of one object in a heap. */
static void assert_path(struct heap *heap, uint32_t object, const char *expected)
{
	struct snapshot *s = heap_snapshot(heap);
	_cleanup_free_ char *text = NULL;
	struct graph *graph;
	struct reach *reach;
	struct chain chain;

	assert_null(graph_create(s, &graph));
	assert_null(reach_create(s, &reach));
	assert_null(chain_of(s, reach, object, &chain));
	text = path_text(s, &chain);
	if (expected)
		assert_string_equal(text, expected);
	else
		assert_null(text);
	chain_deinit(&chain);
	reach_destroy(reach);
	graph_destroy(graph);
	snapshot_close(s);
}

static void test_attributes(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL);
	uint32_t app = heap_module(heap, "app.core", "/srv/app/core.py");
	uint32_t cache = heap_object(heap, "dict"), proc = heap_object(heap, "app.Proc");
	uint32_t pool = heap_object(heap, "list"), slotted = heap_object(heap, "app.Slots");
	uint32_t odd = heap_object(heap, "list"), by_number = heap_object(heap, "list");
	uint32_t lost = heap_object(heap, "list"), module_dict_key = heap_object(heap, "list");

	heap_key(heap, main, "cache", cache);
	heap_key(heap, cache, "a", proc);
	heap_key(heap, heap_dict_of(heap, proc), "dll", slotted);
	heap_attr(heap, slotted, "inner", pool);
	heap_refer(heap, pool, HGS_EDGE_NAME(HGS_EDGE_INDEX, 3), odd);
	heap_refer(heap, cache, HGS_EDGE_NAME(HGS_EDGE_KEY, heap_int(heap, "42")), by_number);
	heap_key(heap, app, "not a name", module_dict_key);
	heap_refer(heap, lost, HGS_EDGE_NAME(HGS_EDGE_INDEX, 0), lost);
	assert_path(heap, proc, "__main__.cache['a']");
	assert_path(heap, slotted, "__main__.cache['a'].dll");
	assert_path(heap, odd, "__main__.cache['a'].dll.inner[3]");
	assert_path(heap, by_number, "__main__.cache[42]");
	assert_path(heap, module_dict_key, "app.core.__dict__['not a name']");
	assert_path(heap, app, "app.core.__dict__");
	assert_path(heap, lost, NULL);
	heap_destroy(heap);
}

static void test_user_modules_first(void **state)
{
	struct heap *heap = heap_create();
	uint32_t json = heap_module(heap, "json", "/usr/lib/python3.11/json/__init__.py");
	uint32_t django = heap_module(
		heap, "django", "/usr/lib/python3.11/site-packages/django/__init__.py");
	uint32_t thing = heap_object(heap, "list"), box = heap_object(heap, "list");

	heap_key(heap, json, "thing", thing);
	heap_key(heap, django, "box", box);
	heap_refer(heap, box, HGS_EDGE_NAME(HGS_EDGE_INDEX, 0), thing);
	assert_path(heap, thing, "django.box[0]");
	heap_destroy(heap);
}

/* However short the way through another module's function, a global has its own module's name. */
static void test_own_module(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL);
	uint32_t uuid = heap_module(heap, "uuid", "/usr/lib/python3.11/uuid.py");
	uint32_t function = heap_object(heap, "function"), lib = heap_object(heap, "list");

	heap_key(heap, main, "uuid4", function);
	heap_member(heap, function, "__globals__", uuid);
	heap_key(heap, uuid, "lib", lib);
	assert_path(heap, lib, "uuid.lib");
	heap_destroy(heap);
}

static void test_frames(void **state)
{
	struct heap *heap = heap_create();
	uint32_t thread = heap_object(heap, "dict"), frame = heap_object(heap, "frame");
	uint32_t dll = heap_object(heap, "ctypes.CDLL"), held = heap_object(heap, "list");
	uint32_t inner = heap_object(heap, "list");

	heap_thread(heap, (struct hgs_thread){.tid = 4243, .object = thread});
	heap_root(heap, (struct hgs_root){.object = thread, .kind = HGS_ROOT_THREAD});
	heap_frame(heap, (struct hgs_frame){.object = frame,
					    .code = HGS_NONE,
					    .line = 12,
					    .name = heap_string(heap, "load")});
	heap_refer(heap, thread, HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_TOP), frame);
	heap_refer(heap, frame, HGS_EDGE_NAME(HGS_EDGE_LOCAL, heap_str(heap, "dll")), dll);
	heap_attr(heap, dll, "held", held);
	heap_refer(heap, frame, HGS_EDGE_NAME(HGS_EDGE_STACK, 0), inner);
	assert_path(heap, dll, "local dll in load:12 of thread 4243");
	assert_path(heap, held, "local dll.held in load:12 of thread 4243");
	assert_path(heap, inner, "a value in use in load:12 of thread 4243");
	heap_destroy(heap);
}

static void test_roots_have_words(void **state)
{
	static const struct {
		uint32_t kind;
		const char *name, *path;
	} roots[] = {
		{ HGS_ROOT_ATEXIT, NULL, "atexit registry" },
		{ HGS_ROOT_SIGNAL, "SIGTERM", "signal handler of SIGTERM" },
		{ HGS_ROOT_CODECS, "error handlers", "codec registry's error handlers" },
		{ HGS_ROOT_CONTEXT, NULL, "context of thread 4243" },
		{ HGS_ROOT_HANDLED, NULL, "exception being handled in thread 4243" },
		{ 999, NULL, "unknown root" },
	};
	struct heap *heap = heap_create();
	uint32_t thread = heap_object(heap, "dict"), held[6];

	heap_thread(heap, (struct hgs_thread){.tid = 4243, .object = thread});
	for (unsigned i = 0; i < 6; i++) {
		held[i] = heap_object(heap, "list");
		heap_root(heap, (struct hgs_root){
					.object = held[i],
					.kind = roots[i].kind,
					.name = roots[i].name ? heap_string(heap, roots[i].name) : 0});
	}
	for (unsigned i = 0; i < 6; i++)
		assert_path(heap, held[i], roots[i].path);
	heap_destroy(heap);
}

static void test_closures_and_tracebacks(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL);
	uint32_t wrapped = heap_object(heap, "function"), tuple = heap_object(heap, "tuple");
	uint32_t cell = heap_object(heap, "cell"), func = heap_object(heap, "function");
	uint32_t error = heap_object(heap, "ValueError"), traceback = heap_object(heap, "traceback");
	uint32_t frame = heap_object(heap, "frame"), local = heap_object(heap, "list");
	uint32_t set = heap_object(heap, "set"), item = heap_object(heap, "list");
	uint32_t foreign = heap_object(heap, "functools.partial"), native = heap_object(heap, "list");

	heap_key(heap, main, "wrapped_func", wrapped);
	heap_member(heap, wrapped, "__closure__", tuple);
	heap_refer(heap, tuple, HGS_EDGE_NAME(HGS_EDGE_CELL, heap_str(heap, "func")), cell);
	heap_refer(heap, cell, HGS_EDGE_NAME(HGS_EDGE_CELL_CONTENTS, 0), func);
	heap_key(heap, main, "last_error", error);
	heap_member(heap, error, "__traceback__", traceback);
	heap_member(heap, traceback, "tb_frame", frame);
	heap_frame(heap, (struct hgs_frame){.object = frame,
					    .code = HGS_NONE,
					    .line = 7,
					    .thread = HGS_NONE,
					    .name = heap_string(heap, "run")});
	heap_refer(heap, frame, HGS_EDGE_NAME(HGS_EDGE_LOCAL, heap_str(heap, "x")), local);
	heap_key(heap, main, "s", set);
	heap_refer(heap, set, HGS_EDGE_SET_ITEM, item);
	heap_refer(heap, item, HGS_EDGE_UNNAMED, foreign);
	heap_hold(heap, native, 1);
	assert_path(heap, func, "closure func of __main__.wrapped_func");
	assert_path(heap, tuple, "__main__.wrapped_func.__closure__");
	assert_path(heap, traceback, "__traceback__ of __main__.last_error");
	assert_path(heap, local, "local x in run:7 of the traceback of __main__.last_error");
	assert_path(heap, item, "<list> in __main__.s");
	assert_path(heap, foreign, "<functools.partial> in <list> in __main__.s");
	assert_path(heap, native, "native reference to list");
	heap_destroy(heap);
}

static void test_edges_and_texts(void **state)
{
	struct heap *heap = heap_create();
	uint32_t quoted = heap_str(heap, "it's\n\\"), load = heap_str(heap, "load");
	uint32_t module = heap_object(heap, "module"), type = heap_type(heap, "app.Proc");
	const struct {
		uint32_t edge;
		const char *text;
	} edges[] = {
		{HGS_EDGE_NAME(HGS_EDGE_ATTR, load), ".load"},
		{HGS_EDGE_NAME(HGS_EDGE_KEY, quoted), "['it\\'s\\n\\\\']"},
		{HGS_EDGE_NAME(HGS_EDGE_KEY, heap_int(heap, "7")), "[7]"},
		{HGS_EDGE_NAME(HGS_EDGE_KEY, module), "[<module>]"},
		{HGS_EDGE_NAME(HGS_EDGE_INDEX, 3), "[3]"},
		{HGS_EDGE_NAME(HGS_EDGE_LOCAL, load), "local load"},
		{HGS_EDGE_NAME(HGS_EDGE_CELL, load), "closure load"},
		{HGS_EDGE_NAME(HGS_EDGE_MEMBER, heap_string(heap, "f_back")), ".f_back"},
		{HGS_EDGE_NAME(HGS_EDGE_MEMBER, heap_string(heap, "__traceback__")),
		 "__traceback__"},
		{HGS_EDGE_ATTR_DICT, "__dict__"},
		{HGS_EDGE_NAME(HGS_EDGE_FRAME, 99), "frame"},
	};
	struct snapshot *s = heap_snapshot(heap);

	for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++) {
		_cleanup_free_ char *text = edge_text(s, 0, edges[i].edge);

		assert_string_equal(text, edges[i].text);
	}
	_cleanup_free_ char *value = object_text(s, quoted);
	_cleanup_free_ char *class = object_text(s, type);
	_cleanup_free_ char *nothing = object_text(s, module);

	assert_string_equal(value, "'it\\'s\\n\\\\'");
	assert_string_equal(class, "<class app.Proc>");
	assert_string_equal(nothing, "");
	snapshot_close(s);
	heap_destroy(heap);
}

/* A frame that is over has no row; its code object has the name. */
static void test_old_frame(void **state)
{
	struct heap *heap = heap_create();
	uint32_t module = heap_module(heap, "__main__", NULL);
	uint32_t frame = heap_object(heap, "frame"), code = heap_object(heap, "code");
	uint32_t bare = heap_object(heap, "frame");
	struct snapshot *s;

	heap_key(heap, module, "frame", frame);
	heap_text(heap, code, "process");
	heap_member(heap, frame, "f_code", code);
	heap_key(heap, module, "bare", bare);
	s = heap_snapshot(heap);
	_cleanup_free_ char *of_frame = object_words(s, frame);
	_cleanup_free_ char *of_bare = object_words(s, bare);

	assert_string_equal(of_frame, "frame process");
	assert_string_equal(of_bare, "frame");
	snapshot_close(s);
	heap_destroy(heap);
}

/* ctypes makes a class for the functions of each CDLL; its name says nothing to anybody. */
static void test_ctypes_functions(void **state)
{
	struct heap *heap = heap_create();
	uint32_t module = heap_module(heap, "__main__", NULL);
	uint32_t named = heap_object(heap, "ctypes.CDLL.__init__.<locals>._FuncPtr");
	uint32_t nameless = heap_object(heap, "ctypes.CFUNCTYPE.<locals>.CFunctionType");
	uint32_t other = heap_object(heap, "app.load.<locals>._FuncPtr");
	struct snapshot *s;

	heap_key(heap, module, "named", named);
	heap_key(heap, heap_dict_of(heap, named), "__name__", heap_str(heap, "checksum"));
	heap_key(heap, module, "nameless", nameless);
	heap_key(heap, module, "other", other);
	s = heap_snapshot(heap);
	_cleanup_free_ char *of_named = object_words(s, named);
	_cleanup_free_ char *of_nameless = object_words(s, nameless);
	_cleanup_free_ char *of_other = object_words(s, other);

	assert_string_equal(of_named, "ctypes function checksum");
	assert_string_equal(of_nameless, "ctypes function");
	assert_string_equal(of_other, "app.load.<locals>._FuncPtr");
	snapshot_close(s);
	heap_destroy(heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_user_modules_first),
		cmocka_unit_test(test_own_module),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_roots_have_words),
		cmocka_unit_test(test_closures_and_tracebacks),
		cmocka_unit_test(test_edges_and_texts),
		cmocka_unit_test(test_old_frame),
		cmocka_unit_test(test_ctypes_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
