#include "neighbors.h"

#include <string.h>

#include "list.h"
#include "steps.h"

struct list {
	struct neighbor *row;
	uint64_t count, hidden;
	struct neighbors_wanted wanted;
};

static bool add(struct list *list, uint32_t object, uint32_t from, uint32_t edge,
		uint32_t through)
{
	struct neighbor *row;

	if (list->wanted.only && !list->wanted.only[object]) {
		list->hidden++;
		return true;
	}
	row = list_add(&list->row, &list->count);
	if (!row)
		return false;
	/* The position stands in `count` until the rows are grouped. */
	*row = (struct neighbor){object, from, edge, through, list->count - 1};
	return true;
}

static bool is_noise(const struct snapshot *s, const struct list *list, uint32_t target,
		     uint32_t edge)
{
	if (list->wanted.all)
		return false;
	if (HGS_EDGE_KIND(edge) == HGS_EDGE_TYPE)
		return true;
	return HGS_EDGE_KIND(edge) == HGS_EDGE_DICT_KEY &&
	       strcmp(snapshot_type_name(s, target), "str") == 0;
}

/* The attributes in an attribute dictionary, in place of the dictionary. */
static bool add_attributes(const struct snapshot *s, uint32_t edge, uint32_t dict,
			   struct list *list)
{
	bool ok = true;

	for (uint64_t i = s->start[dict]; i < s->start[dict + 1ul] && ok; i++) {
		if (is_noise(s, list, s->target[i], s->name[i]))
			list->hidden++;
		else
			ok = add(list, s->target[i], dict, s->name[i],
				 folded_attribute(s, edge, s->name[i]) ? dict : HGS_NONE);
	}
	return ok;
}

static bool add_referents(const struct answer *answer, uint32_t object, struct list *list)
{
	const struct snapshot *s = answer->s;
	bool ok = true;

	for (uint64_t i = s->start[object]; i < s->start[object + 1ul] && ok; i++) {
		if (HGS_EDGE_KIND(s->name[i]) == HGS_EDGE_ATTR_DICT && s->target[i] != object)
			ok = add_attributes(s, s->name[i], s->target[i], list);
		else if (is_noise(s, list, s->target[i], s->name[i]))
			list->hidden++;
		else
			ok = add(list, s->target[i], object, s->name[i], HGS_NONE);
	}
	return ok;
}

/* The instance or module whose attribute dictionary `dict` is, or HGS_NONE. */
static uint32_t owner_of_dict(const struct answer *answer, uint32_t dict)
{
	const struct graph *graph = answer->graph;

	if (!(answer->s->flags[dict] & HGS_OBJ_DICT))
		return HGS_NONE;
	for (uint64_t i = graph->in_start[dict]; i < graph->in_start[dict + 1ul]; i++)
		if (HGS_EDGE_KIND(answer->s->name[graph->in_edge[i]]) == HGS_EDGE_ATTR_DICT)
			return graph->in_source[i];
	return HGS_NONE;
}

/* folded_attribute() wants the edge to the dictionary; only its kind matters. */
#define TO_ATTRIBUTES HGS_EDGE_NAME(HGS_EDGE_ATTR_DICT, 0)

static bool add_referrers(const struct answer *answer, uint32_t object, struct list *list)
{
	const struct graph *graph = answer->graph;
	bool ok = true;

	for (uint64_t i = graph->in_start[object]; i < graph->in_start[object + 1ul] && ok; i++) {
		uint32_t from = graph->in_source[i], edge = answer->s->name[graph->in_edge[i]];
		uint32_t owner = HGS_NONE;

		if (answer->s->flags[from] & HGS_OBJ_OBSERVER && snapshot_observes(answer->s, from, edge))
			continue;
		if (folded_attribute(answer->s, TO_ATTRIBUTES, edge))
			owner = owner_of_dict(answer, from);
		if (owner != HGS_NONE)
			ok = add(list, owner, from, edge, from);
		else
			ok = add(list, from, from, edge, HGS_NONE);
	}
	return ok;
}

/* Edges that say where in a container, not what for: a group's may differ in them. */
static bool is_position(const struct neighbor *row)
{
	switch (HGS_EDGE_KIND(row->edge)) {
	case HGS_EDGE_KEY:
		return row->through == HGS_NONE;
	case HGS_EDGE_INDEX:
	case HGS_EDGE_STACK:
	case HGS_EDGE_DICT_KEY:
		return true;
	default:
		return false;
	}
}

/* Rows of a group agree in type and in this. */
static uint32_t edge_key(const struct neighbor *row)
{
	return is_position(row) ? (uint32_t)HGS_EDGE_KIND(row->edge) : row->edge;
}

