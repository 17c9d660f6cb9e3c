/* Where each version of CPython keeps what the walk needs: the table.
 *
 * One row a field, one column a minor version, so that what changed between two versions is seen at
 * a glance. The figures come from offsets.c, compiled against the headers of 3.8.18, 3.9.18,
 * 3.10.13, 3.11.7, 3.12.1, 3.13.0, 3.14.10 and 3.15.2 (x86-64, release builds with the GIL);
 * tests/test_layout.py compares them with the headers of every interpreter that has them. From 3.13
 * on the interpreter describes a part of itself (_Py_DebugOffsets): that part replaces the table's,
 * because layouts changed inside patch releases of 3.14. runtime.c proves the result in the
 * target. */
#include "runtime.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "debug_offsets.h"

enum { FIRST_MINOR = 8, LAST_MINOR = 15, MINORS = LAST_MINOR - FIRST_MINOR + 1 };

struct row {
	const char *name;
	uint32_t field; /* offset in struct py_layout */
	int32_t offset[MINORS];
};

#define NONE PY_ABSENT
#define ROW(field, ...) { #field, offsetof(struct py_layout, field), { __VA_ARGS__ } }

static const struct row table[] = {
	/*                           3.8   3.9  3.10  3.11  3.12  3.13  3.14  3.15 */
	ROW(rt_interp_head,             32,   32,   32,   40,   40,  632,  808,  936),
	ROW(rt_interp_main,             40,   40,   40,   48,   48,  640,  816,  944),
	ROW(rt_finalizing,              16,   16,   16,   24,   24,  608,  784,  912),
	ROW(rt_gc,                     344, NONE, NONE, NONE, NONE, NONE, NONE, NONE),
	ROW(rt_gil,                   1152,  352,  352,  360, NONE, NONE, NONE, NONE),
	ROW(rt_tstate_current,        1368,  568,  568,  576, NONE, NONE, NONE, NONE),
	ROW(rt_eval_breaker,           592, NONE, NONE, NONE, NONE, NONE, NONE, NONE),
	ROW(rt_gil_drop_request,       596, NONE, NONE, NONE, NONE, NONE, NONE, NONE),
	ROW(rt_main_thread,             72,   72,   72,   80,   64,  656,  832,  960),
	/* PyInterpreterState */
	ROW(is_next,                     0,    0,    0,    0,    0, 7264, 7272, 7264),
	ROW(is_id,                      16,   24,   24,   48,    8, 7272, 7280, 7272),
	ROW(is_threads_head,             8,    8,    8,   16,   72, 7344, 7344, 7336),
	ROW(is_gc,                    NONE,  616,  616,  648,  112, 7400, 7408, 7400),
	ROW(is_modules,                 56,  856,  856,  888,  944, 7656, 7688, 7592),
	ROW(is_sysdict,                 72,  872,  872,  904,  352, 7640, 7672, 7576),
	ROW(is_builtins,                80,  880,  880,  912,  360, 7648, 7680, 7584),
	ROW(is_eval_breaker,          NONE,   72,   68,  100,  368, NONE, NONE, NONE),
	ROW(is_gil_drop_request,      NONE,   76,   72,  104,  372, NONE, NONE, NONE),
	ROW(is_gil_ptr,               NONE, NONE, NONE, NONE,  384,   16,   16,   16),
	/* gc state, relative to rt_gc or is_gc */
	ROW(gc_generations,             24,   24,   24,   24,   24,   24,   24,    8),
	ROW(gc_stride,                  24,   24,   24,   24,   24,   24,   24,   24),
	ROW(gc_count,                    3,    3,    3,    3,    3,    3,    3,    3),
	ROW(gc_permanent,              104,  104,  104,  104,  104,  104,   96,   80),
	ROW(gc_enabled,                 12,   12,   12,   12,   12,   12,   12,    0),
	ROW(gc_collecting,             200,  200,  200,  200,  200,  200,  192,  112),
	/* gil, relative to its struct */
	ROW(gil_locked,                 16,   16,   16,   16,   16,   16,   16,   16),
	ROW(gil_last_holder,             8,    8,    8,    8,    8,    8,    8,    8),
	/* PyThreadState */
	ROW(ts_next,                     8,    8,    8,    8,    8,    8,    8,    8),
	ROW(ts_interp,                  16,   16,   16,   16,   16,   16,   16,   16),
	ROW(ts_thread_id,              176,  176,  176,  152,  136,  152,  152,  176),
	ROW(ts_native_thread_id,      NONE, NONE, NONE,  160,  144,  160,  160,  184),
	ROW(ts_frame,                   24,   24,   24, NONE, NONE, NONE, NONE, NONE),
	ROW(ts_cframe,                NONE, NONE, NONE,   56,   56, NONE, NONE, NONE),
	ROW(cframe_current_frame,     NONE, NONE, NONE,    8,    0, NONE, NONE, NONE),
	ROW(ts_current_frame,         NONE, NONE, NONE, NONE, NONE,   72,   72,   72),
	ROW(ts_eval_breaker,          NONE, NONE, NONE, NONE, NONE,   24,   24,   24),
	ROW(ts_exc_info,               144,  144,  144,  120,  104,  120,  120,  144),
	ROW(ts_dict,                   152,  152,  152,  128,  112,  128,  128,  152),
	ROW(ts_context,                240,  240,  240,  224,  208,  208,  208,  232),
	ROW(ts_async_exc,              168,  168,  168,  144,  128,  144,  144,  168),
	ROW(ts_curexc,                  88,   88,   88,   96,   96,  112,  112,  136),
	/* PyFrameObject to 3.10 */
	ROW(frame_back,                 24,   24,   24, NONE, NONE, NONE, NONE, NONE),
	ROW(frame_code,                 32,   32,   32, NONE, NONE, NONE, NONE, NONE),
	ROW(frame_globals,              48,   48,   48, NONE, NONE, NONE, NONE, NONE),
	ROW(frame_locals,               56,   56,   56, NONE, NONE, NONE, NONE, NONE),
	ROW(frame_valuestack,           64,   64,   64, NONE, NONE, NONE, NONE, NONE),
	ROW(frame_stacktop,             72,   72, NONE, NONE, NONE, NONE, NONE, NONE),
	ROW(frame_stackdepth,         NONE, NONE,   80, NONE, NONE, NONE, NONE, NONE),
	ROW(frame_lasti,               104,  104,   96, NONE, NONE, NONE, NONE, NONE),
	ROW(frame_localsplus,          360,  360,  352, NONE, NONE, NONE, NONE, NONE),
	ROW(frame_builtins,             40,   40,   40, NONE, NONE, NONE, NONE, NONE),
	ROW(frame_trace,                80,   80,   72, NONE, NONE, NONE, NONE, NONE),
	/* _PyInterpreterFrame from 3.11 */
	ROW(iframe_previous,          NONE, NONE, NONE,   48,    8,    8,    8,    8),
	ROW(iframe_code,              NONE, NONE, NONE,   32,    0,    0,    0,    0),
	ROW(iframe_func,              NONE, NONE, NONE,    0,   16,   16,   16,   16),
	ROW(iframe_globals,           NONE, NONE, NONE,    8,   24,   24,   24,   24),
	ROW(iframe_builtins,          NONE, NONE, NONE,   16,   32,   32,   32,   32),
	ROW(iframe_locals,            NONE, NONE, NONE,   24,   40,   40,   40,   40),
	ROW(iframe_frame_obj,         NONE, NONE, NONE,   40,   48,   48,   48,   48),
	ROW(iframe_instr,             NONE, NONE, NONE,   56,   56,   56,   56,   56),
	ROW(iframe_stacktop,          NONE, NONE, NONE,   64,   64,   64, NONE, NONE),
	ROW(iframe_stackpointer,      NONE, NONE, NONE, NONE, NONE, NONE,   64,   64),
	ROW(iframe_owner,             NONE, NONE, NONE,   69,   70,   70,   74,   74),
	ROW(iframe_localsplus,        NONE, NONE, NONE,   72,   72,   72,   80,   80),
	/* PyCodeObject */
	ROW(code_nlocals,               28,   28,   28,   80,   80,   80,   80,   80),
	ROW(code_nlocalsplus,         NONE, NONE, NONE,   76,   72,   72,   72,   72),
	ROW(code_varnames,              72,   72,   72, NONE, NONE, NONE, NONE, NONE),
	ROW(code_cellvars,              88,   88,   88, NONE, NONE, NONE, NONE, NONE),
	ROW(code_freevars,              80,   80,   80, NONE, NONE, NONE, NONE, NONE),
	ROW(code_localsplusnames,     NONE, NONE, NONE,   96,   96,   96,   96,   96),
	ROW(code_localspluskinds,     NONE, NONE, NONE,  104,  104,  104,  104,  104),
	ROW(code_name,                 112,  112,  112,  120,  120,  120,  120,  120),
	ROW(code_qualname,            NONE, NONE, NONE,  128,  128,  128,  128,  128),
	ROW(code_filename,             104,  104,  104,  112,  112,  112,  112,  112),
	ROW(code_firstlineno,           40,   40,   40,   72,   68,   68,   68,   68),
	ROW(code_linetable,            120,  120,  120,  136,  136,  136,  136,  136),
	ROW(code_adaptive,            NONE, NONE, NONE,  184,  192,  200,  208,  208),
	/* PyGenObject (and coroutine, async generator) */
	ROW(gen_frame,                  16,   16,   16, NONE, NONE, NONE, NONE, NONE),
	ROW(gen_iframe,               NONE, NONE, NONE,   80,   72,   72,   72,   72),
	ROW(gen_frame_state,          NONE, NONE, NONE,   75,   67,   67,   67,   67),
	ROW(gen_code,                   32,   32,   24,   16, NONE, NONE, NONE, NONE),
	ROW(gen_executing,            NONE, NONE, NONE,    0,    0,    0,    0,    4),
	ROW(gen_created,              NONE, NONE, NONE,   -2,   -2,   -3,   -3,    0),
	/* others, not worth finding by tp_members */
	ROW(heaptype_cached_keys,      872,  864,  872,  872,  880,  880,  880,  888),
	ROW(heaptype_qualname,         864,  856,  864,  864,  872,  872,  872,  880),
	ROW(func_dict,                  72,   72,   88,   88,   88,   88,   88,   88),
	ROW(func_code,                  16,   16,   48,   48,   48,   48,   48,   48),
	ROW(func_closure,               48,   48,   72,   72,   72,   72,   72,   72),
	ROW(func_qualname,             104,  104,   40,   40,   40,   40,   40,   40),
	ROW(module_dict,                16,   16,   16,   16,   16,   16,   16,   16),
	ROW(module_name,                48,   48,   48,   48,   48,   48,   48,   40),
	ROW(module_def,                 24,   24,   24,   24,   24,   24,   24, NONE),
	ROW(dictkeys_entries_nentries,  32,   32,   32,   24,   24,   24,   24,   24),
	ROW(exc_dict,                   16,   16,   16,   16,   16,   16,   16,   16),
	ROW(exc_args,                   24,   24,   24,   24,   24,   24,   24,   24),
	ROW(exc_traceback,              32,   32,   32,   40,   40,   40,   40,   40),
	ROW(exc_context,                40,   40,   40,   48,   48,   48,   48,   48),
	ROW(exc_cause,                  48,   48,   48,   56,   56,   56,   56,   56),
	/* Size of PyGC_Head in front of gc objects */
	ROW(gc_head,                    16,   16,   16,   16,   16,   16,   16,   16),
	/* What interpreters and threads hold beside all that */
	ROW(is_dict,                   544,  1376,  1344,  1400,  1720,  8448,  8496,  8448),
	ROW(is_codecs,                 120,   912,   912,   936,  1248,  7960,  8000,  7952),
	ROW(is_fork_hooks,            2624,  3456,  3424,  3480,  3872, 10632, 10696, 10672),
	ROW(is_audit_hooks,           2704,  3536,  3504,  3552,267208, 10808, 10912, 10888),
	ROW(is_builtins_copy,          552,  1384,  1352,  1408,  1736,  8464,  8512,  8464),
	ROW(is_sysdict_copy,          NONE,  NONE,  NONE,  NONE,  1728,  8456,  8504,  8456),
	ROW(is_modules_by_index,        64,   864,   864,   896,   952,  7664,  7696,  7600),
	ROW(is_importlib,               88,   888,   888,   920,   960,  7672,  7704,  7608),
	ROW(is_import_func,            560,  1392,  1360,  1416,   984,  7696,  7728,  7632),
	ROW(is_warnings,              2672,  3504,  3456,  3504,  3896, 10656, 10720, 10696),
	ROW(is_atexit_module,         2656,  3488,  NONE,  NONE,  NONE,  NONE,  NONE,  NONE),
	ROW(is_atexit_array,          NONE,  NONE,  3488,  3536,  3944, 10712,  NONE,  NONE),
	ROW(is_atexit_list,           NONE,  NONE,  NONE,  NONE,  NONE,  NONE, 10792, 10768),
	ROW(is_monitoring,            NONE,  NONE,  NONE,  NONE,381784,193176,223280,223552),
	ROW(is_monitoring_names,      NONE,  NONE,  NONE,  NONE,382872,194264,224496,224768),
	ROW(is_static_types,          NONE,  NONE,  NONE,  NONE,373704,182968,180240,180264),
	ROW(is_static_types_end,      NONE,  NONE,  NONE,  NONE,381704,192568,189840,190008),
	ROW(is_extension_types,       NONE,  NONE,  NONE,  NONE,  NONE,192584,189856,190024),
	ROW(is_extension_types_end,   NONE,  NONE,  NONE,  NONE,  NONE,193064,190336,190504),
	ROW(static_type_size,         NONE,  NONE,  NONE,  NONE,    40,    48,    48,    48),
	ROW(static_type_dict,         NONE,  NONE,  NONE,  NONE,    16,    24,    24,    24),
	ROW(gc_garbage,                208,   208,   208,   208,   208,   208,   200,   128),
	ROW(gc_callbacks,              216,   216,   216,   216,   216,   216,   208,   136),
	ROW(rt_signal_handlers,       NONE,  NONE,  NONE,  NONE,   472,  1088,  1264,  1392),
	ROW(ts_profile,                 72,    72,    72,    80,    80,    96,    96,   120),
	ROW(ts_trace,                   80,    80,    80,    88,    88,   104,   104,   128),
	ROW(ts_async_generators,       224,   224,   224,   208,   192,   192,   192,   216),
	ROW(ts_on_delete,              208,   208,   208,   192,   176,  NONE,  NONE,  NONE),
	ROW(ts_local_key,             NONE,  NONE,  NONE,  NONE,  NONE,   288,   288,   328),
	ROW(ts_running_loop,          NONE,  NONE,  NONE,  NONE,  NONE,  NONE,   864,  1024),
};

