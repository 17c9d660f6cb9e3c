#include "types.h"

#include <string.h>

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

/* Neighbours of one name become one row. Returns the new count. */
static uint32_t merge_names(struct type_row *rows, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (kept && strcmp(rows[kept - 1].name, rows[i].name) == 0) {
			rows[kept - 1].count += rows[i].count;
			rows[kept - 1].bytes += rows[i].bytes;
		} else {
			rows[kept++] = rows[i];
		}
	}
	return kept;
}

struct hg_error *types_count(const struct snapshot *s, struct type_row **ret, uint32_t *count)
{
	_cleanup_free_ uint32_t *objects = calloc(s->n + 1ul, sizeof(*objects));
	_cleanup_free_ uint64_t *bytes = calloc(s->n + 1ul, sizeof(*bytes));
	_cleanup_free_ struct type_row *rows = NULL;
	uint32_t used = 0, types = 0;

	if (!objects || !bytes)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t type = s->type[i];

		if (type == HGS_NONE || s->flags[i] & HGS_OBJ_PSEUDO)
			continue;
		types += !objects[type]++;
		bytes[type] += s->size[i];
	}
	rows = calloc(types + 1ul, sizeof(*rows));
	if (!rows)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < s->n; i++)
		if (objects[i])
			rows[used++] = (struct type_row){
				.name = snapshot_text(s, i),
				.type = i,
				.count = objects[i],
				.bytes = bytes[i],
			};
	qsort(rows, used, sizeof(*rows), by_name);
	used = merge_names(rows, used);
	qsort(rows, used, sizeof(*rows), by_bytes);
	*ret = take_ptr(rows);
	*count = used;
	return NULL;
}
