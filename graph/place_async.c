/* What waits: suspended generators and coroutines, the tasks that drive them, what the asyncio loop is
 * to call; and, for comparison, functions that run. Modules/_asynciomodule.c, Lib/asyncio/events.py. */
#include <string.h>

#include "edge_text.h"
#include "place_parts.h"

static bool is_suspended(const struct place *place, uint32_t step)
{
	const struct hgs_frame *frame = frame_of(place->s, place_object(place, step));

	return frame && frame->thread == HGS_NONE;
}

/* A task written in C visits its coroutine without a name; one in Python has it as an attribute. */
uint32_t match_task(const struct place *place)
{
	for (uint32_t step = place->first + 1; step <= place->first + 2; step++)
		if (place_type(place, step, GENERATOR_TYPES) && is_suspended(place, step))
			return step - place->first;
	return 0;
}

/* What a future calls to wake the task up that waits for it: stands for the task. */
uint32_t match_wakeup(const struct place *place)
{
	return place_has(place, place->first + 1, HGS_EDGE_UNNAMED);
}

static bool is_slot(const struct place *place, uint32_t step)
{
	return place_has(place, step, HGS_EDGE_LOCAL) || place_has(place, step, HGS_EDGE_CELL) ||
	       place_has(place, step, HGS_EDGE_STACK);
}

/* Up to 3.10 a generator has a frame object, which has the locals. */
uint32_t match_suspended(const struct place *place)
{
	uint32_t step = place->first + 1;

	if (!is_suspended(place, place->first))
		return 0;
	if (place_type(place, step, "frame"))
		step++;
	return is_slot(place, step) ? step - place->first : 0;
}

/* A call of an `async def` makes a coroutine; nothing of it runs until somebody awaits it. */
uint32_t match_unawaited(const struct place *place)
{
	const struct hgs_frame *frame = frame_of(place->s, place_object(place, place->first));

	return frame && frame->flags & HGS_FRAME_NEW ? match_suspended(place) : 0;
}

/* The reference is looked at first: on a deep stack most are to the frame below. */
uint32_t match_running(const struct place *place)
{
	const struct hgs_frame *frame = is_slot(place, place->first + 1)
						? frame_of(place->s, place_object(place, place->first))
						: NULL;

	return frame && frame->thread != HGS_NONE;
}

uint32_t match_handle(const struct place *place)
{
	return place_named(place, place->first + 1, "_callback") ||
	       place_named(place, place->first + 1, "_args") ||
	       place_named(place, place->first + 1, "_context");
}

/* concurrent/futures/thread.py: what submit() was given and no thread has begun; from 3.14 on a tuple of
 * the three. */
uint32_t match_submitted(const struct place *place)
{
	uint32_t step = place->first + 1;

	step += place_has(place, step, HGS_EDGE_ATTR_DICT);
	if (place_named(place, step, "task") && place_has(place, step + 1, HGS_EDGE_INDEX))
		return step + 1 - place->first;
	return place_named(place, step, "fn") || place_named(place, step, "args") ||
			       place_named(place, step, "kwargs")
		       ? step - place->first
		       : 0;
}

/* "queue of the asyncio loop: ..." and the like: no expression, where a blank stands in quotes only. */
static bool is_words(const char *head)
{
	return head[strcspn(head, " .[(")] == ' ';
}

/* A task that has no name where it is goes by its coroutine's. */
void path_task(const struct place *place, struct place_path *path)
{
	const struct hgs_frame *frame = frame_of(place->s, place_object(place, place->last));
	bool words = is_words(path->head);

	if (*path->head == '<' || words)
		fprintf(path->new_head, "the pending task %s()", snapshot_string(place->s, frame->name));
	else
		fprintf(path->new_head, "the pending task %s", path->head);
	fprintf(path->new_tail, "%s%s%s", words ? " in " : "", words ? path->head : "", path->tail);
}

void path_wakeup(const struct place *place, struct place_path *path)
{
	(void)place;
	fputs(path->head, path->new_head);
	fputs(path->tail, path->new_tail);
}

void edge_task(const struct place *place, FILE *out)
{
	(void)place;
	fputs("coroutine", out);
}

