/* Roots: threads and their frames, and the objects that the driver found (roots.c).
 *
 * A thread state and, from 3.11 on, a running frame are no Python objects. Each becomes a pseudo
 * object with an address of its own, whose references hook_pseudo() adds when the walk comes by. */
#include "hook_private.h"

static void push_root(struct hook *h, struct hgs_root root)
{
	*(struct hgs_root *)hook_push(h, hook_column(h, HOOK_ROOTS), sizeof(root)) = root;
}

/* Only adds to the table of objects: nothing of them is read here. */
static void given_roots(struct hook *h)
{
	const struct hook_given *given = (const struct hook_given *)h->control->given;
	uint32_t i;

	for (i = 0; i < h->control->num_given; i++)
		if (!given[i].owner)
			push_root(h, (struct hgs_root){ .object = hook_index(h, given[i].object),
							.kind = given[i].kind,
							.name = i + 1,
							.thread = HGS_NONE });
}

static uint32_t push_pseudo(struct hook *h, uint64_t address, bool frame)
{
	uint32_t index = hook_index(h, address);
	struct hook_pseudo *p = hook_push(h, &h->pseudos, sizeof(*p));

	*p = (struct hook_pseudo){
		.address = address, .object = index, .thread = h->thread_index, .frame = frame
	};
	*hook_at32(h, HOOK_FLAGS, index) |= HGS_OBJ_PSEUDO;
	return index;
}

static void link_frame(struct hook *h, uint64_t caller)
{
	struct hook_pseudo *end = (struct hook_pseudo *)(h->pseudos.data + h->pseudos.used);

	end[-1].next = caller;
}

/* From 3.11 on: a chain of _PyInterpreterFrame, with entries that are no Python code left out. A
 * frame seen before means that the chain is broken. */
static void frames_inner(struct hook *h, uint64_t frame)
{
	uint64_t code;
	uint32_t object;

	for (; frame; frame = get64(frame + (uint64_t)h->layout.iframe_previous)) {
		code = hook_iframe_code(h, frame);
		if (!code)
			continue;
		if (*hook_slot(h, frame))
			return;
		link_frame(h, frame);
		object = push_pseudo(h, frame, true);
		hook_push_frame(h, object, frame, code, h->thread_index);
	}
}

/* To 3.10: a chain of frame objects, linked by f_back, which the objects themselves refer to. */
static void frames_outer(struct hook *h, uint64_t frame)
{
	struct hook_array *rows = hook_column(h, HOOK_FRAMES);
	uint64_t before = rows->used;

	link_frame(h, frame);
	for (; frame; frame = get64(frame + (uint64_t)h->layout.frame_back)) {
		uint32_t object = hook_index(h, frame);

		if (rows->used > before && ((struct hook_frame *)(rows->data + before))->object == object)
			return;
		hook_push_frame(h, object, frame, get64(frame + (uint64_t)h->layout.frame_code),
				h->thread_index);
	}
}

static void thread_frames(struct hook *h, uint64_t thread)
{
	const struct py_layout *l = &h->layout;
	uint64_t cframe;

	if (l->ts_frame != PY_ABSENT) {
		frames_outer(h, get64(thread + (uint64_t)l->ts_frame));
	} else if (l->ts_cframe != PY_ABSENT) {
		cframe = get64(thread + (uint64_t)l->ts_cframe);
		if (cframe)
			frames_inner(h, get64(cframe + (uint64_t)l->cframe_current_frame));
	} else {
		frames_inner(h, get64(thread + (uint64_t)l->ts_current_frame));
	}
}

static bool holds_gil(struct hook *h, uint64_t thread)
{
	const struct py_layout *l = &h->layout;
	uint64_t gil = l->rt_gil != PY_ABSENT ? h->control->runtime + (uint64_t)l->rt_gil :
						get_field(h->interpreter, l->is_gil_ptr);

	return gil && (int32_t)get32(gil + (uint64_t)l->gil_locked) > 0 &&
	       get64(gil + (uint64_t)l->gil_last_holder) == thread;
}

static void push_thread(struct hook *h, uint64_t thread)
{
	const struct py_layout *l = &h->layout;
	struct hook_array *threads = hook_column(h, HOOK_THREADS);
	uint64_t pthread = get64(thread + (uint64_t)l->ts_thread_id);
	uint64_t tid = get_field(thread, l->ts_native_thread_id);
	bool main = pthread == get_field(h->control->runtime, l->rt_main_thread);
	bool running = holds_gil(h, thread);
	struct hgs_thread *row;

	h->thread_index = (uint32_t)(threads->used / sizeof(*row));
	row = hook_push(h, threads, sizeof(*row));
	*row = (struct hgs_thread){ .tstate = thread,
				    .pthread = pthread,
				    .tid = (uint32_t)tid,
				    .flags = (main ? HGS_THREAD_MAIN : 0) |
					     (running ? HGS_THREAD_HELD_GIL : 0) };
	row->object = push_pseudo(h, thread, false);
	push_root(h, (struct hgs_root){ .object = row->object,
					.kind = HGS_ROOT_THREAD,
					.thread = h->thread_index });
}

/* Each step is counted before it is taken, so that after a fault the next one follows. */
void hook_roots(struct hook *h)
{
	const struct py_layout *l = &h->layout;

	if (!h->interpreter && !h->root_step) {
		given_roots(h);
		h->interpreter = get64(h->control->runtime + (uint64_t)l->rt_interp_head);
	}
	while (h->interpreter) {
		switch (h->root_step++) {
		case 0:
			h->thread = get64(h->interpreter + (uint64_t)l->is_threads_head);
			break;
		case 1: /* one thread, and again while there are more */
			if (h->thread)
				push_thread(h, h->thread);
			break;
		case 2:
			if (h->thread)
				thread_frames(h, h->thread);
			break;
		case 3:
			h->thread = h->thread ? get64(h->thread + (uint64_t)l->ts_next) : 0;
			h->root_step = h->thread ? 1 : 4;
			break;
		default:
			h->interpreter = get64(h->interpreter + (uint64_t)l->is_next);
			h->root_step = 0;
			if (!h->interpreter)
				return;
		}
	}
}
