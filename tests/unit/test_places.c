/* Each known place: its path, what is said of it, the line to change. The heaps are as CPython's
 * types make them; that they do so still is what tests/test_samples_keepers.py shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "places.h"

static void test_cache(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL);
	uint32_t wrapper = heap_object(heap, "functools._lru_cache_wrapper");
	uint32_t key = heap_object(heap, "tuple"), proc = heap_object(heap, "__main__.Proc");
	uint32_t dll = heap_object(heap, "list"), result = heap_object(heap, "app.Result");
	uint32_t all = heap_object(heap, "dict"), kept = heap_object(heap, "app.Result");

	heap_key(heap, main, "run", wrapper);
	heap_refer(heap, wrapper, HGS_EDGE_UNNAMED, all);
	heap_refer(heap, all, HGS_EDGE_NAME(HGS_EDGE_KEY, heap_int(heap, "3")), kept);
	heap_key(heap, heap_dict_of(heap, wrapper), "__wrapped__", heap_function(heap, "Proc.run"));
	heap_refer(heap, wrapper, HGS_EDGE_UNNAMED, key);
	heap_refer(heap, wrapper, HGS_EDGE_UNNAMED, result);
	heap_refer(heap, key, index_edge(0), proc);
	heap_attr(heap, proc, "dll", dll);
	assert_place(heap, dll,
		     &(struct expected){"<__main__.Proc>.dll in functools.lru_cache of Proc.run",
					"a functools cache", "@lru_cache off the method `Proc.run`",
					SEVERITY_WARNING});
	assert_place(heap, result,
		     &(struct expected){"<app.Result> in functools.lru_cache of Proc.run",
					"a functools cache", "cache plain values in `Proc.run`",
					SEVERITY_WARNING});
	assert_place(heap, kept,
		     &(struct expected){"<app.Result> in functools.lru_cache of Proc.run",
					"a functools cache", "`Proc.run.cache_clear()`",
					SEVERITY_WARNING});
	heap_destroy(heap);
}

static void test_finalizer(void **state)
{
	struct heap *heap = heap_create();
	uint32_t weakref = heap_module(heap, "weakref", NULL);
	uint32_t registry = heap_object(heap, "dict"), info = heap_object(heap, "weakref.finalize._Info");
	uint32_t method = heap_object(heap, "method"), decoder = heap_object(heap, "app.Decoder");
	uint32_t arguments = heap_object(heap, "tuple"), argument = heap_object(heap, "list");

	heap_key(heap, weakref, "_registry", registry);
	heap_refer(heap, registry, HGS_EDGE_NAME(HGS_EDGE_KEY, heap_int(heap, "1")), info);
	heap_member(heap, info, "func", method);
	heap_member(heap, info, "args", arguments);
	heap_member(heap, method, "__func__", heap_function(heap, "Decoder.close"));
	heap_member(heap, method, "__self__", decoder);
	heap_refer(heap, arguments, index_edge(2), argument);
	assert_place(heap, decoder,
		     &(struct expected){"weakref.finalize registry: Decoder.close.__self__",
					"a callback registered with weakref.finalize",
					"in place of the bound method `Decoder.close`",
					SEVERITY_WARNING});
	assert_place(heap, argument,
		     &(struct expected){"weakref.finalize registry: args[2] of Decoder.close",
					"a callback registered with weakref.finalize",
					"arguments that do not refer to what it waits for",
					SEVERITY_WARNING});
	heap_destroy(heap);
}

/* To 3.13 function, arguments and keywords are roots, in that order; from 3.14 on a list has them. */
static void test_atexit(void **state)
{
	struct heap *heap = heap_create();
	uint32_t partial = heap_object(heap, "functools.partial"), bound = heap_object(heap, "tuple");
	uint32_t session = heap_object(heap, "app.Session"), arguments = heap_object(heap, "tuple");
	uint32_t first = heap_object(heap, "list"), listed = heap_object(heap, "list");
	uint32_t callback = heap_object(heap, "tuple"), method = heap_object(heap, "method");
	uint32_t pool = heap_object(heap, "app.Pool"), second = heap_object(heap, "list");
	uint32_t rest = heap_object(heap, "tuple");

	heap_member(heap, partial, "func", heap_function(heap, "clean_up"));
	heap_member(heap, partial, "args", bound);
	heap_refer(heap, bound, index_edge(0), session);
	heap_refer(heap, arguments, index_edge(0), first);
	heap_refer(heap, listed, index_edge(0), callback);
	heap_refer(heap, callback, index_edge(0), method);
	heap_refer(heap, callback, index_edge(1), rest);
	heap_member(heap, method, "__func__", heap_function(heap, "Pool.close"));
	heap_member(heap, method, "__self__", pool);
	heap_refer(heap, rest, index_edge(0), second);
	heap_root(heap, (struct hgs_root){.object = partial, .kind = HGS_ROOT_ATEXIT, .thread = HGS_NONE});
	heap_root(heap, (struct hgs_root){.object = arguments, .kind = HGS_ROOT_ATEXIT, .thread = HGS_NONE});
	heap_root(heap, (struct hgs_root){.object = listed, .kind = HGS_ROOT_ATEXIT, .thread = HGS_NONE});
	const struct {
		uint32_t object;
		const char *path, *advice;
	} kept[] = {
		{session, "atexit registry: clean_up.args[0]", "unregister() for `clean_up`"},
		{first, "atexit registry: args[0] of clean_up", "unregister() for `clean_up`"},
		{pool, "atexit registry: Pool.close.__self__", "unregister() for `Pool.close`"},
		{second, "atexit registry: args[0] of Pool.close", "unregister() for `Pool.close`"},
	};

	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		assert_place(heap, kept[i].object,
			     &(struct expected){kept[i].path, "a callback registered with atexit",
						kept[i].advice, SEVERITY_WARNING});
	heap_destroy(heap);
}