static int by_group(const void *a, const void *b, void *data)
{
	const struct snapshot *s = data;
	const struct neighbor *x = a, *y = b;
	uint32_t type[] = {s->type[x->object], s->type[y->object]};
	uint32_t key[] = {edge_key(x), edge_key(y)};

	if (type[0] != type[1])
		return type[0] < type[1] ? -1 : 1;
	if (key[0] != key[1])
		return key[0] < key[1] ? -1 : 1;
	return (x->count > y->count) - (x->count < y->count);
}

static bool same_group(const struct snapshot *s, const struct neighbor *x,
		       const struct neighbor *y)
{
	return s->type[x->object] == s->type[y->object] && edge_key(x) == edge_key(y) &&
	       !(s->flags[x->object] & HGS_OBJ_PSEUDO);
}

struct ordered {
	struct neighbor row;
	uint64_t position;
};

static int by_position(const void *a, const void *b)
{
	const struct ordered *x = a, *y = b;

	return (x->position > y->position) - (x->position < y->position);
}

/* Turns positions into counts; the list keeps the order of each group's first row. */
static bool group(const struct snapshot *s, struct list *list, unsigned alike)
{
	_cleanup_free_ struct ordered *kept = calloc(list->count + 1, sizeof(*kept));
	uint64_t used = 0;

	if (!kept)
		return false;
	qsort_r(list->row, list->count, sizeof(*list->row), by_group, (void *)s);
	for (uint64_t i = 0, end; i < list->count; i = end) {
		bool fold;

		for (end = i + 1; end < list->count; end++)
			if (!same_group(s, &list->row[i], &list->row[end]))
				break;
		fold = alike && end - i > alike;
		for (uint64_t j = i; j < (fold ? i + 1 : end); j++) {
			kept[used] = (struct ordered){list->row[j], list->row[j].count};
			kept[used++].row.count = fold ? end - i : 1;
		}
	}
	qsort(kept, used, sizeof(*kept), by_position);
	for (uint64_t i = 0; i < used; i++)
		list->row[i] = kept[i].row;
	list->count = used;
	return true;
}

struct hg_error *neighbors_create(const struct answer *answer, uint32_t object,
				  struct neighbors_wanted wanted, struct neighbors *ret)
{
	struct list list = {.wanted = wanted};
	bool ok = wanted.referrers ? add_referrers(answer, object, &list)
				   : add_referents(answer, object, &list);

	*ret = (struct neighbors){0};
	if (!ok || (list.count && !group(answer->s, &list, wanted.alike))) {
		free(list.row);
		return &hg_error_no_memory;
	}
	*ret = (struct neighbors){list.row, list.count, list.hidden};
	return NULL;
}

void neighbors_deinit(struct neighbors *neighbors)
{
	free(neighbors->row);
	*neighbors = (struct neighbors){0};
}

/* Of a group, the first edge, with dots where the others' differ: "[0]..". */
char *neighbor_edge(const struct snapshot *s, const struct neighbor *neighbor)
{
	bool varies = neighbor->count > 1 && is_position(neighbor);
	_cleanup_free_ char *edge = NULL;
	const char *name = NULL;
	char *ret;

	if (neighbor->through != HGS_NONE)
		name = folded_attribute(s, TO_ATTRIBUTES, neighbor->edge);
	if (name)
		return asprintf(&ret, ".%s", name) < 0 ? NULL : ret;
	edge = edge_text(s, neighbor->from, neighbor->edge);
	if (!edge)
		return NULL;
	return asprintf(&ret, "%s%s", edge, varies ? ".." : "") < 0 ? NULL : ret;
}

bool neighbors_worth_opening(const struct answer *answer, uint32_t object)
{
	const struct snapshot *s = answer->s;
	uint32_t owner;

	if (s->flags[object] & (HGS_OBJ_TYPE_OBJECT | HGS_OBJ_MODULE) ||
	    strcmp(snapshot_type_name(s, object), "code") == 0)
		return false;
	owner = owner_of_dict(answer, object);
	return owner == HGS_NONE || !(s->flags[owner] & HGS_OBJ_MODULE);
}

bool neighbors_is_value(const struct snapshot *s, uint32_t object)
{
	static const char *const values[] = {"NoneType", "bool", "int", "float", "str", "bytes"};
	const char *type = snapshot_type_name(s, object);

	if (!*snapshot_text(s, object) && strcmp(type, "str") != 0)
		return false;
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		if (strcmp(type, values[i]) == 0)
			return true;
	return false;
}
