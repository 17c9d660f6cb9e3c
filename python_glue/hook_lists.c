/* The gc's own lists: every object that is tracked, and in which generation.
 *
 * An interpreter has three generations, one behind the other (3.14's first releases: young and
 * two old spaces), and the permanent one that gc.freeze() fills. Each is a ring through the
 * PyGC_Head in front of the objects: _gc_next, and _gc_prev with flags in its two low bits
 * (Include/internal/pycore_gc.h). A list ends at the first link that does not hold in both
 * directions, and is counted as broken.
 *
 * Where the next object lies only the one before it tells, and in a large heap each costs a wait for
 * memory. So the walk takes one link for each object that it visits: what a link leads to is fetched
 * while the object is visited. */
#include "hook_private.h"

/* Neighbours in a list were mostly allocated one after another, size by size: a few objects on. */
#define AHEAD_BYTES 256

#define LINK(word) ((word) & ~3ull)

static uint64_t gc_state(struct hook *h, uint64_t interpreter)
{
	if (h->layout.rt_gc != PY_ABSENT)
		return h->control->runtime + (uint64_t)h->layout.rt_gc;
	return interpreter + (uint64_t)h->layout.is_gc;
}

/* To 3.8 the interpreters share one gc. */
static void begin_interpreter(struct hook *h, struct hook_lists *l)
{
	struct hook_control *control = h->control;
	bool seen = h->layout.rt_gc != PY_ABSENT && control->interpreters;

	if (!control->interpreters)
		control->gc_enabled = get32(gc_state(h, l->interpreter) + (uint64_t)h->layout.gc_enabled);
	control->interpreters++;
	l->left = seen ? 0 : (uint32_t)h->layout.gc_count + 1;
}

/* Sets out on the next list, of this interpreter or the next; false where there is none. A ring that
 * was never linked (0) is an empty one. */
static bool next_list(struct hook *h)
{
	struct hook_lists *l = &h->lists;
	uint64_t gc;

	while (!l->left) {
		l->interpreter = get64(l->interpreter ?
				       l->interpreter + (uint64_t)h->layout.is_next :
				       h->control->runtime + (uint64_t)h->layout.rt_interp_head);
		if (!l->interpreter) {
			l->done = true;
			return false;
		}
		begin_interpreter(h, l);
	}
	gc = gc_state(h, l->interpreter);
	l->frozen = --l->left == 0;
	l->flags = HGS_OBJ_TRACKED | HGS_OBJ_GC;
	if (l->frozen) {
		l->head = gc + (uint64_t)h->layout.gc_permanent;
		l->flags |= HGS_OBJ_FROZEN;
	} else {
		uint32_t generation = (uint32_t)h->layout.gc_count - l->left;

		l->head = gc + (uint64_t)h->layout.gc_generations +
			  generation * (uint64_t)h->layout.gc_stride;
		l->flags |= generation << HGS_OBJ_GENERATION_SHIFT;
	}
	l->previous = l->head;
	l->at = LINK(get64(l->head));
	return true;
}

/* The one object that the link leads to, and the link behind it. */
HOOK_HOT static void take_link(struct hook *h)
{
	struct hook_control *control = h->control;
	struct hook_lists *l = &h->lists;
	uint64_t at = l->at, previous_word = get64(at + 8), next = LINK(get64(at));
	uint32_t i;

	if (LINK(previous_word) != l->previous) {
		control->broken_list++;
		l->at = 0;
		return;
	}
	__builtin_prefetch((const void *)next);
	__builtin_prefetch((const void *)(at + AHEAD_BYTES));
	hook_prefetch_slot(h, next + (uint64_t)h->layout.gc_head);
	i = hook_index(h, at + (uint64_t)h->layout.gc_head);
	*hook_at32(h, HOOK_FLAGS, i) |= l->flags | (previous_word & 1 ? HGS_OBJ_FINALIZED : 0);
	control->tracked++;
	control->frozen += l->frozen;
	l->previous = at;
	l->at = next;
}

/* Takes one link of a list. False behind the last list. */
HOOK_HOT bool hook_lists_step(struct hook *h)
{
	struct hook_lists *l = &h->lists;

	if (l->done)
		return false;
	l->reading = true;
	h->control->cursor_address = l->at;
	if (l->at && l->at != l->head)
		take_link(h);
	else if (!next_list(h))
		return false;
	l->reading = false;
	return true;
}

/* After a fault in hook_lists_step(): the rest of that list is lost. True where it was there. */
bool hook_lists_resume(struct hook *h)
{
	bool reading = h->lists.reading;

	h->lists.reading = false;
	if (reading) {
		h->control->broken_list++;
		h->control->cursor_address = 0;
		h->lists.at = 0;
	}
	return reading;
}
