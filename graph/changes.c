/* One line of code assigns an attribute of a class, whatever the number of instances: so all
 * references by that attribute are one change. So are the entries of one container, and what one
 * function's closure captures under a name. */
#include "changes.h"

#include <string.h>
#include <xxhash.h>

#include "edge_text.h"

/* Small differences: they decide between lines of one ring; two lines cost more than any one. The
 * order is that of the remedies: a bound method has WeakMethod, a traceback is not needed any more,
 * a closure can take an argument, an attribute can be a weak reference or be dropped. */
enum {
	COST_METHOD = 7,
	COST_TRACEBACK = 8,
	COST_CLOSURE = 9,
	COST_ATTRIBUTE_BACK = 10, /* to another instance of a class written in Python */
	COST_ATTRIBUTE = 11,
	COST_LOCAL = 12, /* of a suspended generator or a frame */
	COST_SLOT = 13,
	COST_LIBRARY = 30, /* attribute of a class in the standard library: not the user's to change */
};

uint32_t attribute_owner(const struct answer *answer, uint32_t source, uint32_t edge,
			 const char **name)
{
	const struct snapshot *s = answer->s;
	const struct graph *graph = answer->graph;
	uint32_t payload = HGS_EDGE_PAYLOAD(edge);

	switch (HGS_EDGE_KIND(edge)) {
	case HGS_EDGE_ATTR:
		*name = snapshot_text(s, payload);
		return source;
	case HGS_EDGE_MEMBER:
		*name = snapshot_string(s, payload);
		return source;
	case HGS_EDGE_KEY:
		*name = snapshot_text(s, payload);
		for (uint64_t i = graph->in_start[source]; i < graph->in_start[source + 1ul]; i++)
			if (HGS_EDGE_KIND(s->name[graph->in_edge[i]]) == HGS_EDGE_ATTR_DICT)
				return graph->in_source[i];
		return HGS_NONE;
	default:
		return HGS_NONE;
	}
}

static uint64_t key_of(enum hgs_edge kind, const char *text, uint64_t whose)
{
	return XXH3_64bits_withSeed(text, strlen(text), whose * 16 + kind);
}

static struct change attribute(struct making *making, uint32_t owner, const char *name,
			       uint32_t target)
{
	const struct snapshot *s = making->answer->s;
	struct change change = {
		.key = key_of(HGS_EDGE_ATTR, name,
			      XXH3_64bits(snapshot_type_name(s, owner),
					  strlen(snapshot_type_name(s, owner)))),
		.cost = COST_ATTRIBUTE,
	};

	if (type_is(s, target, "traceback"))
		change.cost = COST_TRACEBACK;
	else if (!(s->flags[owner] & HGS_OBJ_USER))
		change.cost = CHANGE_HOPELESS;
	else if (!object_is_foreign(making, owner))
		change.cost = COST_LIBRARY;
	else if (type_is(s, target, "method"))
		change.cost = COST_METHOD;
	else if (s->flags[target] & HGS_OBJ_USER)
		change.cost = COST_ATTRIBUTE_BACK;
	return change;
}

/* The function whose closure a tuple is, by its name; several functions of a name are one. */
static const char *function_of(const struct answer *answer, uint32_t closure)
{
	const struct graph *graph = answer->graph;

	for (uint64_t i = graph->in_start[closure]; i < graph->in_start[closure + 1ul]; i++)
		if (type_is(answer->s, graph->in_source[i], "function"))
			return snapshot_text(answer->s, graph->in_source[i]);
	return "";
}

static struct change slot(const struct snapshot *s, uint32_t source, uint32_t target)
{
	return (struct change){
		.key = key_of(HGS_EDGE_INDEX, "", source),
		.cost = type_is(s, target, "method") ? COST_METHOD : COST_SLOT,
	};
}

struct change change_of(struct making *making, uint32_t source, uint32_t edge, uint32_t target)
{
	const struct answer *answer = making->answer;
	const struct snapshot *s = answer->s;
	const char *name = "";
	uint32_t owner = attribute_owner(answer, source, edge, &name);

	if (owner != HGS_NONE)
		return attribute(making, owner, name, target);
	switch (HGS_EDGE_KIND(edge)) {
	case HGS_EDGE_CELL:
		name = snapshot_text(s, HGS_EDGE_PAYLOAD(edge));
		return (struct change){
			key_of(HGS_EDGE_CELL, name, XXH3_64bits(function_of(answer, source),
								strlen(function_of(answer, source)))),
			COST_CLOSURE};
	case HGS_EDGE_LOCAL:
		name = snapshot_text(s, HGS_EDGE_PAYLOAD(edge));
		return (struct change){key_of(HGS_EDGE_LOCAL, name, source), COST_LOCAL};
	case HGS_EDGE_KEY:
	case HGS_EDGE_INDEX:
	case HGS_EDGE_SET_ITEM:
	case HGS_EDGE_DICT_KEY:
		return slot(s, source, target);
	default:
		return (struct change){key_of(HGS_EDGE_UNNAMED, "", 0), CHANGE_HOPELESS};
	}
}