/* Rows of the snapshot say which thread a dict belongs to; what has no row is a dict like any other. */
static void test_thread_local(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL);
	uint32_t local = heap_object(heap, "app.PerThread"), dicts = heap_object(heap, "dict");
	uint32_t mine = heap_object(heap, "dict"), other = heap_object(heap, "dict");
	uint32_t none = heap_object(heap, "dict"), dll = heap_object(heap, "list");
	uint32_t unknown = heap_object(heap, "list"), plain = heap_object(heap, "list");

	heap_thread(heap, (struct hgs_thread){.tid = 4243, .object = main});
	heap_thread_local(heap, (struct hgs_thread_local){.dict = mine});
	heap_thread_local(heap, (struct hgs_thread_local){.dict = other, .thread = HGS_NONE});
	heap_key(heap, main, "per_thread", local);
	heap_refer(heap, local, HGS_EDGE_UNNAMED, dicts);
	heap_refer(heap, dicts, HGS_EDGE_NAME(HGS_EDGE_KEY, heap_int(heap, "1")), mine);
	heap_refer(heap, dicts, HGS_EDGE_NAME(HGS_EDGE_KEY, heap_int(heap, "2")), other);
	heap_refer(heap, dicts, HGS_EDGE_NAME(HGS_EDGE_KEY, heap_int(heap, "3")), none);
	heap_key(heap, mine, "dll", dll);
	heap_key(heap, other, "dll", unknown);
	heap_key(heap, none, "dll", plain);
	assert_place(heap, dll,
		     &(struct expected){"__main__.per_thread.dll of thread 4243",
					"a thread-local variable", "`__main__.per_thread.dll`",
					SEVERITY_NOTE});
	assert_place(heap, unknown,
		     &(struct expected){"__main__.per_thread.dll of a thread",
					"a thread-local variable", "`__main__.per_thread.dll`",
					SEVERITY_NOTE});
	assert_place(heap, plain,
		     &(struct expected){"<dict>[3]['dll'] in __main__.per_thread", NULL, NULL, 0});
	heap_destroy(heap);
}

static uint32_t variable(struct heap *heap, const char *name)
{
	uint32_t ret = heap_object(heap, "_contextvars.ContextVar");

	heap_refer(heap, ret, HGS_EDGE_UNNAMED, heap_str(heap, name));
	return ret;
}

