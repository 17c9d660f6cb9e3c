/* The gc's own lists: every object that is tracked, and in which generation.
 *
 * An interpreter has three generations, one behind the other (3.14's first releases: young and
 * two old spaces), and the permanent one that gc.freeze() fills. Each is a ring through the
 * PyGC_Head in front of the objects: _gc_next, and _gc_prev with flags in its two low bits
 * (Include/internal/pycore_gc.h). The walk stops at the first link that does not hold in both
 * directions and counts the list as broken. */
#include "hook_private.h"

#define AHEAD_BYTES 512 /* how far ahead memory is fetched: a few objects of one size */

#define LINK(word) ((word) & ~3ull)

static uint64_t gc_state(struct hook *h)
{
	if (h->layout.rt_gc != PY_ABSENT)
		return h->control->runtime + (uint64_t)h->layout.rt_gc;
	return h->interpreter + (uint64_t)h->layout.is_gc;
}

static uint64_t list_head(struct hook *h)
{
	if (h->generation == (uint32_t)h->layout.gc_count)
		return gc_state(h) + (uint64_t)h->layout.gc_permanent;
	return gc_state(h) + (uint64_t)h->layout.gc_generations +
	       h->generation * (uint64_t)h->layout.gc_stride;
}

HOOK_HOT static void list_walk(struct hook *h)
{
	struct hook_control *control = h->control;
	uint64_t head = list_head(h), at = LINK(get64(head)), previous = head, prev_word;
	bool frozen = h->generation == (uint32_t)h->layout.gc_count;
	uint32_t flags = HGS_OBJ_TRACKED | HGS_OBJ_GC, i;

	flags |= frozen ? HGS_OBJ_FROZEN : h->generation << HGS_OBJ_GENERATION_SHIFT;
	control->cursor_address = head;
	while (at && at != head) {
		control->cursor_address = at;
		/* Neighbours in a list were mostly allocated one after another, size by size. */
		__builtin_prefetch((const void *)(at + AHEAD_BYTES));
		prev_word = get64(at + 8);
		if (LINK(prev_word) != previous)
			break;
		i = hook_index(h, at + (uint64_t)h->layout.gc_head);
		*hook_at32(h, HOOK_FLAGS, i) |= flags | (prev_word & 1 ? HGS_OBJ_FINALIZED : 0);
		control->tracked++;
		control->frozen += frozen;
		previous = at;
		at = LINK(get64(at));
	}
	/* A ring that was never linked (head 0) is an empty one. */
	if (at != head && at)
		control->broken_list++;
}

/* Goes on where it stood, so that a fault costs one list. To 3.8 the interpreters share one gc. */
void hook_lists(struct hook *h)
{
	struct hook_control *control = h->control;
	bool shared = h->layout.rt_gc != PY_ABSENT;

	if (!h->interpreter && !control->interpreters)
		h->interpreter = get64(control->runtime + (uint64_t)h->layout.rt_interp_head);
	while (h->interpreter) {
		if (!h->generation && !control->interpreters)
			control->gc_enabled = get32(gc_state(h) + (uint64_t)h->layout.gc_enabled);
		while (h->generation <= (uint32_t)h->layout.gc_count && !(shared && control->interpreters)) {
			list_walk(h);
			h->generation++;
		}
		control->interpreters++;
		h->generation = 0;
		h->interpreter = get64(h->interpreter + (uint64_t)h->layout.is_next);
	}
}
