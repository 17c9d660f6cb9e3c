/* retained as JSON: the tree as a flat list with depths, or what objects retain by type. */
#include "report_json.h"

#include "gather.h"
#include "retained.h"

/* The virtual root is no object: null. */
static void put_dominator(struct json *json, const struct snapshot *s, const struct dominators *d,
			  uint32_t object)
{
	if (d->parent[object] < d->n)
		json_hex(json, "dominator", s->addr[d->parent[object]]);
	else
		json_null(json, "dominator");
}

static void put_row(struct json *json, const struct answer *answer, const struct dominators *d,
		    const struct retained_row *row)
{
	const struct snapshot *s = answer->s;

	json_object(json, NULL);
	json_uint(json, "depth", row->depth);
	json_uint(json, "count", row->count);
	if (row->object != HGS_NONE) {
		json_object_keys(json, answer, row->object);
		json_take(json, "path", retained_path(answer, row->object));
		put_dominator(json, s, d, row->object);
	} else {
		json_null(json, "object");
		json_string(json, "type",
			    row->type == HGS_NONE ? NULL : snapshot_text(s, row->type));
	}
	json_uint(json, "retained", row->bytes);
	json_uint(json, "retained_objects", row->objects);
	json_object_end(json);
}

static struct hg_error *put_tree(struct json *json, const struct answer *answer,
				 const struct dominators *d, uint32_t depth, uint32_t limit)
{
	_cleanup_free_ struct retained_row *rows = NULL;
	size_t count;
	struct hg_error *error = retained_rows(answer->s, d, d->n, depth, limit, &rows, &count);

	if (error)
		return error;
	json_array(json, "retained");
	for (size_t i = 0; i < count; i++)
		put_row(json, answer, d, &rows[i]);
	json_array_end(json);
	return NULL;
}

static struct hg_error *put_types(struct json *json, const struct snapshot *s,
				  const struct dominators *d, uint32_t object, uint32_t limit)
{
	_cleanup_free_ struct type_row *rows = NULL;
	uint32_t count;
	struct hg_error *error = types_count_below(s, d, object, &rows, &count);

	if (error)
		return error;
	json_type_rows(json, rows, count, false, limit);
	return NULL;
}

static struct hg_error *put_together(struct json *json, const struct answer *answer,
				     const uint32_t *objects, uint64_t count, uint32_t limit)
{
	_cleanup_free_ struct type_row *rows = NULL;
	struct together together = {0};
	struct hg_error *error = retained_together(answer, objects, count, &together);
	uint32_t types = 0;

	if (!error)
		error = types_count(answer->s, NULL, together.freed, &rows, &types);
	free(together.freed);
	if (error)
		return error;
	json_object(json, "together");
	json_uint(json, "count", count);
	json_uint(json, "retained", together.bytes);
	json_uint(json, "retained_objects", together.objects);
	json_type_rows(json, rows, types, false, limit);
	json_object_end(json);
	return NULL;
}

static struct hg_error *put_object(struct json *json, const struct answer *answer,
				   const struct dominators *d, uint32_t object, uint32_t limit)
{
	struct hg_error *error = NULL;

	json_object(json, NULL);
	json_object_keys(json, answer, object);
	put_dominator(json, answer->s, d, object);
	if (d->parent[object] == HGS_NONE) {
		json_null(json, "retained");
		json_null(json, "retained_objects");
		json_null(json, "types");
	} else {
		json_uint(json, "retained", d->retained[object]);
		json_uint(json, "retained_objects", d->objects[object]);
		error = put_types(json, answer->s, d, object, limit);
	}
	json_object_end(json);
	return error;
}

struct hg_error *json_retained(struct json *json, const struct answer *answer,
			       const struct dominators *d, const uint32_t *objects, uint32_t count,
			       uint64_t total, uint32_t depth, uint32_t limit)
{
	struct retained_heap heap = retained_heap(answer->s, d);
	struct hg_error *error = NULL;

	json_preamble(json);
	json_circumstances(json, answer->s);
	json_sum(json, "live", heap.live, heap.live_bytes);
	json_sum(json, "shared", heap.shared, heap.shared_bytes);
	json_sum(json, "garbage", heap.garbage, heap.garbage_bytes);
	if (!count) {
		error = put_tree(json, answer, d, depth, limit);
	} else {
		if (total > count)
			json_uint(json, "retained_total", total);
		json_array(json, "retained");
		for (uint32_t i = 0; i < count && !error; i++)
			error = put_object(json, answer, d, objects[i], limit);
		json_array_end(json);
		if (!error && total > 1)
			error = put_together(json, answer, objects, total, limit);
	}
	json_object_end(json);
	return error ? error : json_finish(json);
}
