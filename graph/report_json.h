/* Pieces of the JSON report that its files share. */
#pragma once

#include "dominators.h"
#include "json.h"
#include "report.h"
#include "types.h"

/* An open object and its keys "schema" and "heapgraph"; then "process" and "capture". */
void json_preamble(struct json *json);
void json_circumstances(struct json *json, const struct snapshot *s);

/* {"objects", "bytes"}. */
void json_sum(struct json *json, const char *key, uint64_t objects, uint64_t bytes);

/* Opens a list of `total` elements and returns how many of them --limit leaves; where it is cut,
 * "KEY_total" stands before it. */
uint64_t json_list(struct json *json, const char *key, uint64_t total, uint32_t limit);
/* The list "types"; retained bytes are left out where `retained` is false. */
void json_type_rows(struct json *json, const struct type_row *rows, uint32_t count, bool retained,
		    uint32_t limit);

/* STEP of docs/INTERFACE.md, an array of them for a chain or ring. */
_must_check_ struct hg_error *json_steps(struct json *json, const char *key,
					 const struct snapshot *s, const struct chain *chain,
					 bool ring);
/* The keys of a STEP into an object that is open. `through` is HGS_NONE but for a folded edge;
 * edge NULL means that there was no memory for it. */
void json_step_keys(struct json *json, const struct snapshot *s, uint32_t object,
		    const char *edge, uint32_t through);

/* The keys of an OBJECT of docs/INTERFACE.md into an object that is open. */
void json_object_keys(struct json *json, const struct answer *answer, uint32_t object);

_must_check_ struct hg_error *json_natives(struct json *json, const struct answer *answer,
					   uint32_t limit);
void json_native_references(struct json *json, const struct answer *answer, uint32_t limit);
_must_check_ struct hg_error *json_cycles(struct json *json, const struct answer *answer,
					  uint32_t limit);
_must_check_ struct hg_error *json_suspects(struct json *json, const struct answer *answer);
_must_check_ struct hg_error *json_types(struct json *json, const struct answer *answer,
					 uint32_t limit);
/* The whole text of `retained`, of a heap or, where `count` is not 0, of objects. */
_must_check_ struct hg_error *json_retained(struct json *json, const struct answer *answer,
					    const struct dominators *d, const uint32_t *objects,
					    uint32_t count, uint64_t total, uint32_t depth,
					    uint32_t limit);
_must_check_ struct hg_error *json_objects(struct json *json, const struct answer *answer,
					   enum object_part part, const uint32_t *objects,
					   uint32_t count, uint64_t total, uint32_t limit);
