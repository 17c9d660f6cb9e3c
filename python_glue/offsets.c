/* Prints the offsets of struct py_layout as one interpreter's own headers give them.
 *
 * Compiled against the headers of an installed CPython (never linked into heapgraph), so that the
 * table in layout.c can be written from facts and checked against them:
 *   cc -I INCLUDE -I INCLUDE/internal python_glue/offsets.c && ./a.out
 * One line a field: "name offset". A field that this version does not have is not printed.
 * tests/test_layout.py compiles it for every interpreter that has its headers. */
#define Py_BUILD_CORE 1
#include <Python.h>

#include <stddef.h>
#include <stdio.h>

#define MINOR PY_MINOR_VERSION

#include <frameobject.h>
#if MINOR >= 9
#include <internal/pycore_interp.h>
#include <internal/pycore_runtime.h>
#else
#include <internal/pycore_pystate.h>
#endif
#if MINOR >= 11
#include <internal/pycore_dict.h>
#include <internal/pycore_frame.h>
#endif
#if MINOR >= 14
#include <internal/pycore_tstate.h>
#include <internal/pycore_genobject.h>
#include <internal/pycore_interpframe_structs.h>
#endif
#if MINOR >= 10
#include <internal/pycore_moduleobject.h>
#else
/* Objects/moduleobject.c of 3.8 and 3.9 keeps this struct to itself. */
typedef struct {
	PyObject_HEAD
	PyObject *md_dict;
	struct PyModuleDef *md_def;
	void *md_state;
	PyObject *md_weaklist;
	PyObject *md_name;
} PyModuleObject;
#endif
#if MINOR <= 10
/* Objects/dict-common.h of 3.8 to 3.10. */
struct _dictkeysobject {
	Py_ssize_t dk_refcnt, dk_size;
	void *dk_lookup;
	Py_ssize_t dk_usable, dk_nentries;
	char dk_indices[];
};
#endif

