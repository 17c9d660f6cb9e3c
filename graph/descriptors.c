/* Who owns each descriptor.
 *
 * The snapshot names owners that keep the number in a C structure. The others may be kept as a plain
 * int: os.open() gives one. Small ints are shared by the whole process, so that a reference to 7 says
 * little; what it says depends on where it stands. In a constant table, a code object or an attribute
 * of the standard library that has another name it is no descriptor; in an attribute called _fd it is
 * one; anywhere else it may be. Only what nothing may hold is called unowned. */
#include "descriptors.h"

#include <string.h>

#include "modules.h"

enum hold { HOLDS_NOT, MAY_HOLD, HOLDS };

static bool is_number(const struct snapshot *s, uint32_t object)
{
	return s->type[object] != HGS_NONE && !strcmp(snapshot_type_name(s, object), "int");
}

static bool sounds_like_descriptor(const char *name)
{
	static const char *const words[] = {"fd", "fileno", "handle", "sentinel", "descriptor"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(name, words[i]))
			return true;
	return false;
}

static bool is_plain_container(const struct snapshot *s, uint32_t object)
{
	static const char *const names[] = {"dict", "list", "tuple", "set", "frozenset"};
	const char *type = s->type[object] == HGS_NONE ? "" : snapshot_type_name(s, object);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(type, names[i]))
			return true;
	return false;
}

/* Containers that C code keeps to itself, with no object that refers to them: tuples and sets of
 * constants, tables of the interpreter, the copy of a module's dict in PyModuleDef.m_copy
 * (Python/import.c). */
static bool is_natives_own(const struct answer *answer, uint32_t object)
{
	const char *type = snapshot_type_name(answer->s, object);

	return answer->reach->state[object] == REACH_NATIVE &&
	       answer->reach->parent[object] == HGS_NONE &&
	       (!strcmp(type, "tuple") || !strcmp(type, "frozenset") || !strcmp(type, "dict"));
}

/* Whether a container is a table of constants: of a code object, of a class, the defaults of a
 * function, a global of the standard library, the versions of `from __future__ import` (Lib/__future__.py),
 * or the interpreter's own. Told by the chain from the roots. O(length of the chain). */
static bool is_constant_table(const struct making *making, uint32_t container)
{
	const struct answer *answer = making->answer;
	const struct snapshot *s = answer->s;
	uint32_t at = container;

	while (is_plain_container(s, at)) {
		uint32_t parent = answer->reach->parent[at];

		if (parent == HGS_NONE)
			return answer->reach->state[at] == REACH_ROOT || is_natives_own(answer, at);
		at = parent;
	}
	if (s->flags[at] & HGS_OBJ_MODULE)
		return modules_origin(s, at, making->stdlib) == MODULE_STDLIB;
	return s->flags[at] & HGS_OBJ_TYPE_OBJECT || !strcmp(snapshot_type_name(s, at), "code") ||
	       !strcmp(snapshot_type_name(s, at), "function") ||
	       !strcmp(snapshot_type_name(s, at), "__future__._Feature");
}

/* A variable in a closure of the standard library. O(length of the chain). */
static bool is_stdlib_closure(const struct making *making, uint32_t cell)
{
	const struct answer *answer = making->answer;
	uint32_t at = cell;

	while (at != HGS_NONE && !(answer->s->flags[at] & HGS_OBJ_MODULE))
		at = answer->reach->parent[at];
	return at != HGS_NONE &&
	       modules_origin(answer->s, at, making->stdlib) == MODULE_STDLIB;
}

/* The object whose attribute dictionary it is, or HGS_NONE. */
static uint32_t instance_of(const struct answer *answer, uint32_t dict)
{
	const struct graph *graph = answer->graph;

	for (uint64_t k = graph->in_start[dict]; k < graph->in_start[dict + 1ul]; k++)
		if (HGS_EDGE_KIND(answer->s->name[graph->in_edge[k]]) == HGS_EDGE_ATTR_DICT)
			return graph->in_source[k];
	return HGS_NONE;
}

/* An enumeration counts its members in attributes of them (Lib/enum.py). */
static enum hold attribute_holds(struct making *making, uint32_t instance, const char *name)
{
	const struct snapshot *s = making->answer->s;

	if (s->flags[instance] & HGS_OBJ_TYPE_OBJECT || !strcmp(name, "_value_") ||
	    !strcmp(name, "_sort_order_"))
		return HOLDS_NOT;
	if (s->flags[instance] & HGS_OBJ_MODULE)
		return modules_origin(s, instance, making->stdlib) == MODULE_STDLIB ? HOLDS_NOT
										   : MAY_HOLD;
	if (sounds_like_descriptor(name))
		return HOLDS;
	return object_is_foreign(making, instance) ? MAY_HOLD : HOLDS_NOT;
}

static enum hold dict_holds(struct making *making, uint32_t dict, uint32_t edge, uint32_t *holder)
{
	const struct snapshot *s = making->answer->s;
	uint32_t instance = instance_of(making->answer, dict);

	if (instance == HGS_NONE || HGS_EDGE_KIND(edge) != HGS_EDGE_KEY)
		return is_constant_table(making, dict) ? HOLDS_NOT : MAY_HOLD;
	*holder = instance;
	return attribute_holds(making, instance, snapshot_text(s, HGS_EDGE_PAYLOAD(edge)));
}