/* A node's values stand before their variables; a tree has nodes in nodes. */
static void test_context(void **state)
{
	struct heap *heap = heap_create();
	uint32_t context = heap_object(heap, "_contextvars.Context"), tree = heap_object(heap, "hamt");
	uint32_t node = heap_object(heap, "hamt_bitmap_node"), request = heap_object(heap, "app.Request");
	uint32_t deep = heap_object(heap, "hamt_bitmap_node"), user = heap_object(heap, "app.User");

	heap_thread(heap, (struct hgs_thread){.tid = 4243, .object = context});
	heap_root(heap, (struct hgs_root){.object = context, .kind = HGS_ROOT_CONTEXT});
	heap_refer(heap, context, HGS_EDGE_UNNAMED, tree);
	heap_refer(heap, tree, HGS_EDGE_UNNAMED, node);
	heap_refer(heap, node, HGS_EDGE_UNNAMED, request);
	heap_refer(heap, node, HGS_EDGE_UNNAMED, variable(heap, "current"));
	heap_refer(heap, node, HGS_EDGE_UNNAMED, deep);
	heap_refer(heap, deep, HGS_EDGE_UNNAMED, user);
	heap_refer(heap, deep, HGS_EDGE_UNNAMED, variable(heap, "who"));
	assert_place(heap, request,
		     &(struct expected){"value of ContextVar 'current' in the context of thread 4243",
					"a context variable", "reset ContextVar 'current'",
					SEVERITY_NOTE});
	assert_place(heap, user,
		     &(struct expected){"value of ContextVar 'who' in the context of thread 4243",
					"a context variable", "reset ContextVar 'who'",
					SEVERITY_NOTE});
	heap_destroy(heap);
}

static void test_ffi(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL);
	uint32_t ffi = heap_object(heap, "cffi.api.FFI"), list = heap_object(heap, "list");
	uint32_t library = heap_object(heap, "cffi.api._make_ffi_library.<locals>.FFILibrary");

	heap_key(heap, main, "ffi", ffi);
	heap_key(heap, heap_dict_of(heap, ffi), "_libraries", list);
	heap_refer(heap, list, index_edge(2), library);
	assert_place(heap, library,
		     &(struct expected){"__main__.ffi._libraries[2]",
					"the list of what an FFI object opened",
					"`__main__.ffi.dlclose()`", SEVERITY_NOTE});
	heap_destroy(heap);
}

static void test_logger(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL);
	uint32_t jobs = heap_object(heap, "logging.Logger"), list = heap_object(heap, "list");
	uint32_t root = heap_object(heap, "logging.RootLogger"), list_of_root = heap_object(heap, "list");
	uint32_t handler = heap_object(heap, "app.Log"), handler_of_root = heap_object(heap, "app.Log");

	heap_key(heap, main, "log", jobs);
	heap_attr(heap, jobs, "name", heap_str(heap, "jobs"));
	heap_key(heap, heap_dict_of(heap, jobs), "handlers", list);
	heap_refer(heap, list, index_edge(1), handler);
	heap_key(heap, main, "root", root);
	heap_attr(heap, root, "name", heap_str(heap, "root"));
	heap_attr(heap, root, "handlers", list_of_root);
	heap_refer(heap, list_of_root, index_edge(0), handler_of_root);
	assert_place(heap, handler,
		     &(struct expected){"logging.getLogger('jobs').handlers[1]", "a logging handler",
					"`logging.getLogger('jobs').removeHandler(handler)`",
					SEVERITY_WARNING});
	assert_place(heap, handler_of_root,
		     &(struct expected){"logging.getLogger().handlers[0]", "a logging handler",
					"`logging.getLogger().removeHandler(handler)`", SEVERITY_WARNING});
	heap_destroy(heap);
}

