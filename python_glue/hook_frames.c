/* Frames: code, position, locals by name; running ones, suspended ones, and the threads above.
 *
 * Include/internal/pycore_frame.h (3.11 to 3.13), pycore_interpframe_structs.h (3.14) and
 * Include/cpython/frameobject.h (to 3.10) are what this follows. */
#include "hook_private.h"

#define KIND_CELL_OR_FREE (0x40 | 0x80) /* CO_FAST_CELL, CO_FAST_FREE: pycore_code.h, 3.11+ */

static bool is_named_type(uint64_t object, const char *name)
{
	return hook_name_is(get64(object_type(object) + TP_NAME), name);
}

/* The code object, 0 where the frame belongs to the C stack or has none. */
uint64_t hook_iframe_code(struct hook *h, uint64_t iframe)
{
	uint64_t code;

	if (get8(iframe + (uint64_t)h->layout.iframe_owner) >= FRAME_OWNED_BY_CSTACK)
		return 0;
	code = hook_stackref(h, get64(iframe + (uint64_t)h->layout.iframe_code));
	return code && is_named_type(code, "code") ? code : 0;
}

/* The instruction at which a frame stands, in bytes from the code's first. */
static int32_t lasti_of(struct hook *h, uint64_t frame, uint64_t code)
{
	const struct py_layout *l = &h->layout;
	int32_t lasti;

	if (l->frame_lasti == PY_ABSENT)
		return (int32_t)((int64_t)get64(frame + (uint64_t)l->iframe_instr) -
				 (int64_t)(code + (uint64_t)l->code_adaptive));
	lasti = (int32_t)get32(frame + (uint64_t)l->frame_lasti);
	/* 3.10 counts instructions, of two bytes each. */
	return h->minor == 10 && lasti > 0 ? lasti * 2 : lasti;
}

/* `frame` is the frame object to 3.10, later the interpreter's frame. */
void hook_push_frame(struct hook *h, uint32_t object, uint64_t frame, uint64_t code, uint32_t thread)
{
	int32_t lasti = lasti_of(h, frame, code);
	uint32_t code_index = hook_index(h, code);
	struct hook_frame *row = hook_push(h, hook_column(h, HOOK_FRAMES), sizeof(*row));

	*row = (struct hook_frame){ object, code_index, thread, lasti };
}

/* How many slots from localsplus on are in use; -1 where the frame does not say: while it runs, the
 * stack pointer is in a register (stacktop -1, or 0 in 3.14). */
static int64_t slots_used(struct hook *h, uint64_t iframe)
{
	const struct py_layout *l = &h->layout;
	uint64_t top;

	if (l->iframe_stackpointer == PY_ABSENT)
		return (int32_t)get32(iframe + (uint64_t)l->iframe_stacktop);
	top = get64(iframe + (uint64_t)l->iframe_stackpointer);
	return top ? (int64_t)(top - iframe - (uint64_t)l->iframe_localsplus) / 8 : -1;
}

/* Locals and cells by name, then what lies on the evaluation stack. */
void hook_iframe_slots(struct hook *h, uint64_t iframe, hook_found *found)
{
	const struct py_layout *l = &h->layout;
	uint64_t code = hook_iframe_code(h, iframe), names, kinds, slots = iframe + (uint64_t)l->iframe_localsplus;
	int64_t n, top = slots_used(h, iframe), i;

	if (!code)
		return;
	n = (int32_t)get32(code + (uint64_t)l->code_nlocalsplus);
	names = hook_tuple_items(h, get64(code + (uint64_t)l->code_localsplusnames));
	kinds = get64(code + (uint64_t)l->code_localspluskinds) + 32; /* ob_sval of bytes */
	for (i = 0; i < n; i++) {
		uint64_t value = hook_stackref(h, get64(slots + (uint64_t)i * 8));
		bool cell;

		if (!value)
			continue;
		cell = get8(kinds + (uint64_t)i) & KIND_CELL_OR_FREE && is_named_type(value, "cell");
		found(h, value, cell ? HGS_EDGE_CELL : HGS_EDGE_LOCAL, get64(names + (uint64_t)i * 8));
	}
	for (; i < top; i++)
		found(h, hook_stackref(h, get64(slots + (uint64_t)i * 8)),
		      HGS_EDGE_NAME(HGS_EDGE_STACK, i - n), 0);
}

