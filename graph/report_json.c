/* The report as JSON, keys and order as docs/INTERFACE.md states them. What this version does not
 * examine is null: an empty list would claim that it had looked. */
#include "report_json.h"

#include <string.h>

#include "pattern.h"
#include "retained.h"
#include "words.h"

void json_preamble(struct json *json)
{
	json_object(json, NULL);
	json_uint(json, "schema", 1);
	json_string(json, "heapgraph", HEAPGRAPH_VERSION);
}

static void put_build(struct json *json, uint32_t build)
{
	json_array(json, "build");
	if (build & HGS_BUILD_DEBUG)
		json_string(json, NULL, "debug");
	if (build & HGS_BUILD_FREE_THREADED)
		json_string(json, NULL, "free-threaded");
	if (build & HGS_BUILD_STATIC)
		json_string(json, NULL, "static");
	json_array_end(json);
}

static void put_process(struct json *json, const struct snapshot *s)
{
	const struct hgs_meta *meta = s->meta;
	char buffer[WORD_SIZE];

	json_object(json, "process");
	json_uint(json, "pid", meta->pid);
	json_string(json, "exe", snapshot_string(s, meta->exe));
	json_string(json, "cmdline", snapshot_string(s, meta->cmdline));
	json_string(json, "python", version_words(meta->python_version, buffer));
	put_build(json, meta->build);
	json_uint(json, "threads", meta->threads);
	if (meta->gc_enabled == HGS_NONE)
		json_null(json, "gc_enabled");
	else
		json_bool(json, "gc_enabled", meta->gc_enabled);
	json_uint(json, "gc_frozen", meta->gc_frozen);
	json_object_end(json);
}

void json_circumstances(struct json *json, const struct snapshot *s)
{
	const struct hgs_meta *meta = s->meta;

	put_process(json, s);
	json_object(json, "capture");
	json_string(json, "method", method_name(meta->method));
	json_bool(json, "consistent", meta->consistent);
	json_ms(json, "stopped_ms", meta->stopped_ns);
	json_ms(json, "walk_ms", meta->walk_ns);
	json_ms(json, "time_ms", meta->time_ns);
	json_uint(json, "objects", s->n);
	json_uint(json, "references", s->m);
	json_uint(json, "bytes", heap_bytes(s));
	json_uint(json, "tracked", meta->tracked);
	json_uint(json, "bad_objects", meta->bad_objects);
	json_array(json, "incomplete");
	for (uint32_t i = 0; i < s->num_incomplete; i++)
		json_string(json, NULL, snapshot_string(s, s->incomplete[i]));
	json_array_end(json);
	json_object_end(json);
}

void json_sum(struct json *json, const char *key, uint64_t objects, uint64_t bytes)
{
	json_object(json, key);
	json_uint(json, "objects", objects);
	json_uint(json, "bytes", bytes);
	json_object_end(json);
}

uint64_t json_list(struct json *json, const char *key, uint64_t total, uint32_t limit)
{
	char name[64];

	if (limit && total > limit) {
		snprintf(name, sizeof(name), "%s_total", key);
		json_uint(json, name, total);
		total = limit;
	}
	json_array(json, key);
	return total;
}

void json_type_rows(struct json *json, const struct type_row *rows, uint32_t count, bool retained,
		    uint32_t limit)
{
	uint64_t shown = json_list(json, "types", count, limit);

	for (uint64_t i = 0; i < shown; i++) {
		json_object(json, NULL);
		json_string(json, "type", rows[i].name);
		json_uint(json, "count", rows[i].count);
		json_uint(json, "size", rows[i].bytes);
		if (retained)
			json_uint(json, "retained", rows[i].retained);
		json_object_end(json);
	}
	json_array_end(json);
}

struct hg_error *json_types(struct json *json, const struct answer *answer, uint32_t limit)
{
	_cleanup_dominators_ struct dominators *d = NULL;
	_cleanup_free_ struct type_row *rows = NULL;
	struct hg_error *error;
	uint32_t count;

	error = retained_dominators(answer, &d);
	if (!error)
		error = types_count(answer->s, d, answer->marked, &rows, &count);
	if (error)
		return error;
	json_type_rows(json, rows, count, true, limit);
	return NULL;
}

static void put_finding(struct json *json, const struct answer *answer,
			const struct finding *finding)
{
	char signature[SIGNATURE_SIZE];

	json_object(json, NULL);
	json_string(json, "code", finding_code_name(finding->code));
	json_string(json, "severity", severity_name(finding->severity));
	json_string(json, "title", finding->title);
	json_string(json, "library", finding->library_name);
	json_uint(json, "count", finding->count);
	json_array(json, "objects");
	for (uint32_t i = 0; i < finding->num_objects; i++)
		json_hex(json, NULL, answer->s->addr[finding->objects[i]]);
	json_array_end(json);
	json_string(json, "path",
		    finding->holder == HGS_NONE ? NULL : answer->holders[finding->holder].path);
	if (finding->cycle == HGS_NONE)
		json_null(json, "cycle");
	else
		json_uint(json, "cycle", finding->cycle);
	json_string(json, "evidence", finding->evidence);
	json_string(json, "advice", finding->advice);
	json_string(json, "signature", signature_text(finding->signature, signature));
	json_string(json, "pattern", finding->pattern);
	json_object_end(json);
}

static void put_findings(struct json *json, const char *key, const struct answer *answer,
			 const struct finding *findings, uint32_t count, uint32_t limit)
{
	uint64_t shown = json_list(json, key, count, limit);

	for (uint64_t i = 0; i < shown; i++)
		put_finding(json, answer, &findings[i]);
	json_array_end(json);
}

static struct hg_error *put_part(struct json *json, const struct answer *answer,
				 enum report_part part, uint32_t limit)
{
	struct hg_error *error = NULL;

	if (part == REPORT_TYPES)
		return json_types(json, answer, limit);
	if (part == REPORT_ALL || part == REPORT_HANDLES)
		error = json_natives(json, answer, limit);
	if (!error && (part == REPORT_ALL || part == REPORT_CYCLES))
		error = json_cycles(json, answer, limit);
	if (!error && part == REPORT_ALL) {
		json_native_references(json, answer, limit);
		put_findings(json, "findings", answer, answer->findings, answer->num_findings, limit);
		put_findings(json, "known_findings", answer,
			     answer->findings + answer->num_findings, answer->num_known, limit);
		error = json_suspects(json, answer);
	}
	return error;
}

struct hg_error *report_json(FILE *out, const struct answer *answer, enum report_part part,
			     uint32_t limit, const char *const *outputs)
{
	struct json json = json_start(out);
	struct hg_error *error;

	json_preamble(&json);
	json_circumstances(&json, answer->s);
	error = put_part(&json, answer, part, limit);
	if (error)
		return error;
	json_array(&json, "outputs");
	for (; outputs && *outputs; outputs++)
		json_string(&json, NULL, *outputs);
	json_array_end(&json);
	json_object_end(&json);
	return json_finish(&json);
}
