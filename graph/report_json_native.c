/* Libraries, holders and cycles as JSON. */
#include "report_json.h"

#include "steps.h"
#include "unload.h"
#include "words.h"

void json_step_keys(struct json *json, const struct snapshot *s, uint32_t object,
		    const char *edge, uint32_t through)
{
	json_hex(json, "object", s->addr[object]);
	json_string(json, "type", snapshot_type_name(s, object));
	json_string(json, "edge", edge);
	json->no_memory |= !edge;
	json_take(json, "label", object_text(s, object));
	if (through != HGS_NONE)
		json_hex(json, "through", s->addr[through]);
}

static struct hg_error *put_steps(struct json *json, const char *key, const struct snapshot *s,
				  const struct steps *steps)
{
	json_array(json, key);
	for (uint32_t i = 0; i < steps->count; i++) {
		const struct step *step = &steps->step[i];

		json_object(json, NULL);
		json_step_keys(json, s, step->object, step->edge, step->through);
		json_object_end(json);
	}
	json_array_end(json);
	return NULL;
}

struct hg_error *json_steps(struct json *json, const char *key, const struct snapshot *s,
			    const struct chain *chain, bool ring)
{
	_cleanup_steps_ struct steps steps = {0};
	struct hg_error *error = steps_create(s, chain, 0, ring, &steps);

	return error ? error : put_steps(json, key, s, &steps);
}

static struct hg_error *put_holder_keys(struct json *json, const struct answer *answer,
					const struct holder *holder)
{
	const struct snapshot *s = answer->s;
	uint32_t object = holder->fact->object;
	struct hg_error *error;

	json_hex(json, "object", s->addr[object]);
	json_string(json, "type", snapshot_type_name(s, object));
	json_string(json, "kind", holder_kind_name(holder->fact->kind));
	if (holder->fact->kind == HGS_HOLDER_INTEGER)
		json_bool(json, "inferred", true);
	json_string(json, "state", holder_state_name(holder->state));
	json_string(json, "held_by", held_by_name(holder->held_by));
	json_string(json, "path", holder->path);
	error = json_steps(json, "chain", s, &holder->chain, false);
	if (!error)
		error = json_steps(json, "tail", s, &holder->tail, false);
	if (holder->cycle == HGS_NONE)
		json_null(json, "cycle");
	else
		json_uint(json, "cycle", holder->cycle);
	return error;
}

static void put_signed(struct json *json, const char *key, int64_t value)
{
	if (value < 0)
		json_null(json, key);
	else
		json_uint(json, key, (uint64_t)value);
}