/* A field of a C structure. */
static enum hold field_holds(const struct snapshot *s, uint32_t object)
{
	static const char *const others[] = {"code", "slice", "range", "function", "property"};
	const char *type = snapshot_type_name(s, object);

	if (s->flags[object] & HGS_OBJ_TYPE_OBJECT || !strncmp(type, "sys.", 4))
		return HOLDS_NOT;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (!strcmp(type, others[i]))
			return HOLDS_NOT;
	return MAY_HOLD;
}

/* A frame of our own module. Of the frames that a snapshot from inside marks, the outermost is the
 * program's own, whose variables count. O(frames). */
static bool is_asking(const struct snapshot *s, uint32_t object)
{
	bool found = false;

	for (uint32_t i = 0; s->flags[object] & HGS_OBJ_OBSERVER && i + 1 < s->num_frames; i++)
		found |= s->frames[i].object == object &&
			 s->frames[i].thread == s->frames[i + 1].thread &&
			 s->flags[s->frames[i + 1].object] & HGS_OBJ_OBSERVER;
	return found;
}

/* What one reference to an int that equals a descriptor says. *holder is who has it. */
static enum hold reference_holds(struct making *making, uint32_t from, uint32_t edge,
				 uint32_t *holder)
{
	const struct snapshot *s = making->answer->s;

	*holder = from;
	if (is_asking(s, from))
		return HOLDS_NOT;
	switch (HGS_EDGE_KIND(edge)) {
	case HGS_EDGE_ATTR:
		return attribute_holds(making, from, snapshot_text(s, HGS_EDGE_PAYLOAD(edge)));
	case HGS_EDGE_KEY:
	case HGS_EDGE_DICT_KEY:
		return dict_holds(making, from, edge, holder);
	case HGS_EDGE_INDEX:
	case HGS_EDGE_SET_ITEM:
		return is_constant_table(making, from) ? HOLDS_NOT : MAY_HOLD;
	case HGS_EDGE_CELL_CONTENTS:
		return is_stdlib_closure(making, from) ? HOLDS_NOT : MAY_HOLD;
	case HGS_EDGE_UNNAMED:
	case HGS_EDGE_MEMBER:
		return field_holds(s, from);
	default:
		return MAY_HOLD;
	}
}

/* All references to one int. */
static void ask_number(struct making *making, uint32_t number, struct descriptor *descriptor)
{
	const struct graph *graph = making->answer->graph;

	for (uint64_t k = graph->in_start[number]; k < graph->in_start[number + 1ul]; k++) {
		uint32_t holder;
		enum hold hold = reference_holds(making, graph->in_source[k],
						 making->answer->s->name[graph->in_edge[k]],
						 &holder);

		descriptor->unowned &= hold == HOLDS_NOT;
		if (hold == HOLDS && descriptor->owner == HGS_NONE)
			descriptor->owner = holder;
	}
}

static struct descriptor *descriptor_of(const struct answer *answer, const char *number)
{
	char *end;
	unsigned long fd = strtoul(number, &end, 10);
	uint32_t low = 0, high = answer->num_descriptors;

	if (!*number || *end || fd > UINT32_MAX)
		return NULL;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (answer->descriptors[middle].fact->fd < fd)
			low = middle + 1;
		else
			high = middle;
	}
	return low < answer->num_descriptors && answer->descriptors[low].fact->fd == fd
		       ? &answer->descriptors[low]
		       : NULL;
}

/* Of a redacted snapshot the ints have no text: what they hold cannot be told. */
static void ask_numbers(struct making *making)
{
	struct answer *answer = making->answer;
	const struct snapshot *s = answer->s;
	bool any = false, told = true;

	for (uint32_t i = 0; i < answer->num_descriptors; i++)
		any |= answer->descriptors[i].unowned;
	for (uint32_t i = 0; any && i < s->n; i++) {
		struct descriptor *descriptor;

		if (!is_number(s, i))
			continue;
		told &= s->text[i] != 0;
		descriptor = descriptor_of(answer, snapshot_text(s, i));
		if (descriptor && descriptor->fact->owner == HGS_NONE)
			ask_number(making, i, descriptor);
	}
	for (uint32_t i = 0; !told && i < answer->num_descriptors; i++)
		answer->descriptors[i].unowned = false;
}

struct hg_error *descriptors_make(struct making *making)
{
	struct answer *answer = making->answer;
	const struct snapshot *s = answer->s;
	struct hg_error *error = NULL;

	answer->descriptors = calloc((size_t)s->num_descriptors + 1, sizeof(*answer->descriptors));
	if (!answer->descriptors)
		return &hg_error_no_memory;
	answer->num_descriptors = s->num_descriptors;
	for (uint32_t i = 0; i < s->num_descriptors; i++) {
		const struct hgs_descriptor *fact = &s->descriptors[i];

		answer->descriptors[i] = (struct descriptor){
			.fact = fact,
			.target = snapshot_string(s, fact->target),
			.owner = fact->owner,
			.unowned = fact->owner == HGS_NONE && fact->fd > 2 &&
				   !(fact->traits & HGS_FD_INHERITED)};
	}
	ask_numbers(making);
	for (uint32_t i = 0; !error && i < answer->num_descriptors; i++)
		if (answer->descriptors[i].owner != HGS_NONE)
			error = object_path(answer, answer->descriptors[i].owner,
					    &answer->descriptors[i].path);
	return error;
}