/* Of a frame that is part of a generator or frame object, which visits what is in it. */
void hook_iframe_owned(struct hook *h, uint64_t iframe)
{
	hook_match(h, get64(iframe + (uint64_t)h->layout.iframe_locals),
		   HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_LOCALS), 0);
	hook_iframe_slots(h, iframe, hook_match);
}

static int64_t named_slots(struct hook *h, uint64_t slots, uint64_t names, enum hgs_edge kind,
			   hook_found *found)
{
	int64_t n = names ? object_size(names) : 0, i;

	for (i = 0; i < n; i++)
		found(h, get64(slots + (uint64_t)i * 8), kind,
		      get64(hook_tuple_items(h, names) + (uint64_t)i * 8));
	return n;
}

/* To 3.10: locals, cell variables, free variables, stack. */
void hook_frame_slots(struct hook *h, uint64_t frame, hook_found *found)
{
	const struct py_layout *l = &h->layout;
	uint64_t code = get64(frame + (uint64_t)l->frame_code);
	uint64_t at = frame + (uint64_t)l->frame_localsplus, stack, top;
	int64_t depth;

	if (!code)
		return;
	at += 8 * (uint64_t)named_slots(h, at, get64(code + (uint64_t)l->code_varnames),
					HGS_EDGE_LOCAL, found);
	at += 8 * (uint64_t)named_slots(h, at, get64(code + (uint64_t)l->code_cellvars),
					HGS_EDGE_CELL, found);
	named_slots(h, at, get64(code + (uint64_t)l->code_freevars), HGS_EDGE_CELL, found);
	found(h, get64(frame + (uint64_t)l->frame_locals),
	      HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_LOCALS), 0);
	stack = get64(frame + (uint64_t)l->frame_valuestack);
	if (l->frame_stackdepth != PY_ABSENT) {
		depth = (int32_t)get32(frame + (uint64_t)l->frame_stackdepth);
	} else {
		top = get64(frame + (uint64_t)l->frame_stacktop);
		depth = top ? (int64_t)(top - stack) / 8 : 0;
	}
	for (at = 0; stack && (int64_t)at < depth; at++)
		found(h, get64(stack + at * 8), HGS_EDGE_NAME(HGS_EDGE_STACK, at), 0);
}

/* A generator, coroutine or async generator: a row of FRAMES while it is suspended (or not yet
 * started), and its locals' names. */
void hook_generator(struct hook *h, uint32_t i, uint64_t generator)
{
	const struct py_layout *l = &h->layout;
	uint64_t frame, code;
	int32_t state;
	bool running;

	if (l->gen_iframe == PY_ABSENT) {
		frame = get64(generator + (uint64_t)l->gen_frame);
		if (!frame)
			return;
		/* 3.8, 3.9: gi_running behind gi_frame; 3.10: f_state, 12 bytes behind f_lasti. */
		running = h->minor == 10 ? get8(frame + (uint64_t)l->frame_lasti + 12) == 0 :
					   get8(generator + (uint64_t)l->gen_frame + 8);
		if (!running)
			hook_push_frame(h, i, frame, get64(frame + (uint64_t)l->frame_code),
					HGS_NONE);
		return;
	}
	/* PyFrameState, an int8: before the start and while suspended less than while it runs. */
	state = (int8_t)get8(generator + (uint64_t)l->gen_frame_state);
	if (state > l->gen_executing)
		return;
	frame = generator + (uint64_t)l->gen_iframe;
	code = hook_iframe_code(h, frame);
	if (code && state < l->gen_executing)
		hook_push_frame(h, i, frame, code, HGS_NONE);
	hook_match(h, code, HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_CODE), 0);
	hook_match(h, hook_stackref(h, get64(frame + (uint64_t)l->iframe_func)),
		   HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_FUNCTION), 0);
	hook_match(h, get64(frame + (uint64_t)l->iframe_frame_obj),
		   HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_OBJECT), 0);
	hook_iframe_owned(h, frame);
}

static void frame_edge(struct hook *h, uint64_t target, enum hgs_frame_edge edge)
{
	hook_edge(h, target, HGS_EDGE_NAME(HGS_EDGE_FRAME, edge), 0);
}

