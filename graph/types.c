#include "types.h"

#include <string.h>

static bool is_counted(const struct snapshot *s, const uint8_t *marked, uint32_t object)
{
	return (!marked || marked[object]) && s->type[object] != HGS_NONE && !(s->flags[object] & HGS_OBJ_PSEUDO);
}

static int by_name(const void *a, const void *b)
{
	const struct type_row *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : (x->type > y->type) - (x->type < y->type);
}

static int by_bytes(const void *a, const void *b)
{
	const struct type_row *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* Neighbours of one name become one row; group[] of their types is its index. Returns the new
 * count. */
static uint32_t merge_names(struct type_row *rows, uint32_t count, uint32_t *group)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t type = rows[i].type;

		if (kept && strcmp(rows[kept - 1].name, rows[i].name) == 0) {
			rows[kept - 1].count += rows[i].count;
			rows[kept - 1].bytes += rows[i].bytes;
		} else {
			rows[kept++] = rows[i];
		}
		group[type] = kept - 1;
	}
	return kept;
}

/* Adds up what the topmost instances of each row retain, in one walk of the tree; `inside` counts
 * how many instances of a row the walk is below. */
static struct hg_error *add_retained(const struct snapshot *s, const struct dominators *d,
				     const uint8_t *marked, const uint32_t *group,
				     struct type_row *rows, uint32_t count)
{
	_cleanup_free_ uint32_t *inside = calloc(count + 1ul, sizeof(*inside));
	uint32_t at = d->first_child[d->n];

	if (!inside)
		return &hg_error_no_memory;
	while (at != HGS_NONE && at != d->n) {
		if (is_counted(s, marked, at) && !inside[group[s->type[at]]]++)
			rows[group[s->type[at]]].retained += d->retained[at];
		if (d->first_child[at] != HGS_NONE) {
			at = d->first_child[at];
			continue;
		}
		/* Leaves the object, and all whose last child it is. */
		for (; at != d->n; at = d->parent[at]) {
			if (is_counted(s, marked, at))
				inside[group[s->type[at]]]--;
			if (d->next_sibling[at] != HGS_NONE) {
				at = d->next_sibling[at];
				break;
			}
		}
	}
	return NULL;
}

/* Objects and bytes by type object. */
struct tally {
	uint32_t *objects;
	uint64_t *bytes;
	uint32_t types;
};

static void tally_deinit(struct tally *tally)
{
	free(tally->objects);
	free(tally->bytes);
}

static void add(struct tally *tally, const struct snapshot *s, const uint8_t *marked,
		uint32_t object)
{
	if (!is_counted(s, marked, object))
		return;
	tally->types += !tally->objects[s->type[object]]++;
	tally->bytes[s->type[object]] += s->size[object];
}

static struct hg_error *make_rows(const struct snapshot *s, const struct dominators *d,
				  const uint8_t *marked, struct tally *tally,
				  struct type_row **ret, uint32_t *count)
{
	_cleanup_free_ struct type_row *rows = calloc(tally->types + 1ul, sizeof(*rows));
	struct hg_error *error = NULL;
	uint32_t used = 0;

	if (!rows)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < s->n; i++)
		if (tally->objects[i])
			rows[used++] = (struct type_row){
				.name = snapshot_text(s, i),
				.type = i,
				.count = tally->objects[i],
				.bytes = tally->bytes[i],
			};
	qsort(rows, used, sizeof(*rows), by_name);
	used = merge_names(rows, used, tally->objects);
	if (d)
		error = add_retained(s, d, marked, tally->objects, rows, used);
	if (error)
		return error;
	qsort(rows, used, sizeof(*rows), by_bytes);
	*ret = take_ptr(rows);
	*count = used;
	return NULL;
}

static bool tally_init(struct tally *tally, const struct snapshot *s)
{
	tally->objects = calloc(s->n + 1ul, sizeof(*tally->objects));
	tally->bytes = calloc(s->n + 1ul, sizeof(*tally->bytes));
	return tally->objects && tally->bytes;
}

struct hg_error *types_count(const struct snapshot *s, const struct dominators *d,
			     const uint8_t *marked, struct type_row **ret, uint32_t *count)
{
	_cleanup_(tally_deinit) struct tally tally = {0};

	if (!tally_init(&tally, s))
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < s->n; i++)
		add(&tally, s, marked, i);
	return make_rows(s, d, marked, &tally, ret, count);
}

struct hg_error *types_count_below(const struct snapshot *s, const struct dominators *d,
				   uint32_t top, struct type_row **ret, uint32_t *count)
{
	_cleanup_(tally_deinit) struct tally tally = {0};

	if (!tally_init(&tally, s))
		return &hg_error_no_memory;
	for (uint32_t i = top; i != HGS_NONE; i = dominators_next(d, top, i))
		add(&tally, s, NULL, i);
	return make_rows(s, NULL, NULL, &tally, ret, count);
}
