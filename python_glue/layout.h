/* Where CPython keeps what the walk needs: one struct, filled by layout.c for one
 * interpreter and validated in the target by runtime.c before anything relies on it.
 *
 * Offsets are bytes; PY_ABSENT where this version has no such field. Sources: the headers of
 * each version (offsetof), _Py_DebugOffsets from 3.13 on. Public to the hook, so only fixed-width
 * fields here and no pointers. */
#pragma once

#include <stdint.h>

#define PY_ABSENT (-1)

struct py_layout {
	uint32_t version; /* PY_VERSION_HEX */
	uint32_t minor;	  /* 8 for 3.8 */

	/* _PyRuntimeState */
	int32_t rt_interp_head, rt_interp_main, rt_finalizing, rt_gc, rt_gil, rt_tstate_current;
	int32_t rt_eval_breaker, rt_gil_drop_request, rt_main_thread;
	/* PyInterpreterState */
	int32_t is_next, is_id, is_threads_head, is_gc, is_modules, is_sysdict, is_builtins;
	int32_t is_eval_breaker, is_gil_drop_request, is_gil_ptr;
	/* gc state, relative to rt_gc or is_gc; gc_count is how many generation lists there are (the
	 * permanent one apart), gc_stride bytes apart */
	int32_t gc_generations, gc_stride, gc_count, gc_permanent, gc_enabled, gc_collecting;
	/* gil, relative to its struct */
	int32_t gil_locked, gil_last_holder;
	/* PyThreadState */
	int32_t ts_next, ts_interp, ts_thread_id, ts_native_thread_id, ts_frame, ts_cframe;
	int32_t cframe_current_frame, ts_current_frame, ts_eval_breaker, ts_exc_info, ts_dict, ts_context;
	int32_t ts_async_exc;
	int32_t ts_curexc; /* curexc_type, value, traceback (to 3.11), current_exception (3.12+) */
	/* PyFrameObject to 3.10 */
	int32_t frame_back, frame_code, frame_globals, frame_locals, frame_valuestack, frame_stacktop;
	int32_t frame_stackdepth, frame_lasti, frame_localsplus, frame_builtins, frame_trace;
	/* _PyInterpreterFrame from 3.11 */
	int32_t iframe_previous, iframe_code, iframe_func, iframe_globals, iframe_builtins, iframe_locals;
	int32_t iframe_frame_obj, iframe_instr, iframe_stacktop, iframe_stackpointer;
	int32_t iframe_owner, iframe_localsplus;
	/* PyCodeObject */
	int32_t code_nlocals, code_nlocalsplus, code_varnames, code_cellvars, code_freevars;
	int32_t code_localsplusnames, code_localspluskinds, code_name, code_qualname, code_filename;
	int32_t code_firstlineno, code_linetable, code_adaptive;
	/* PyGenObject (and coroutine, async generator) */
	int32_t gen_frame, gen_iframe, gen_frame_state, gen_code;
	int32_t gen_created;   /* a value, FRAME_CREATED: not a line of it has run */
	int32_t gen_executing; /* a value, FRAME_EXECUTING: below it suspended, above it finished */
	/* others, not worth finding by tp_members */
	int32_t heaptype_cached_keys, heaptype_qualname, func_dict, func_code, func_closure, func_qualname;
	int32_t module_dict, module_name, module_def;
	int32_t dictkeys_entries_nentries; /* dk_nentries */
	int32_t exc_dict, exc_args, exc_traceback, exc_context, exc_cause;
	/* Size of PyGC_Head in front of gc objects */
	int32_t gc_head;
	/* What interpreters and threads hold beside all that (roots.c); of neighbours the first */
	int32_t is_dict, is_codecs, is_fork_hooks, is_audit_hooks, is_builtins_copy, is_sysdict_copy;
	int32_t is_modules_by_index, is_importlib, is_import_func, is_warnings;
	int32_t is_atexit_module, is_atexit_array, is_atexit_list, is_monitoring, is_monitoring_names;
	int32_t is_static_types, is_static_types_end, is_extension_types, is_extension_types_end;
	int32_t static_type_size, static_type_dict; /* size of one entry; in it */
	int32_t gc_garbage, gc_callbacks, rt_signal_handlers;
	int32_t ts_profile, ts_trace, ts_async_generators, ts_on_delete, ts_local_key, ts_running_loop;
	int32_t reserved[32];
};