static void test_displayed(void **state)
{
	static const char record[] = "IPython's record of what was displayed";
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL), plain = heap_module(heap, "plain", NULL);
	uint32_t out = heap_object(heap, "dict"), shown = heap_object(heap, "app.Frame");
	uint32_t last = heap_object(heap, "app.Frame"), mine = heap_object(heap, "app.Frame");
	uint32_t hook = heap_object(heap, "IPython.core.displayhook.DisplayHook");
	uint32_t older = heap_object(heap, "app.Frame"), hidden = heap_object(heap, "app.Frame");
	uint32_t shell = heap_object(heap, "IPython.core.interactiveshell.InteractiveShell");
	uint32_t names = heap_object(heap, "dict"), method = heap_object(heap, "method");
	uint32_t named = heap_object(heap, "app.Frame"), list = heap_object(heap, "list");

	heap_key(heap, main, "_oh", out);
	heap_key(heap, out, "7", shown);
	heap_key(heap, main, "_12", last);
	heap_key(heap, main, "get_ipython", method);
	heap_member(heap, method, "__self__", shell);
	heap_key(heap, heap_dict_of(heap, shell), "displayhook", hook);
	heap_key(heap, heap_dict_of(heap, hook), "__", older);
	heap_key(heap, plain, "_", mine);
	heap_key(heap, heap_dict_of(heap, shell), "user_ns_hidden", names);
	heap_key(heap, names, "_3", hidden);
	heap_key(heap, out, "8", named);
	heap_key(heap, main, "box", list);
	heap_refer(heap, list, index_edge(2), named);
	assert_place(heap, shown,
		     &(struct expected){"Out[7]", record, "`%xdel _7`", SEVERITY_WARNING});
	assert_place(heap, last, &(struct expected){"_12", record, "`%xdel _12`", SEVERITY_WARNING});
	assert_place(heap, older, &(struct expected){"__", record, "%reset -f out", SEVERITY_WARNING});
	assert_place(heap, mine, &(struct expected){"plain._", NULL, NULL, SEVERITY_NOTE});
	assert_place(heap, hidden,
		     &(struct expected){"get_ipython().user_ns_hidden['_3']", record,
					"`del get_ipython().user_ns_hidden['_3']`", SEVERITY_WARNING});
	assert_place(heap, named, &(struct expected){"box[2]", NULL, NULL, SEVERITY_NOTE});
	heap_destroy(heap);
}

/* What Python's own prompt has displayed, and gettext's function of that name. */
static void test_prompted(void **state)
{
	struct heap *heap = heap_create();
	uint32_t builtins = heap_object(heap, "dict"), thing = heap_object(heap, "app.Frame");
	uint32_t translate = heap_function(heap, "gettext"), mine = heap_object(heap, "app.Frame");

	heap_root(heap, (struct hgs_root){
				.object = builtins, .kind = HGS_ROOT_BUILTINS, .thread = HGS_NONE});
	heap_key(heap, builtins, "_", thing);
	heap_key(heap, builtins, "mine", mine);
	assert_place(heap, thing,
		     &(struct expected){"_", "the last result at the prompt", "such as `0`",
					SEVERITY_WARNING});
	assert_place(heap, mine, &(struct expected){"builtins.mine", NULL, NULL, SEVERITY_NOTE});
	heap_forget(heap, builtins, thing);
	heap_key(heap, builtins, "_", translate);
	assert_place(heap, translate, &(struct expected){"builtins._", NULL, NULL, SEVERITY_NOTE});
	heap_destroy(heap);
}

/* The last exception in IPython, which has it in several places. */
static void test_shown_exception(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL), out = heap_object(heap, "dict");
	uint32_t shell = heap_object(heap, "IPython.core.interactiveshell.InteractiveShell");
	uint32_t method = heap_object(heap, "method"), frame = heap_object(heap, "frame");
	uint32_t formatter = heap_object(heap, "IPython.core.ultratb.AutoFormattedTB");
	uint32_t traceback = heap_object(heap, "traceback"), thing = heap_object(heap, "app.Frame");

	heap_type(heap, "IPython.core.displayhook.DisplayHook");
	heap_key(heap, main, "_oh", out);
	heap_key(heap, main, "get_ipython", method);
	heap_member(heap, method, "__self__", shell);
	heap_attr(heap, shell, "InteractiveTB", formatter);
	heap_attr(heap, formatter, "tb", traceback);
	heap_member(heap, traceback, "tb_frame", frame);
	heap_refer(heap, frame, HGS_EDGE_NAME(HGS_EDGE_LOCAL, heap_str(heap, "x")), thing);
	heap_frame(heap, (struct hgs_frame){.object = frame, .code = HGS_NONE, .line = 3,
					    .thread = HGS_NONE, .name = heap_string(heap, "f")});
	assert_place(heap, thing,
		     &(struct expected){"local x in f:3 of get_ipython().InteractiveTB.tb",
					"the last exception", "a cell `1/0` replaces it", SEVERITY_WARNING});
	heap_destroy(heap);
}