enum { ROWS = sizeof(table) / sizeof(table[0]) };

/* Every field of the struct has its row. */
static_assert(ROWS * sizeof(int32_t) == offsetof(struct py_layout, reserved) -
						offsetof(struct py_layout, rt_interp_head),
	      "a field of struct py_layout has no row in the table, or two");

bool py_layout_field(unsigned index, const char **name, size_t *field)
{
	if (index >= ROWS)
		return false;
	*name = table[index].name;
	*field = table[index].field;
	return true;
}

struct hg_error *py_version_unsupported(uint32_t version)
{
	char text[PY_VERSION_TEXT];

	return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE, "CPython %s is not supported: heapgraph "
					  "reads 3.%d to 3.%d",
					  py_version_text(version, text), FIRST_MINOR, LAST_MINOR),
			     "run the program under one of these versions to look into it");
}

bool py_version_supported(uint32_t version)
{
	uint32_t minor = version >> 16 & 0xff;

	return version >> 24 == 3 && minor >= FIRST_MINOR && minor <= LAST_MINOR;
}

const char *py_version_text(uint32_t version, char text[PY_VERSION_TEXT])
{
	unsigned level = version >> 4 & 0xf, serial = version & 0xf;
	/* PY_RELEASE_LEVEL_* of Include/patchlevel.h */
	const char *tag = level == 0xa ? "a" : level == 0xb ? "b" : level == 0xc ? "rc" : "";
	int n = snprintf(text, PY_VERSION_TEXT, "%u.%u.%u", version >> 24, version >> 16 & 0xff,
			 version >> 8 & 0xff);

	if (*tag)
		snprintf(text + n, PY_VERSION_TEXT - (size_t)n, "%s%u", tag, serial);
	return text;
}

