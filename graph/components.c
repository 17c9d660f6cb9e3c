/* Strongly connected components by Tarjan's algorithm (1972) in Pearce's memory-saving form ("A
 * space-efficient algorithm for finding strongly connected components", 2016), with the call stack
 * spelled out: a linked list of a million objects is a path of a million calls.
 *
 * One array, `rindex`, holds the visit number while an object is on a stack and the component
 * afterwards. Component numbers count down from the top while searching, so that "is in a finished
 * component" is one comparison, and are turned round at the end. */
#include "components.h"

#include "columns.h"

struct frame {
	uint32_t object;
	uint32_t cursor; /* next reference, relative to start[object] */
};

struct search {
	const struct snapshot *s;
	const uint8_t *skip;
	uint32_t *rindex;
	struct frame *calls;
	uint32_t depth;
	uint32_t *stack;
	uint32_t top;
	uint32_t index, next_component;
	uint8_t *root; /* no smaller visit number was reached from it so far */
};

static void enter(struct search *search, uint32_t object)
{
	search->calls[search->depth++] = (struct frame){.object = object};
	search->rindex[object] = search->index++;
	search->root[object] = 1;
}

static void lower(struct search *search, uint32_t object, uint32_t other)
{
	if (search->rindex[other] < search->rindex[object]) {
		search->rindex[object] = search->rindex[other];
		search->root[object] = 0;
	}
}

/* All references of the object are done: it closes its component, or waits for an older one to. */
static void leave(struct search *search, uint32_t object)
{
	search->depth--;
	if (!search->root[object]) {
		search->stack[search->top++] = object;
		return;
	}
	search->index--;
	while (search->top &&
	       search->rindex[object] <= search->rindex[search->stack[search->top - 1]]) {
		search->rindex[search->stack[--search->top]] = search->next_component;
		search->index--;
	}
	search->rindex[object] = search->next_component--;
}

static void visit(struct search *search, uint32_t object)
{
	const struct snapshot *s = search->s;

	enter(search, object);
	while (search->depth) {
		struct frame *frame = &search->calls[search->depth - 1];
		uint64_t e = s->start[frame->object] + frame->cursor;

		if (e == s->start[frame->object + 1]) {
			uint32_t done = frame->object;

			leave(search, done);
			if (search->depth)
				lower(search, search->calls[search->depth - 1].object, done);
			continue;
		}
		frame->cursor++;
		if (search->skip && search->skip[s->target[e]])
			continue;
		if (!search->rindex[s->target[e]])
			enter(search, s->target[e]);
		else
			lower(search, frame->object, s->target[e]);
	}
}

static void search_all(struct search *search)
{
	const struct snapshot *s = search->s;

	search->index = 1;
	search->next_component = UINT32_MAX;
	for (uint32_t i = 0; i < s->n; i++) {
		if (search->skip && search->skip[i])
			search->rindex[i] = search->next_component--;
		else if (!search->rindex[i])
			visit(search, i);
	}
	for (uint32_t i = 0; i < s->n; i++)
		search->rindex[i] = UINT32_MAX - search->rindex[i];
}

struct hg_error *graph_components_without(const struct snapshot *s, const uint8_t *skip,
					  uint32_t **component, uint32_t *count)
{
	size_t n = (size_t)s->n + 1;
	_cleanup_free_ uint32_t *rindex = column_zalloc(n, sizeof(*rindex));
	_cleanup_free_ struct frame *calls = column_alloc(n, sizeof(*calls));
	_cleanup_free_ uint32_t *stack = column_alloc(n, sizeof(*stack));
	_cleanup_free_ uint8_t *root = column_alloc(n, 1);
	struct search search = {
		.s = s, .skip = skip, .rindex = rindex, .calls = calls, .stack = stack, .root = root};

	if (!rindex || !calls || !stack || !root)
		return &hg_error_no_memory;
	search_all(&search);
	*count = UINT32_MAX - search.next_component;
	*component = take_ptr(rindex);
	return NULL;
}

struct hg_error *graph_components(const struct snapshot *s, uint32_t **component, uint32_t *count)
{
	return graph_components_without(s, NULL, component, count);
}