/* What a stored method, traceback or function keeps beside itself. */
static void test_kept_beside(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL), plugin = heap_module(heap, "plugin", NULL);
	uint32_t method = heap_object(heap, "method"), owner = heap_object(heap, "list");
	uint32_t error = heap_object(heap, "ValueError"), traceback = heap_object(heap, "traceback");
	uint32_t handle = heap_function(heap, "handle"), globals = heap_object(heap, "dict");
	uint32_t exec = heap_function(heap, "exec"), unnamed = heap_object(heap, "dict");
	uint32_t dll = heap_object(heap, "list"), other = heap_object(heap, "list");

	heap_key(heap, plugin, "__name__", heap_str(heap, "plugin"));
	heap_key(heap, main, "on_event", method);
	heap_member(heap, method, "__self__", owner);
	heap_key(heap, main, "last_error", error);
	heap_member(heap, error, "__traceback__", traceback);
	heap_key(heap, main, "handle", handle);
	heap_member(heap, handle, "__globals__", globals);
	heap_key(heap, globals, "__name__", heap_str(heap, "plugin"));
	heap_key(heap, globals, "dll", dll);
	heap_key(heap, main, "exec", exec);
	heap_member(heap, exec, "__globals__", unnamed);
	heap_key(heap, unnamed, "dll", other);
	assert_place(heap, owner,
		     &(struct expected){"__main__.on_event.__self__", "a stored bound method",
					"drop `__main__.on_event`", SEVERITY_WARNING});
	assert_place(heap, traceback,
		     &(struct expected){"__traceback__ of __main__.last_error",
					"the traceback of a stored exception",
					"drop `__main__.last_error`", SEVERITY_WARNING});
	assert_place(heap, dll,
		     &(struct expected){"global dll of the former module plugin, by "
					"__main__.handle.__globals__",
					"a module that is not in sys.modules",
					"drop `__main__.handle`", SEVERITY_WARNING});
	assert_place(heap, other,
		     &(struct expected){"global dll of a module without a name, by "
					"__main__.exec.__globals__",
					"a module that is not in sys.modules", "drop `__main__.exec`",
					SEVERITY_WARNING});
	heap_destroy(heap);
}

static void test_handled(void **state)
{
	struct heap *heap = heap_create();
	uint32_t error = heap_object(heap, "ValueError"), traceback = heap_object(heap, "traceback");

	heap_thread(heap, (struct hgs_thread){.tid = 4243, .object = error});
	heap_root(heap, (struct hgs_root){.object = error, .kind = HGS_ROOT_HANDLED});
	heap_member(heap, error, "__traceback__", traceback);
	assert_place(heap, traceback,
		     &(struct expected){
			     "__traceback__ of exception being handled in thread 4243",
			     "the exception that an except block is handling",
			     "leave the except block before what takes long", SEVERITY_WARNING});
	heap_destroy(heap);
}

static void test_classes(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL), ctypes = heap_module(heap, "_ctypes", NULL);
	uint32_t class = heap_type(heap, "app.Plugin"), loaded = heap_object(heap, "list");
	uint32_t plugin = heap_object(heap, "list"), cache = heap_object(heap, "dict");
	uint32_t message = heap_type(heap, "app.Message"), mine = heap_object(heap, "list");

	heap_key(heap, main, "Plugin", class);
	heap_key(heap, heap_dict_of(heap, class), "loaded", loaded);
	heap_refer(heap, loaded, index_edge(0), plugin);
	heap_key(heap, ctypes, "_pointer_type_cache", cache);
	heap_refer(heap, cache, HGS_EDGE_DICT_KEY, message);
	heap_key(heap, main, "_pointer_type_cache", mine);
	assert_place(heap, plugin,
		     &(struct expected){"__main__.Plugin.loaded[0]",
					"a container that belongs to a class",
					"take it out of `__main__.Plugin.loaded`", SEVERITY_NOTE});
	assert_place(heap, message,
		     &(struct expected){"<class app.Message>, a key of _ctypes._pointer_type_cache",
					"ctypes' cache of pointer and function types",
					"make the class once", SEVERITY_WARNING});
	assert_place(heap, mine, &(struct expected){"__main__._pointer_type_cache", NULL, NULL, 0});
	heap_destroy(heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cache),
		cmocka_unit_test(test_finalizer),
		cmocka_unit_test(test_atexit),
		cmocka_unit_test(test_thread_local),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_ffi),
		cmocka_unit_test(test_logger),
		cmocka_unit_test(test_displayed),
		cmocka_unit_test(test_prompted),
		cmocka_unit_test(test_shown_exception),
		cmocka_unit_test(test_kept_beside),
		cmocka_unit_test(test_classes),
		cmocka_unit_test(test_handled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