static void take_column(uint32_t version, struct py_layout *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->version = version;
	ret->minor = version >> 16 & 0xff;
	for (unsigned i = 0; i < ROWS; i++)
		memcpy((char *)ret + table[i].field, &table[i].offset[ret->minor - FIRST_MINOR],
		       sizeof(int32_t));
}

/* What vendors' patches moved, beside the released layout. */
static const struct {
	uint32_t minor;
	int32_t gc_generations, gc_permanent;
} variants[] = {
	/* Debian 13: PyGC_Head is aligned to 4 bytes (the patch of gh-127545), so the lists begin
	 * right behind `debug`. */
	{ 13, 20, 104 },
};

bool py_layout_variant(unsigned index, struct py_layout *layout)
{
	for (unsigned i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		if (variants[i].minor != layout->minor || index-- != 0)
			continue;
		layout->gc_generations = variants[i].gc_generations;
		layout->gc_permanent = variants[i].gc_permanent;
		return true;
	}
	return false;
}

struct hg_error *py_layout_for(const struct memory *memory, uint64_t runtime, uint32_t version,
			       struct py_layout *ret)
{
	if (!py_version_supported(version))
		return py_version_unsupported(version);
	take_column(version, ret);
	return py_debug_offsets_apply(memory, runtime, ret);
}
