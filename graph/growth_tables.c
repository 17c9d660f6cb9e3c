/* Containers and types that grew. */
#include <string.h>

#include "diff_parts.h"
#include "list.h"
#include "types.h"

static uint64_t items_of(const struct snapshot *s, uint32_t object)
{
	uint64_t items = 0;

	for (uint64_t e = s->start[object]; e < s->start[object + 1ul]; e++) {
		enum hgs_edge kind = HGS_EDGE_KIND(s->name[e]);

		items += kind == HGS_EDGE_KEY || kind == HGS_EDGE_INDEX || kind == HGS_EDGE_SET_ITEM;
	}
	return items;
}

static bool same_extent(const struct snapshot *a, uint32_t i, const struct snapshot *b, uint32_t j)
{
	return a->size[i] == b->size[j] &&
	       a->start[i + 1ul] - a->start[i] == b->start[j + 1ul] - b->start[j];
}

static int by_items(const void *a, const void *b)
{
	const struct container_growth *x = a, *y = b;
	uint64_t more = x->items[1] - x->items[0], other = y->items[1] - y->items[0];
	uint64_t larger = x->size[1] - x->size[0], than = y->size[1] - y->size[0];

	if (more != other)
		return more < other ? 1 : -1;
	if (larger != than)
		return larger < than ? 1 : -1;
	return (x->object > y->object) - (x->object < y->object);
}

struct hg_error *growth_containers_make(struct diffing *diffing)
{
	struct diff *diff = diffing->diff;
	const struct snapshot *old = diff->answers[0]->s, *new = diff_last(diff)->s;

	for (uint32_t i = 0; i < new->n; i++) {
		uint32_t before = diffing->first[i];
		struct container_growth row = {.object = i}, *added;

		if (before == HGS_NONE || !diff_counts(new, i) || same_extent(old, before, new, i))
			continue;
		row.items[0] = items_of(old, before);
		row.items[1] = items_of(new, i);
		row.size[0] = old->size[before];
		row.size[1] = new->size[i];
		/* Memory alone grows without items in what has none: bytearray, array. */
		if (row.items[1] < row.items[0] || row.size[1] < row.size[0] ||
		    (row.items[1] == row.items[0] && (row.items[1] || row.size[1] == row.size[0])))
			continue;
		added = list_add(&diff->containers, &diff->num_containers);
		if (!added)
			return &hg_error_no_memory;
		*added = row;
	}
	if (diff->num_containers)
		qsort(diff->containers, diff->num_containers, sizeof(*diff->containers), by_items);
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct type_row *)a)->name, ((const struct type_row *)b)->name);
}

static int by_bytes(const void *a, const void *b)
{
	const struct type_growth *x = a, *y = b;
	uint64_t more = x->bytes[1] - x->bytes[0], other = y->bytes[1] - y->bytes[0];

	if (more != other)
		return (int64_t)more < (int64_t)other ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* Both sorted by name; types that have fewer objects and fewer bytes than before are left out. */
static void merge_types(struct diff *diff, const struct type_row *old, uint32_t num_old,
			const struct type_row *new, uint32_t num_new)
{
	uint32_t at = 0;

	for (uint32_t i = 0; i < num_new; i++) {
		struct type_growth row = {.name = new[i].name,
					  .count = {0, new[i].count},
					  .bytes = {0, new[i].bytes}};

		while (at < num_old && strcmp(old[at].name, row.name) < 0)
			at++;
		if (at < num_old && !strcmp(old[at].name, row.name)) {
			row.count[0] = old[at].count;
			row.bytes[0] = old[at].bytes;
		}
		if (row.count[1] > row.count[0] || row.bytes[1] > row.bytes[0])
			diff->types[diff->num_types++] = row;
	}
}

struct hg_error *growth_types_make(struct diffing *diffing)
{
	struct diff *diff = diffing->diff;
	_cleanup_free_ struct type_row *old = NULL, *new = NULL;
	uint32_t num_old = 0, num_new = 0;
	struct hg_error *error = types_count(diff->answers[0]->s, NULL, NULL, &old, &num_old);

	if (!error)
		error = types_count(diff_last(diff)->s, NULL, NULL, &new, &num_new);
	if (error)
		return error;
	diff->types = calloc(num_new + 1ul, sizeof(*diff->types));
	if (!diff->types)
		return &hg_error_no_memory;
	qsort(old, num_old, sizeof(*old), by_name);
	qsort(new, num_new, sizeof(*new), by_name);
	merge_types(diff, old, num_old, new, num_new);
	qsort(diff->types, diff->num_types, sizeof(*diff->types), by_bytes);
	return NULL;
}