static void running_frame(struct hook *h, const struct hook_pseudo *p)
{
	const struct py_layout *l = &h->layout;
	uint64_t frame = p->address;

	frame_edge(h, p->next, HGS_FRAME_BACK);
	if (get8(frame + (uint64_t)l->iframe_owner) == FRAME_OWNED_BY_GENERATOR) {
		/* The generator owns all that is in it, and visits it where the frame says how many
		 * slots are in use (_PyFrame_Traverse() in Python/frame.c). */
		frame_edge(h, frame - (uint64_t)l->gen_iframe, HGS_FRAME_GENERATOR);
		if (slots_used(h, frame) < 0)
			hook_iframe_slots(h, frame, hook_edge);
		return;
	}
	frame_edge(h, hook_iframe_code(h, frame), HGS_FRAME_CODE);
	frame_edge(h, hook_stackref(h, get64(frame + (uint64_t)l->iframe_func)), HGS_FRAME_FUNCTION);
	frame_edge(h, get64(frame + (uint64_t)l->iframe_globals), HGS_FRAME_GLOBALS);
	frame_edge(h, get64(frame + (uint64_t)l->iframe_locals), HGS_FRAME_LOCALS);
	frame_edge(h, get64(frame + (uint64_t)l->iframe_frame_obj), HGS_FRAME_OBJECT);
	hook_iframe_slots(h, frame, hook_edge);
}

/* Pseudo objects come by in the order in which they were added. */
void hook_pseudo(struct hook *h, uint32_t i)
{
	const struct hook_pseudo *pseudos = (const struct hook_pseudo *)h->pseudos.data;
	uint32_t n = (uint32_t)(h->pseudos.used / sizeof(*pseudos));

	while (h->next_pseudo < n && pseudos[h->next_pseudo].object < i)
		h->next_pseudo++;
	if (h->next_pseudo == n || pseudos[h->next_pseudo].object != i)
		return;
	if (pseudos[h->next_pseudo].frame)
		running_frame(h, &pseudos[h->next_pseudo]);
	else
		frame_edge(h, pseudos[h->next_pseudo].next, HGS_FRAME_TOP);
}

/* The tuple of cells is an object like any other, walked before or after its function. What the
 * cells are called only the function's code knows; so that is kept until the end. */
void hook_closure_note(struct hook *h, uint64_t function)
{
	const struct py_layout *l = &h->layout;
	uint64_t tuple = get_field(function, l->func_closure), code = get_field(function, l->func_code);
	uint64_t names;
	struct hook_closure *note;
	int64_t n, first = 0, i;
	uint32_t index, start = (uint32_t)(h->free_names.used / 4);

	if (!tuple || !code)
		return;
	n = object_size(tuple);
	if (l->code_localsplusnames != PY_ABSENT) {
		names = get64(code + (uint64_t)l->code_localsplusnames);
		first = object_size(names) - n; /* free variables come last */
	} else {
		names = get64(code + (uint64_t)l->code_freevars);
	}
	if (first < 0 || object_size(names) - first < n)
		return;
	hook_push32(h, &h->free_names, (uint32_t)n);
	for (i = 0; i < n; i++)
		hook_push32(h, &h->free_names,
			    hook_index(h, get64(hook_tuple_items(h, names) + (uint64_t)(first + i) * 8)));
	index = hook_index(h, tuple);
	note = hook_push(h, &h->closures, sizeof(*note));
	*note = (struct hook_closure){ index, start };
}

void hook_closures_name(struct hook *h)
{
	const struct hook_closure *notes = (const struct hook_closure *)h->closures.data;
	const uint64_t *start = (const uint64_t *)hook_column(h, HOOK_START)->data;
	const uint32_t *names = (const uint32_t *)h->free_names.data;
	uint32_t *labels = hook_at32(h, HOOK_NAME, 0);
	uint64_t n = h->closures.used / sizeof(*notes), i, edge;

	for (i = 0; i < n; i++) {
		const uint32_t *free_names = names + notes[i].names;

		for (edge = start[notes[i].tuple]; edge < start[notes[i].tuple + 1]; edge++) {
			uint32_t at = HGS_EDGE_PAYLOAD(labels[edge]);

			if (HGS_EDGE_KIND(labels[edge]) == HGS_EDGE_INDEX && at < free_names[0])
				labels[edge] = HGS_EDGE_NAME(HGS_EDGE_CELL, free_names[1 + at]);
		}
	}
}
