/* why, refs and backrefs as JSON. Direct references are given raw, an attribute dictionary as the
 * object it is, so that a script can walk the heap; chains are folded as everywhere. */
#include "report_json.h"

#include "gather.h"
#include "keeper.h"
#include "kinds.h"
#include "places.h"
#include "retained.h"
#include "roots.h"
#include "routes.h"
#include "steps.h"
#include "words.h"

static void put_edge(struct json *json, const struct snapshot *s, uint32_t object, uint32_t from,
		     uint32_t name)
{
	_cleanup_free_ char *edge = edge_text(s, from, name);

	json_object(json, NULL);
	json_step_keys(json, s, object, edge, HGS_NONE);
	json_object_end(json);
}

static void put_references(struct json *json, const struct snapshot *s, uint32_t object,
			   uint32_t limit)
{
	uint64_t first = s->start[object];
	uint64_t shown = json_list(json, "references", s->start[object + 1ul] - first, limit);

	for (uint64_t i = first; i < first + shown; i++)
		put_edge(json, s, s->target[i], object, s->name[i]);
	json_array_end(json);
}

static void put_referrers(struct json *json, const struct answer *answer, uint32_t object,
			  uint32_t limit)
{
	const struct graph *graph = answer->graph;
	uint64_t first = graph->in_start[object];
	uint64_t shown = json_list(json, "referrers", graph->in_start[object + 1ul] - first,
				   limit);

	for (uint64_t i = first; i < first + shown; i++)
		put_edge(json, answer->s, graph->in_source[i], graph->in_source[i],
			 answer->s->name[graph->in_edge[i]]);
	json_array_end(json);
}

static struct hg_error *put_chain(struct json *json, const struct snapshot *s,
				  const struct chain *chain, uint64_t alike)
{
	struct place place;
	bool known = place_of_chain(s, chain, &place);
	struct hg_error *error;

	json_object(json, NULL);
	json_uint(json, "count", alike);
	if (chain->steps) {
		json_take(json, "root", root_words(s, chain->root, true));
		json_take(json, "path", path_text(s, chain));
	} else { /* garbage */
		json_null(json, "root");
		json_null(json, "path");
	}
	json_string(json, "kept_through", known ? place_through(&place) : NULL);
	if (known)
		json_take(json, "advice", place_advice(&place));
	else
		json_null(json, "advice");
	error = json_steps(json, "steps", s, chain, false);
	json_object_end(json);
	return error;
}

static struct hg_error *put_routes(struct json *json, const struct answer *answer,
				   uint32_t object, uint32_t limit)
{
	_cleanup_routes_ struct routes routes = {0};
	_cleanup_keeper_ struct keeper keeper = {0};
	struct hg_error *error = routes_create(answer, object, limit ? limit : UINT32_MAX, &routes);

	if (error)
		return error;
	json_uint(json, "referrers_alive", routes.total);
	json_bool(json, "only_asker", reach_only_asker(answer->s, answer->reach, object));
	if (routes.count < routes.kinds)
		json_uint(json, "chains_total", routes.kinds);
	json_array(json, "chains");
	for (uint32_t i = 0; i < routes.count && !error; i++)
		error = put_chain(json, answer->s, &routes.chain[i], routes.alike[i]);
	json_array_end(json);
	if (!error)
		error = keeper_of(answer, object, &keeper);
	if (!error)
		error = json_steps(json, "ring", answer->s, &keeper.ring, true);
	if (!error)
		error = json_steps(json, "tail", answer->s, &keeper.tail, false);
	return error;
}

void json_object_keys(struct json *json, const struct answer *answer, uint32_t object)
{
	const struct snapshot *s = answer->s;

	json_hex(json, "object", s->addr[object]);
	json_string(json, "type", snapshot_type_name(s, object));
	json_take(json, "label", object_text(s, object));
	json_uint(json, "size", s->size[object]);
	json_uint(json, "refcount", s->refs[object]);
	json_string(json, "reached_by", reach_name(answer->reach->state[object]));
}

static struct hg_error *put_object(struct json *json, const struct answer *answer,
				   enum object_part part, uint32_t object, uint32_t limit)
{
	const struct snapshot *s = answer->s;
	struct hg_error *error = NULL;

	json_object(json, NULL);
	json_object_keys(json, answer, object);
	if (part == OBJECT_WHY)
		error = put_routes(json, answer, object, limit);
	else if (part == OBJECT_REFS)
		put_references(json, s, object, limit);
	else
		put_referrers(json, answer, object, limit);
	json_object_end(json);
	return error;
}

static struct hg_error *put_gathering(struct json *json, const struct answer *answer,
				      const uint32_t *objects, uint64_t count)
{
	_cleanup_dominators_ struct dominators *d = NULL;
	struct gathering point = {.object = HGS_NONE};
	struct hg_error *error = retained_dominators(answer, &d);

	if (!error)
		error = gather(answer, d, objects, count, &point);
	if (error)
		return error;
	if (point.object == HGS_NONE) {
		json_null(json, "gathered_at");
		return NULL;
	}
	json_object(json, "gathered_at");
	json_object_keys(json, answer, point.object);
	json_take(json, "path", retained_path(answer, point.object));
	json_uint(json, "count", point.count);
	json_object_end(json);
	return NULL;
}

/* Each way of being alive once, and where the objects hang from. */
static struct hg_error *put_crowds(struct json *json, const struct answer *answer,
				   const uint32_t *objects, uint64_t count, uint32_t limit)
{
	_cleanup_free_ struct crowd *crowd = NULL;
	uint32_t crowds = 0;
	struct hg_error *error = crowds_create(answer, objects, count, &crowd, &crowds);
	uint64_t shown;

	if (error)
		return error;
	shown = json_list(json, "ways", crowds, limit);
	for (uint64_t i = 0; i < shown && !error; i++) {
		struct chain chain = {0};

		error = chain_of(answer->s, answer->reach, crowd[i].object, &chain);
		if (!error)
			error = put_chain(json, answer->s, &chain, crowd[i].count);
		chain_deinit(&chain);
	}
	json_array_end(json);
	return error ? error : put_gathering(json, answer, objects, count);
}

struct hg_error *json_objects(struct json *json, const struct answer *answer,
			      enum object_part part, const uint32_t *objects, uint32_t count,
			      uint64_t total, uint32_t limit)
{
	struct hg_error *error = NULL;

	json_preamble(json);
	json_circumstances(json, answer->s);
	if (total > count)
		json_uint(json, "objects_total", total);
	json_array(json, "objects");
	for (uint32_t i = 0; i < count && !error; i++)
		error = put_object(json, answer, part, objects[i], limit);
	json_array_end(json);
	if (!error && part == OBJECT_WHY && total > 1)
		error = put_crowds(json, answer, objects, total, limit);
	json_object_end(json);
	return error ? error : json_finish(json);
}
