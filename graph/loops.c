/* The cyclic components, gathered: members side by side, what kind of objects they are. Only
 * components with a cycle are kept, so a heap of five million plain objects costs little here. */
#include <string.h>

#include "answer_parts.h"
#include "components.h"
#include "modules.h"

#define SELF (1u << 31) /* in a component's size: it has a self loop */

/* Nearly all that lives is one component: instances refer to their class, its functions to their
 * globals, those to modules, sys.modules to everything. Cycles that mean something show when live
 * classes, modules, their dicts and running frames are left out. Garbage is never part of that
 * component, and nothing of it is left out. */
static struct hg_error *scaffold(const struct answer *answer, uint8_t **ret)
{
	const struct snapshot *s = answer->s;
	uint8_t *skip = calloc((size_t)s->n + 1, 1);

	if (!skip)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < s->n; i++) {
		if (unreached(answer, i) || !is_scaffold(s, i))
			continue;
		skip[i] = 1;
		if (!(s->flags[i] & HGS_OBJ_MODULE))
			continue;
		for (uint64_t e = s->start[i]; e < s->start[i + 1]; e++)
			if (HGS_EDGE_KIND(s->name[e]) == HGS_EDGE_ATTR_DICT)
				skip[s->target[e]] = 1;
	}
	*ret = skip;
	return NULL;
}

/* Sizes by component, with SELF where an object refers to itself. */
static struct hg_error *measure(const struct answer *answer, const uint8_t *skip, uint32_t **ret)
{
	const struct snapshot *s = answer->s;
	uint32_t *sizes = calloc((size_t)answer->num_components + 1, sizeof(*sizes));

	if (!sizes)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t *size = &sizes[answer->component[i]];

		(*size)++;
		if (skip[i])
			continue;
		for (uint64_t e = s->start[i]; e < s->start[i + 1]; e++)
			if (s->target[e] == i)
				*size |= SELF;
	}
	*ret = sizes;
	return NULL;
}

/* Turns sizes[] into the index of each component's loop (HGS_NONE: none). */
static struct hg_error *number(struct loops *loops, uint32_t *sizes, uint32_t components)
{
	uint32_t members = 0;

	for (uint32_t c = 0; c < components; c++)
		loops->count += sizes[c] > 1;
	loops->loop = calloc((size_t)loops->count + 1, sizeof(*loops->loop));
	if (!loops->loop)
		return &hg_error_no_memory;
	loops->count = 0;
	for (uint32_t c = 0; c < components; c++) {
		uint32_t size = sizes[c];

		sizes[c] = HGS_NONE;
		if (size <= 1)
			continue;
		sizes[c] = loops->count;
		loops->loop[loops->count++] = (struct loop){
			.component = c, .first = members, .exit = HGS_NONE, .owner = HGS_NONE,
			.row = HGS_NONE};
		members += size & ~SELF;
	}
	loops->members = malloc(((size_t)members + 1) * sizeof(*loops->members));
	return loops->members ? NULL : &hg_error_no_memory;
}

static bool refers_from_outside(const struct answer *answer, uint32_t object)
{
	const struct graph *graph = answer->graph;

	for (uint64_t k = graph->in_start[object]; k < graph->in_start[object + 1]; k++) {
		uint32_t source = graph->in_source[k];

		if (unreached(answer, source) &&
		    answer->component[source] != answer->component[object])
			return true;
	}
	return false;
}

/* A class whose module is part of the standard library, as its text "module.qualname" says.
 * O(modules). */
static bool is_stdlib_type(const struct making *making, uint32_t type)
{
	const struct snapshot *s = making->answer->s;
	const char *text = snapshot_text(s, type);
	size_t length = strcspn(text, ".");
	uint32_t module;

	if (!text[length]) /* builtins */
		return true;
	module = module_named(s, text, length);
	return module != HGS_NONE && modules_origin(s, module, making->stdlib) == MODULE_STDLIB;
}

/* The same, remembered for each class: many objects, few classes. */
bool object_is_foreign(struct making *making, uint32_t object)
{
	uint32_t type = making->answer->s->type[object];
	enum { UNKNOWN, STDLIB, FOREIGN };

	if (type == HGS_NONE)
		return false;
	if (making->origins[type] == UNKNOWN)
		making->origins[type] = is_stdlib_type(making, type) ? STDLIB : FOREIGN;
	return making->origins[type] == FOREIGN;
}

static void add_member(struct making *making, struct loop *loop, uint32_t object)
{
	struct answer *answer = making->answer;
	const struct snapshot *s = answer->s;
	uint32_t flags = s->flags[object];

	making->loops.members[loop->first + loop->size++] = object;
	loop->bytes += s->size[object];
	loop->state = answer->reach->state[object];
	loop->types |= (flags & HGS_OBJ_TYPE_OBJECT) != 0;
	loop->finalizer |= (flags & HGS_OBJ_HAS_FINALIZER) != 0;
	if (loop->size == 1)
		loop->source = unreached(answer, object);
	loop->source = loop->source && !refers_from_outside(answer, object);
	if (!(flags & HGS_OBJ_USER) || holder_at(making, object, HGS_HOLDER_HANDLE))
		return;
	loop->user = true;
	loop->foreign = loop->foreign || object_is_foreign(making, object);
}

struct hg_error *loops_make(struct making *making)
{
	struct answer *answer = making->answer;
	struct loops *loops = &making->loops;
	_cleanup_free_ uint8_t *skip = NULL;
	_cleanup_free_ uint32_t *sizes = NULL;
	struct hg_error *error = scaffold(answer, &skip);

	making->origins = calloc((size_t)answer->s->n + 1, 1);
	if (!error && !making->origins)
		error = &hg_error_no_memory;
	if (!error)
		error = graph_components_without(answer->s, skip, &answer->component,
						 &answer->num_components);
	if (!error)
		error = measure(answer, skip, &sizes);
	if (!error)
		error = number(loops, sizes, answer->num_components);
	if (error)
		return error;
	for (uint32_t i = 0; i < answer->s->n; i++) {
		uint32_t loop = sizes[answer->component[i]];

		if (loop != HGS_NONE)
			add_member(making, &loops->loop[loop], i);
	}
	return NULL;
}

void loops_deinit(struct loops *loops)
{
	free(loops->loop);
	free(loops->members);
	free(loops->parent);
	free(loops->edge);
}

static int by_component(const void *key, const void *row)
{
	uint32_t component = *(const uint32_t *)key, other = ((const struct loop *)row)->component;

	return (component > other) - (component < other);
}

struct loop *loop_of(const struct loops *loops, uint32_t component)
{
	if (!loops->count)
		return NULL;
	return bsearch(&component, loops->loop, loops->count, sizeof(*loops->loop), by_component);
}