/* What a suspended coroutine awaits is a coroutine in its turn: inside of it, so to speak. */
void path_suspended(const struct place *place, struct place_path *path)
{
	uint32_t edge = place->chain->edge[place->last];

	if (HGS_EDGE_KIND(edge) == HGS_EDGE_STACK &&
	    frame_of(place->s, place_object(place, place->last))) {
		fputs(path->head, path->new_head);
		fputs(path->tail, path->new_tail);
		return;
	}
	if (HGS_EDGE_KIND(edge) == HGS_EDGE_STACK) {
		fputs("a value in use", path->new_head);
	} else {
		fputs("local ", path->new_head);
		place_print_key(path->new_head, place, place->last);
	}
	frame_print(path->new_tail, place->s, place_object(place, place->first));
	fprintf(path->new_tail, " of %s%s", path->head, path->tail);
}

void edge_suspended(const struct place *place, FILE *out)
{
	uint32_t edge = place->chain->edge[place->last];

	if (HGS_EDGE_KIND(edge) == HGS_EDGE_STACK) {
		fputs(frame_of(place->s, place_object(place, place->last)) ? "awaits" : "in use", out);
	} else {
		fputs("local ", out);
		place_print_key(out, place, place->last);
	}
	frame_print(out, place->s, place_object(place, place->first));
}

void path_handle(const struct place *place, struct place_path *path)
{
	static const char *const names[] = {"_callback", "_args", ""};
	bool timer = place_type(place, place->first, "asyncio.events.TimerHandle");
	struct place_call call = place_call(place, names);

	place_print_call(place, path,
			 timer ? "timer of the asyncio loop" : "queue of the asyncio loop", &call);
}

void path_submitted(const struct place *place, struct place_path *path)
{
	static const char *const names[] = {"fn", "args", "kwargs"};
	bool tuple = place_has(place, place->last, HGS_EDGE_INDEX);
	struct place_call call =
		tuple ? place_call_in(place, place->last - 1) : place_call(place, names);

	place_print_call(place, path, "queue of a thread pool", &call);
}

/* The innermost coroutine or generator of the chain that waits: there the line is. */
static uint32_t waiting(const struct place *place)
{
	uint32_t ret = HGS_NONE;

	for (uint32_t i = place->first; i < place->chain->steps; i++) {
		const struct hgs_frame *frame = frame_of(place->s, place_object(place, i));

		if (frame && frame->thread == HGS_NONE && !place_type(place, i, "frame"))
			ret = place_object(place, i);
	}
	return ret;
}

void advise_task(const struct place *place, FILE *out)
{
	uint32_t at = waiting(place);

	fputs("cancel the task, which waits", out);
	if (at != HGS_NONE)
		frame_print(out, place->s, at);
	fputs(", when its work is over, or bound the wait with asyncio.wait_for()", out);
}

void advise_unawaited(const struct place *place, FILE *out)
{
	fputs("await `", out);
	place_print_path(out, place, place->first);
	fprintf(out, "`, or close() it: %s() was called and not a line of it has run",
		snapshot_string(place->s, frame_of(place->s, place_object(place, place->first))->name));
}

void advise_suspended(const struct place *place, FILE *out)
{
	uint32_t at = waiting(place);

	if (place_type(place, place->first, "coroutine")) {
		fputs("await the coroutine `", out);
		place_print_path(out, place, place->first);
		fputs("`, or close() it", out);
	} else {
		fputs("close() the generator `", out);
		place_print_path(out, place, place->first);
		fputs("` when it is not used up", out);
	}
	if (at == HGS_NONE)
		return;
	fputs(": it stands", out);
	frame_print(out, place->s, at);
}

void advise_running(const struct place *place, FILE *out)
{
	uint32_t edge = place->chain->edge[place->last];

	fputs("nothing, if it is meant to stay; else end the call", out);
	frame_print(out, place->s, place_object(place, place->first));
	if (HGS_EDGE_KIND(edge) != HGS_EDGE_STACK)
		fprintf(out, ", or let its `%s` be a weak reference",
			snapshot_text(place->s, HGS_EDGE_PAYLOAD(edge)));
}

void advise_handle(const struct place *place, FILE *out)
{
	uint32_t callback =
		place_attribute(place->s, place_object(place, place->first), "_callback");

	fputs("cancel() the handle that call_later() or call_soon() gave", out);
	if (callback != HGS_NONE)
		fprintf(out, " for `%s`", callable_name(place->s, callback));
	fputs(" when its object is done with", out);
}

void advise_submitted(const struct place *place, FILE *out)
{
	(void)place;
	fputs("cancel() the future that submit() gave, or end the pool by shutdown(cancel_futures=True)",
	      out);
}