#define PRINT(name, type, member) printf("%s %zd\n", #name, (ssize_t)offsetof(type, member))
/* Where an array ends. */
#define PRINT_END(name, type, member) \
	printf("%s %zd\n", #name, (ssize_t)(offsetof(type, member) + sizeof(((type *)0)->member)))

static void print_runtime(void)
{
	PRINT(rt_interp_head, _PyRuntimeState, interpreters.head);
	PRINT(rt_interp_main, _PyRuntimeState, interpreters.main);
	PRINT(rt_main_thread, _PyRuntimeState, main_thread);
#if MINOR <= 8
	PRINT(rt_finalizing, _PyRuntimeState, finalizing);
#else
	PRINT(rt_finalizing, _PyRuntimeState, _finalizing);
#endif
#if MINOR == 8
	PRINT(rt_gc, _PyRuntimeState, gc);
	PRINT(rt_eval_breaker, _PyRuntimeState, ceval.eval_breaker);
	PRINT(rt_gil_drop_request, _PyRuntimeState, ceval.gil_drop_request);
#endif
#if MINOR <= 11
	PRINT(rt_gil, _PyRuntimeState, ceval.gil);
	PRINT(rt_tstate_current, _PyRuntimeState, gilstate.tstate_current);
#endif
}

static void print_interpreter(void)
{
	PRINT(is_next, PyInterpreterState, next);
	PRINT(is_id, PyInterpreterState, id);
	PRINT(is_sysdict, PyInterpreterState, sysdict);
	PRINT(is_builtins, PyInterpreterState, builtins);
#if MINOR <= 11
	PRINT(is_modules, PyInterpreterState, modules);
#else
	PRINT(is_modules, PyInterpreterState, imports.modules);
	PRINT(is_gil_ptr, PyInterpreterState, ceval.gil);
#endif
#if MINOR <= 10
	PRINT(is_threads_head, PyInterpreterState, tstate_head);
#else
	PRINT(is_threads_head, PyInterpreterState, threads.head);
#endif
#if MINOR >= 9
	PRINT(is_gc, PyInterpreterState, gc);
#endif
#if MINOR >= 9 && MINOR <= 12
	PRINT(is_eval_breaker, PyInterpreterState, ceval.eval_breaker);
	PRINT(is_gil_drop_request, PyInterpreterState, ceval.gil_drop_request);
#endif
}

/* What else an interpreter holds; of neighbours the first. */
static void print_holdings(void)
{
	PRINT(is_dict, PyInterpreterState, dict);
	PRINT(is_fork_hooks, PyInterpreterState, before_forkers);
	PRINT(is_audit_hooks, PyInterpreterState, audit_hooks);
	PRINT(is_builtins_copy, PyInterpreterState, builtins_copy);
	PRINT(is_warnings, PyInterpreterState, warnings.filters);
#if MINOR <= 12
	PRINT(is_codecs, PyInterpreterState, codec_search_path);
#else
	PRINT(is_codecs, PyInterpreterState, codecs.search_path);
#endif
#if MINOR <= 11
	PRINT(is_modules_by_index, PyInterpreterState, modules_by_index);
	PRINT(is_importlib, PyInterpreterState, importlib);
	PRINT(is_import_func, PyInterpreterState, import_func);
#else
	PRINT(is_modules_by_index, PyInterpreterState, imports.modules_by_index);
	PRINT(is_importlib, PyInterpreterState, imports.importlib);
	PRINT(is_import_func, PyInterpreterState, imports.import_func);
	PRINT(is_sysdict_copy, PyInterpreterState, sysdict_copy);
	PRINT(is_monitoring, PyInterpreterState, monitoring_callables);
	PRINT(is_monitoring_names, PyInterpreterState, monitoring_tool_names);
#endif
#if MINOR <= 9
	PRINT(is_atexit_module, PyInterpreterState, pyexitmodule);
#elif MINOR <= 13
	PRINT(is_atexit_array, PyInterpreterState, atexit.callbacks);
#else
	PRINT(is_atexit_list, PyInterpreterState, atexit.callbacks);
#endif
#if MINOR == 12
	PRINT(is_static_types, PyInterpreterState, types.builtins);
	PRINT_END(is_static_types_end, PyInterpreterState, types.builtins);
	printf("static_type_size %zu\n", sizeof(static_builtin_state));
	PRINT(static_type_dict, static_builtin_state, tp_dict);
#elif MINOR >= 13
	PRINT(is_static_types, PyInterpreterState, types.builtins.initialized);
	PRINT_END(is_static_types_end, PyInterpreterState, types.builtins.initialized);
	PRINT(is_extension_types, PyInterpreterState, types.for_extensions.initialized);
	PRINT_END(is_extension_types_end, PyInterpreterState, types.for_extensions.initialized);
	printf("static_type_size %zu\n", sizeof(managed_static_type_state));
	PRINT(static_type_dict, managed_static_type_state, tp_dict);
#endif
	PRINT(gc_garbage, struct _gc_runtime_state, garbage);
	PRINT(gc_callbacks, struct _gc_runtime_state, callbacks);
#if MINOR >= 12
	PRINT(rt_signal_handlers, _PyRuntimeState, signals.handlers[0].func);
#endif
	PRINT(ts_profile, PyThreadState, c_profileobj);
	PRINT(ts_trace, PyThreadState, c_traceobj);
	PRINT(ts_async_generators, PyThreadState, async_gen_firstiter);
#if MINOR <= 12
	PRINT(ts_on_delete, PyThreadState, on_delete_data);
#else
	PRINT(ts_local_key, PyThreadState, threading_local_key);
#endif
#if MINOR >= 14
	PRINT(ts_running_loop, _PyThreadStateImpl, asyncio_running_loop);
#endif
}

static void print_gc(void)
{
#ifdef HEAPGRAPH_INCREMENTAL_GC /* 3.14.0 to 3.14.4: young and two old lists */
	PRINT(gc_generations, struct _gc_runtime_state, young);
#else
	PRINT(gc_generations, struct _gc_runtime_state, generations);
#endif
	printf("gc_stride %zu\n", sizeof(struct gc_generation));
	PRINT(gc_permanent, struct _gc_runtime_state, permanent_generation);
	PRINT(gc_enabled, struct _gc_runtime_state, enabled);
	PRINT(gc_collecting, struct _gc_runtime_state, collecting);
	PRINT(gil_locked, struct _gil_runtime_state, locked);
	PRINT(gil_last_holder, struct _gil_runtime_state, last_holder);
	printf("gc_head %zu\n", sizeof(PyGC_Head));
}

static void print_thread(void)
{
	PRINT(ts_next, PyThreadState, next);
	PRINT(ts_interp, PyThreadState, interp);
	PRINT(ts_thread_id, PyThreadState, thread_id);
	PRINT(ts_dict, PyThreadState, dict);
	PRINT(ts_context, PyThreadState, context);
	PRINT(ts_async_exc, PyThreadState, async_exc);
	PRINT(ts_exc_info, PyThreadState, exc_info);
#if MINOR >= 11
	PRINT(ts_native_thread_id, PyThreadState, native_thread_id);
#endif
#if MINOR <= 10
	PRINT(ts_frame, PyThreadState, frame);
#elif MINOR <= 12
	PRINT(ts_cframe, PyThreadState, cframe);
	PRINT(cframe_current_frame, _PyCFrame, current_frame);
#else
	PRINT(ts_current_frame, PyThreadState, current_frame);
	PRINT(ts_eval_breaker, PyThreadState, eval_breaker);
#endif
#if MINOR <= 11
	PRINT(ts_curexc, PyThreadState, curexc_type);
#else
	PRINT(ts_curexc, PyThreadState, current_exception);
#endif
}

static void print_frame(void)
{
#if MINOR <= 10
	PRINT(frame_back, PyFrameObject, f_back);
	PRINT(frame_code, PyFrameObject, f_code);
	PRINT(frame_globals, PyFrameObject, f_globals);
	PRINT(frame_builtins, PyFrameObject, f_builtins);
	PRINT(frame_locals, PyFrameObject, f_locals);
	PRINT(frame_trace, PyFrameObject, f_trace);
	PRINT(frame_valuestack, PyFrameObject, f_valuestack);
	PRINT(frame_lasti, PyFrameObject, f_lasti);
	PRINT(frame_localsplus, PyFrameObject, f_localsplus);
#if MINOR <= 9
	PRINT(frame_stacktop, PyFrameObject, f_stacktop);
#else
	PRINT(frame_stackdepth, PyFrameObject, f_stackdepth);
#endif
#else
	PRINT(iframe_previous, _PyInterpreterFrame, previous);
	PRINT(iframe_globals, _PyInterpreterFrame, f_globals);
	PRINT(iframe_builtins, _PyInterpreterFrame, f_builtins);
	PRINT(iframe_locals, _PyInterpreterFrame, f_locals);
	PRINT(iframe_frame_obj, _PyInterpreterFrame, frame_obj);
	PRINT(iframe_owner, _PyInterpreterFrame, owner);
	PRINT(iframe_localsplus, _PyInterpreterFrame, localsplus);
#if MINOR == 11
	PRINT(iframe_func, _PyInterpreterFrame, f_func);
#else
	PRINT(iframe_func, _PyInterpreterFrame, f_funcobj);
#endif
#if MINOR <= 12
	PRINT(iframe_code, _PyInterpreterFrame, f_code);
	PRINT(iframe_instr, _PyInterpreterFrame, prev_instr);
#else
	PRINT(iframe_code, _PyInterpreterFrame, f_executable);
	PRINT(iframe_instr, _PyInterpreterFrame, instr_ptr);
#endif
#if MINOR <= 13
	PRINT(iframe_stacktop, _PyInterpreterFrame, stacktop);
#else
	PRINT(iframe_stackpointer, _PyInterpreterFrame, stackpointer);
#endif
#endif
}

static void print_code(void)
{
	PRINT(code_name, PyCodeObject, co_name);
	PRINT(code_filename, PyCodeObject, co_filename);
	PRINT(code_firstlineno, PyCodeObject, co_firstlineno);
	PRINT(code_nlocals, PyCodeObject, co_nlocals);
#if MINOR <= 10
	PRINT(code_varnames, PyCodeObject, co_varnames);
	PRINT(code_cellvars, PyCodeObject, co_cellvars);
	PRINT(code_freevars, PyCodeObject, co_freevars);
#else
	PRINT(code_nlocalsplus, PyCodeObject, co_nlocalsplus);
	PRINT(code_localsplusnames, PyCodeObject, co_localsplusnames);
	PRINT(code_localspluskinds, PyCodeObject, co_localspluskinds);
	PRINT(code_qualname, PyCodeObject, co_qualname);
	PRINT(code_adaptive, PyCodeObject, co_code_adaptive);
#endif
#if MINOR <= 9
	PRINT(code_linetable, PyCodeObject, co_lnotab);
#else
	PRINT(code_linetable, PyCodeObject, co_linetable);
#endif
}

static void print_objects(void)
{
#if MINOR <= 10
	PRINT(gen_frame, PyGenObject, gi_frame);
#else
	PRINT(gen_iframe, PyGenObject, gi_iframe);
	PRINT(gen_frame_state, PyGenObject, gi_frame_state);
	printf("gen_executing %d\n", FRAME_EXECUTING);
	printf("gen_created %d\n", FRAME_CREATED);
#endif
#if MINOR <= 11
	PRINT(gen_code, PyGenObject, gi_code);
#endif
	PRINT(heaptype_cached_keys, PyHeapTypeObject, ht_cached_keys);
	PRINT(heaptype_qualname, PyHeapTypeObject, ht_qualname);
	PRINT(func_dict, PyFunctionObject, func_dict);
	PRINT(func_code, PyFunctionObject, func_code);
	PRINT(func_closure, PyFunctionObject, func_closure);
	PRINT(func_qualname, PyFunctionObject, func_qualname);
	PRINT(module_dict, PyModuleObject, md_dict);
	PRINT(module_name, PyModuleObject, md_name);
#if MINOR <= 14
	PRINT(module_def, PyModuleObject, md_def);
#endif
	PRINT(dictkeys_entries_nentries, struct _dictkeysobject, dk_nentries);
	PRINT(exc_dict, PyBaseExceptionObject, dict);
	PRINT(exc_args, PyBaseExceptionObject, args);
	PRINT(exc_traceback, PyBaseExceptionObject, traceback);
	PRINT(exc_context, PyBaseExceptionObject, context);
	PRINT(exc_cause, PyBaseExceptionObject, cause);
}

int main(void)
{
	printf("version %u\n", (unsigned)PY_VERSION_HEX);
	print_runtime();
	print_interpreter();
	print_holdings();
	print_gc();
	print_thread();
	print_frame();
	print_code();
	print_objects();
	return 0;
}
