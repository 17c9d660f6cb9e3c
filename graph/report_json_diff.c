/* diff as JSON. */
#include "report_diff.h"

#include "diff_words.h"
#include "pattern.h"
#include "report_json.h"
#include "retained.h"
#include "words.h"

static void put_pair(struct json *json, const char *key, const uint64_t *values)
{
	json_array(json, key);
	json_uint(json, NULL, values[0]);
	json_uint(json, NULL, values[1]);
	json_array_end(json);
}

/* null in garbage, which no chain leads to. */
static void put_path(struct json *json, const struct diff *diff, uint32_t object)
{
	if (diff_last(diff)->reach->state[object] == REACH_GARBAGE)
		json_null(json, "path");
	else
		json_take(json, "path", retained_path(diff_last(diff), object));
}

static void put_signature(struct json *json, enum finding_code code, uint64_t signature,
			  const char *words, bool known)
{
	char text[SIGNATURE_SIZE];

	json_string(json, "code", finding_code_name(code));
	json_string(json, "signature", signature_text(signature, text));
	json_string(json, "pattern", words);
	json_bool(json, "known", known);
}

static void put_snapshots(struct json *json, const struct diff *diff, const char *const *names)
{
	json_array(json, "snapshots");
	for (unsigned k = 0; k < diff->count; k++) {
		const struct snapshot *s = diff->answers[k]->s;

		json_object(json, NULL);
		json_string(json, "file", names[k]);
		json_ms(json, "time_ms", s->meta->time_ns);
		json_uint(json, "objects", s->n);
		json_uint(json, "references", s->m);
		json_uint(json, "bytes", heap_bytes(s));
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_intervals(struct json *json, const struct diff *diff)
{
	json_array(json, "intervals");
	for (unsigned k = 0; k + 1 < diff->count; k++) {
		const struct diff_interval *interval = &diff->intervals[k];

		json_object(json, NULL);
		json_ms(json, "elapsed_ms", diff->sequence.ns[k]);
		json_sum(json, "new", interval->appeared, interval->appeared_bytes);
		json_sum(json, "gone", interval->gone, interval->gone_bytes);
		json_uint(json, "survived", interval->survived);
		json_uint(json, "reused", interval->reused);
		json_uint(json, "unproven", interval->unproven);
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_point(struct json *json, const struct diff *diff, const struct growth *growth)
{
	if (growth->point == HGS_NONE) {
		json_null(json, "point");
		return;
	}
	json_object(json, "point");
	json_object_keys(json, diff_last(diff), growth->point);
	put_path(json, diff, growth->point);
	json_object_end(json);
}

static struct hg_error *put_chains(struct json *json, const struct diff *diff,
				   const struct growth *growth)
{
	const struct snapshot *s = diff_last(diff)->s;
	_cleanup_(chain_deinit) struct chain chain = {0}, ring = {0}, tail = {0};
	struct hg_error *error = growth_chains(diff, growth, &chain, &ring, &tail);

	if (!error)
		error = json_steps(json, "chain", s, &chain, false);
	if (!error)
		error = json_steps(json, "ring", s, &ring, true);
	if (!error)
		error = json_steps(json, "tail", s, &tail, false);
	return error;
}

static struct hg_error *put_growth(struct json *json, const struct diff *diff,
				   const struct growth *growth)
{
	const struct answer *last = diff_last(diff);
	struct hg_error *error;

	json_object(json, NULL);
	put_signature(json, FINDING_GROWTH, growth->signature, growth->words, growth->known);
	json_bool(json, "growing", growth->growing);
	json_string(json, "type", snapshot_type_name(last->s, growth->example));
	json_array(json, "population");
	for (unsigned k = 0; k < diff->count; k++)
		json_uint(json, NULL, growth->population[k]);
	json_array_end(json);
	json_uint(json, "kept", growth->tops);
	json_uint(json, "objects", growth->objects);
	json_uint(json, "bytes", growth->bytes);
	json_uint(json, "retained", growth->retained);
	put_point(json, diff, growth);
	json_uint(json, "points", growth->points);
	json_uint(json, "at_point", growth->at_point);
	json_hex(json, "example", last->s->addr[growth->example]);
	put_path(json, diff, growth->example);
	error = put_chains(json, diff, growth);
	json_take(json, "advice", growth_advice(diff, growth));
	json_object_end(json);
	return error;
}

static void put_containers(struct json *json, const struct diff *diff, uint32_t limit)
{
	uint64_t shown = json_list(json, "containers", diff->num_containers, limit);

	for (uint64_t i = 0; i < shown; i++) {
		const struct container_growth *row = &diff->containers[i];

		json_object(json, NULL);
		json_object_keys(json, diff_last(diff), row->object);
		put_path(json, diff, row->object);
		put_pair(json, "items", row->items);
		put_pair(json, "sizes", row->size);
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_types(struct json *json, const struct diff *diff, uint32_t limit)
{
	uint64_t shown = json_list(json, "types", diff->num_types, limit);

	for (uint64_t i = 0; i < shown; i++) {
		json_object(json, NULL);
		json_string(json, "type", diff->types[i].name);
		put_pair(json, "counts", diff->types[i].count);
		put_pair(json, "sizes", diff->types[i].bytes);
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_libraries(struct json *json, const struct diff *diff, uint32_t limit)
{
	uint64_t shown = json_list(json, "libraries", diff->num_libraries, limit);

	for (uint64_t i = 0; i < shown; i++) {
		const struct library_growth *row = &diff->libraries[i];

		json_object(json, NULL);
		put_signature(json, FINDING_HANDLE_GROWTH, row->signature, row->words, row->known);
		json_string(json, "name", row->name);
		json_string(json, "path", row->path);
		json_array(json, "opens");
		for (unsigned k = 0; k < 2; k++) {
			if (row->opens[k] < 0)
				json_null(json, NULL);
			else
				json_uint(json, NULL, (uint64_t)row->opens[k]);
		}
		json_array_end(json);
		json_array(json, "owners");
		json_uint(json, NULL, row->owners[0]);
		json_uint(json, NULL, row->owners[1]);
		json_array_end(json);
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_descriptors(struct json *json, const struct diff *diff, uint32_t limit)
{
	uint64_t shown;

	if (!diff->answers[0]->s->descriptors || !diff_last(diff)->s->descriptors) {
		json_null(json, "descriptors");
		return;
	}
	shown = json_list(json, "descriptors", diff->num_descriptors, limit);
	for (uint64_t i = 0; i < shown; i++) {
		const struct descriptor_growth *row = &diff->descriptors[i];
		const struct descriptor *example = &diff_last(diff)->descriptors[row->example];

		json_object(json, NULL);
		put_signature(json, FINDING_DESCRIPTOR_GROWTH, row->signature, row->words,
			      row->known);
		json_string(json, "kind", row->kind);
		put_pair(json, "counts", row->count);
		json_uint(json, "fd", example->fact->fd);
		json_string(json, "target", example->target);
		json_string(json, "path", example->path);
		json_object_end(json);
	}
	json_array_end(json);
}

struct hg_error *json_diff(struct json *json, const struct diff *diff, const char *const *names,
			   uint32_t limit)
{
	struct hg_error *error = NULL;
	uint64_t shown;

	json_preamble(json);
	json_circumstances(json, diff_last(diff)->s);
	json_object(json, "diff");
	put_snapshots(json, diff, names);
	json_string(json, "same_process", diff->sequence.proven ? "proven" : "inferred");
	put_intervals(json, diff);
	json_sum(json, "kept", diff->kept, diff->kept_bytes);
	shown = json_list(json, "growth", diff->num_growth, limit);
	for (uint64_t i = 0; i < shown && !error; i++)
		error = put_growth(json, diff, &diff->growth[i]);
	if (error)
		return error;
	json_array_end(json);
	put_libraries(json, diff, limit);
	put_descriptors(json, diff, limit);
	put_containers(json, diff, limit);
	put_types(json, diff, limit);
	json_object_end(json);
	json_object_end(json);
	return json_finish(json);
}
