/* _Py_DebugOffsets: the part of its layout that CPython 3.13 and newer states itself.
 *
 * It lies at the very start of _PyRuntime: the cookie "xdebugpy", PY_VERSION_HEX, whether the build
 * is free-threaded, then offsets as 64-bit words (Include/internal/pycore_runtime.h in 3.13,
 * pycore_debug_offsets.h from 3.14 on). Where in it a field stands depends on the minor version;
 * the table below gives the word's index. Fields that it leaves out keep the table's offset, as
 * long as the stated neighbours of the same struct are where the table has them. */
#include "debug_offsets.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "runtime.h"

enum { FIRST_MINOR = 13, MINORS = 3, MAX_WORDS = 111 };
enum { WORD_COOKIE = 0, WORD_VERSION = 1, WORD_FREE_THREADED = 2, WORD_RUNTIME_SIZE = 3 };

static const uint32_t words_of[MINORS] = { 73, 95, 111 };

#define ABSENT 0
#define WORD(field, ...) { #field, offsetof(struct py_layout, field), { __VA_ARGS__ } }

static const struct {
	const char *name;
	uint32_t field;
	uint8_t index[MINORS];
} stated[] = {
	/*                         3.13 3.14 3.15 */
	WORD(rt_finalizing,           4,   4,   4),
	WORD(rt_interp_head,          5,   5,   5),
	WORD(is_id,                   7,   7,   7),
	WORD(is_next,                 8,   8,   8),
	WORD(is_threads_head,         9,   9,   9),
	WORD(is_gc,                  10,  11,  11),
	WORD(is_modules,             11,  12,  12),
	WORD(is_sysdict,             12,  13,  13),
	WORD(is_builtins,            13,  14,  14),
	WORD(is_gil_ptr,             14,  15,  15),
	/* Not gil_runtime_state_locked and _holder: those are offsets into the interpreter's own
	 * struct, while the gil's address comes from is_gil_ptr (it may be the main interpreter's). */
	WORD(ts_next,                21,  24,  24),
	WORD(ts_interp,              22,  25,  25),
	WORD(ts_current_frame,       23,  26,  26),
	WORD(ts_thread_id,           24,  27,  30),
	WORD(ts_native_thread_id,    25,  28,  31),
	WORD(iframe_previous,        29,  32,  40),
	WORD(iframe_code,            30,  33,  41),
	WORD(iframe_instr,           31,  34,  42),
	WORD(iframe_localsplus,      32,  35,  43),
	WORD(iframe_owner,           33,  36,  44),
	WORD(iframe_stackpointer, ABSENT, 37,  45),
	WORD(code_filename,          35,  40,  48),
	WORD(code_name,              36,  41,  49),
	WORD(code_qualname,          37,  42,  50),
	WORD(code_linetable,         38,  43,  51),
	WORD(code_firstlineno,       39,  44,  52),
	WORD(code_localsplusnames,   41,  46,  54),
	WORD(code_localspluskinds,   42,  47,  55),
	WORD(code_adaptive,          43,  48,  56),
	WORD(gc_collecting,          72,  82,  95),
	WORD(gen_iframe,         ABSENT,  85, 101),
	WORD(gen_frame_state,    ABSENT,  86, 102),
	WORD(ts_eval_breaker,    ABSENT,  89, 105),
};

static struct hg_error *damaged(const char *why)
{
	return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE,
					  "cannot use the interpreter's description of itself "
					  "(_Py_DebugOffsets): %s", why),
			     "this build of CPython differs from the released ones: use a released "
			     "build, or report its exact version");
}

/* Fields that are not stated move with the stated ones beside them. In _PyRuntimeState
 * interpreters.{head,main} and main_thread follow each other in all three versions; in the other
 * structs nothing may have moved. */
static struct hg_error *check_neighbours(const struct py_layout *table, struct py_layout *layout)
{
	int32_t shift = layout->rt_interp_head - table->rt_interp_head;

	layout->rt_interp_main += shift;
	layout->rt_main_thread += shift;
	if (layout->ts_thread_id != table->ts_thread_id) {
		layout->ts_dict = layout->ts_context = PY_ABSENT;
		layout->ts_async_exc = layout->ts_exc_info = layout->ts_curexc = PY_ABSENT;
		layout->ts_profile = layout->ts_trace = layout->ts_async_generators = PY_ABSENT;
		layout->ts_local_key = layout->ts_running_loop = PY_ABSENT;
	}
	if (layout->iframe_localsplus != table->iframe_localsplus ||
	    layout->iframe_instr != table->iframe_instr)
		return damaged("frames are laid out in a way that heapgraph does not know");
	if (layout->gc_collecting != table->gc_collecting)
		return damaged("the collector's state is laid out in a way that heapgraph does not "
			       "know");
	return NULL;
}

struct hg_error *py_debug_offsets_merge(const uint64_t *words, size_t count,
					struct py_layout *layout)
{
	const struct py_layout table = *layout;
	unsigned column = layout->minor - FIRST_MINOR;

	if (layout->minor < FIRST_MINOR || column >= MINORS || count < words_of[column])
		return damaged("it is shorter than this version's");
	if (memcmp(&words[WORD_COOKIE], "xdebugpy", 8) != 0)
		return damaged("it does not begin with its cookie");
	if (words[WORD_FREE_THREADED])
		return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE,
						  "free-threaded CPython is not supported: "
						  "heapgraph reads builds with the GIL"),
				     "run the program under the build with the GIL (python3.%u "
				     "instead of python3.%ut)", layout->minor, layout->minor);
	if (words[WORD_VERSION] != layout->version)
		return damaged("it belongs to another version");
	for (size_t i = 0; i < sizeof(stated) / sizeof(stated[0]); i++) {
		uint8_t index = stated[i].index[column];
		int32_t offset;

		if (index == ABSENT)
			continue;
		if (words[index] >= words[WORD_RUNTIME_SIZE])
			return damaged("an offset lies outside its struct");
		offset = (int32_t)words[index];
		memcpy((char *)layout + stated[i].field, &offset, sizeof(offset));
	}
	return check_neighbours(&table, layout);
}

struct hg_error *py_debug_offsets_apply(const struct memory *memory, uint64_t runtime,
					struct py_layout *layout)
{
	uint64_t words[MAX_WORDS];
	unsigned column = layout->minor - FIRST_MINOR;

	if (layout->minor < FIRST_MINOR)
		return NULL;
	if (column >= MINORS)
		return damaged("this version's is not known");
	if (memory_read(memory, runtime, words, words_of[column] * sizeof(words[0])) < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno,
				      "cannot read _PyRuntime of process %d", memory_owner(memory));
	return py_debug_offsets_merge(words, words_of[column], layout);
}