static struct hg_error *put_library(struct json *json, const struct answer *answer,
				    const struct library *library, uint32_t limit)
{
	struct hg_error *error = NULL;
	uint64_t shown;

	json_object(json, NULL);
	json_string(json, "name", library->name);
	json_string(json, "path", library->path);
	json_uint(json, "namespace", library->fact->space);
	json_hex(json, "base", library->fact->base);
	json_hex(json, "handle", library->fact->handle);
	json_uint(json, "mapped_bytes", library->fact->end - library->fact->start);
	put_signed(json, "opens", library->opens);
	json_uint(json, "owners", library->owners);
	put_signed(json, "leaked_opens", library->leaked_opens);
	json_bool(json, "nodelete", library->fact->flags & HGS_LIB_NODELETE);
	json_string(json, "loaded_by", library->loaded_by);
	json_array(json, "why_mapped");
	for (char **why = library->why; why && *why; why++)
		json_string(json, NULL, *why);
	json_array_end(json);
	shown = json_list(json, "holders", library->num_holders, limit);
	for (uint64_t i = 0; i < shown && !error; i++) {
		json_object(json, NULL);
		error = put_holder_keys(json, answer, &answer->holders[library->holders[i]]);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
	return error;
}

static bool is_stale(const struct holder *holder)
{
	return holder->state == HOLDER_DANGLING || holder->state == HOLDER_ALIASED;
}

static struct hg_error *put_stale(struct json *json, const struct answer *answer, uint32_t limit)
{
	struct hg_error *error = NULL;
	uint64_t total = 0, left;

	for (uint32_t i = 0; i < answer->num_holders; i++)
		total += is_stale(&answer->holders[i]);
	left = json_list(json, "stale", total, limit);
	for (uint32_t i = 0; i < answer->num_holders && left && !error; i++) {
		const struct holder *holder = &answer->holders[i];
		uint32_t names = holder->fact->names, now = holder->fact->library;

		if (!is_stale(holder))
			continue;
		left--;
		json_object(json, NULL);
		error = put_holder_keys(json, answer, holder);
		json_string(json, "names", names ? snapshot_string(answer->s, names) : NULL);
		json_string(json, "now", now == HGS_NONE ? NULL : answer->libraries[now].name);
		json_object_end(json);
	}
	json_array_end(json);
	return error;
}

static void put_descriptors(struct json *json, const struct answer *answer, uint32_t limit)
{
	uint64_t shown;

	if (!answer->s->descriptors) {
		json_null(json, "descriptors");
		return;
	}
	shown = json_list(json, "descriptors", answer->num_descriptors, limit);
	for (uint64_t i = 0; i < shown; i++) {
		const struct descriptor *descriptor = &answer->descriptors[i];

		json_object(json, NULL);
		json_uint(json, "fd", descriptor->fact->fd);
		json_string(json, "target", descriptor->target);
		if (descriptor->owner == HGS_NONE) {
			json_null(json, "owner");
			json_null(json, "type");
		} else {
			json_hex(json, "owner", answer->s->addr[descriptor->owner]);
			json_string(json, "type", snapshot_type_name(answer->s, descriptor->owner));
		}
		json_string(json, "path", descriptor->path);
		json_bool(json, "inherited", descriptor->fact->traits & HGS_FD_INHERITED);
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_unload(struct json *json, const struct answer *answer, uint32_t limit)
{
	const struct unload *unload = answer->unload;
	uint64_t shown;

	json_object(json, "unload");
	json_string(json, "library", answer->libraries[unload->library].name);
	if (unload->verdict == UNLOAD_UNKNOWN)
		json_null(json, "safe");
	else
		json_bool(json, "safe", unload->verdict == UNLOAD_SAFE);
	json_array(json, "searched");
	for (char **text = unload->searched; *text; text++)
		json_string(json, NULL, *text);
	json_array_end(json);
	shown = json_list(json, "pointers", unload->num_pointers, limit);
	for (uint64_t i = 0; i < shown; i++) {
		json_object(json, NULL);
		json_string(json, "from", unload->pointers[i].from);
		json_string(json, "what", unload->pointers[i].what);
		json_string(json, "path", unload->pointers[i].path);
		json_bool(json, "inferred", !unload->pointers[i].certain);
		json_object_end(json);
	}
	json_array_end(json);
	json_object_end(json);
}

void json_native_references(struct json *json, const struct answer *answer, uint32_t limit)
{
	const struct snapshot *s = answer->s;
	uint32_t shown;

	if (!s->search) {
		json_null(json, "searched");
		json_null(json, "native_references");
		return;
	}
	json_object(json, "searched");
	json_uint(json, "bytes", s->search->bytes);
	json_uint(json, "left_out", s->search->left_out);
	json_object_end(json);
	shown = json_list(json, "native_references", answer->num_native, limit);
	for (uint32_t i = 0; i < shown; i++) {
		const struct native_reference *reference = &answer->native[i];
		uint32_t object = reference->fact->object;

		json_object(json, NULL);
		json_hex(json, "object", s->addr[object]);
		json_string(json, "type", snapshot_type_name(s, object));
		json_uint(json, "refcount", s->refs[object]);
		json_uint(json, "known", s->refs[object] - reference->surplus);
		json_uint(json, "surplus", reference->surplus);
		json_uint(json, "unaccounted", reference->unaccounted);
		json_array(json, "found_in");
		for (char **place = reference->found_in; *place; place++)
			json_string(json, NULL, *place);
		json_array_end(json);
		json_string(json, "path", reference->path);
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_name(struct json *json, const char *key, const struct answer *answer, uint32_t library)
{
	json_string(json, key, library == HGS_NONE ? NULL : answer->libraries[library].name);
}

static void put_capsules(struct json *json, const struct answer *answer, uint32_t limit)
{
	uint64_t shown;

	if (!answer->s->capsules) {
		json_null(json, "capsules");
		return;
	}
	shown = json_list(json, "capsules", answer->num_capsules, limit);
	for (uint64_t i = 0; i < shown; i++) {
		const struct capsule *capsule = &answer->capsules[i];

		json_object(json, NULL);
		json_hex(json, "object", answer->s->addr[capsule->fact->object]);
		json_string(json, "name", capsule->fact->name ? capsule->name : NULL);
		json_hex(json, "pointer", capsule->fact->pointer);
		put_name(json, "points_into", answer, capsule->fact->points_into);
		put_name(json, "destructor_in", answer, capsule->fact->destructor_in);
		json_string(json, "path", capsule->path);
		json_object_end(json);
	}
	json_array_end(json);
}

struct hg_error *json_natives(struct json *json, const struct answer *answer, uint32_t limit)
{
	uint64_t shown = json_list(json, "libraries", answer->num_libraries, limit);
	struct hg_error *error = NULL;

	for (uint64_t i = 0; i < shown && !error; i++)
		error = put_library(json, answer, &answer->libraries[i], limit);
	json_array_end(json);
	if (!error)
		error = put_stale(json, answer, limit);
	put_descriptors(json, answer, limit);
	put_capsules(json, answer, limit);
	if (answer->unload)
		put_unload(json, answer, limit);
	return error;
}

/* The first is the step marked in the ring, as the ring has it. */
static void put_cuts(struct json *json, const struct answer *answer, const struct cycle *cycle,
		     const struct steps *ring)
{
	const struct step *marked = NULL;

	for (uint32_t i = 0; i < ring->count && !marked; i++)
		marked = ring->step[i].cut ? &ring->step[i] : NULL;
	json_array(json, "cut");
	for (uint32_t i = 0; i < cycle->num_cuts; i++) {
		const struct cycle_cut *cut = &cycle->cuts[i];
		_cleanup_free_ char *edge = edge_text(answer->s, cut->from, cut->edge);

		json_object(json, NULL);
		if (!i && marked)
			json_step_keys(json, answer->s, marked->object, marked->edge,
				       marked->through);
		else
			json_step_keys(json, answer->s, cut->to, edge, HGS_NONE);
		json_string(json, "advice", cut->advice);
		json_uint(json, "references", cut->references);
		json_object_end(json);
	}
	json_array_end(json);
	if (cycle->frees == HGS_NONE)
		json_null(json, "cut_frees");
	else
		json_hex(json, "cut_frees", answer->s->addr[cycle->frees]);
}

static struct hg_error *put_cycle(struct json *json, const struct answer *answer, uint32_t id)
{
	const struct cycle *cycle = &answer->cycles[id];
	_cleanup_steps_ struct steps ring = {0};
	struct hg_error *error = steps_create(answer->s, &cycle->ring, cycle->cut, true, &ring);

	if (error)
		return error;
	json_object(json, NULL);
	json_uint(json, "id", id);
	json_uint(json, "count", cycle->count);
	json_uint(json, "objects", cycle->objects);
	json_uint(json, "bytes", cycle->bytes);
	json_string(json, "state", cycle_state_name(cycle));
	json_bool(json, "finalizer", cycle->finalizer);
	json_array(json, "pins");
	for (uint32_t i = 0; i < cycle->num_pins; i++)
		json_string(json, NULL, answer->libraries[cycle->pins[i]].name);
	json_array_end(json);
	error = put_steps(json, "ring", answer->s, &ring);
	put_cuts(json, answer, cycle, &ring);
	json_string(json, "held_by", cycle->held_by);
	json_object_end(json);
	return error;
}

struct hg_error *json_cycles(struct json *json, const struct answer *answer, uint32_t limit)
{
	struct hg_error *error = NULL;
	uint64_t shown;

	json_uint(json, "all_cycles", answer->all_cycles);
	shown = json_list(json, "cycles", answer->num_cycles, limit);
	for (uint32_t i = 0; i < shown && !error; i++)
		error = put_cycle(json, answer, i);
	json_array_end(json);
	return error;
}
