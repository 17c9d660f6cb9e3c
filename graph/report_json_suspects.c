/* Suspects as JSON. */
#include "report_json.h"

#include "retained.h"
#include "suspects.h"

static struct hg_error *put_suspect(struct json *json, const struct answer *answer,
				    const struct dominators *d, const struct suspect *suspect)
{
	const struct snapshot *s = answer->s;
	struct chain chain = {0};
	struct hg_error *error = chain_of(s, answer->reach, suspect->object, &chain);

	json_object(json, NULL);
	json_string(json, "kind", suspect_kind_name(suspect->kind));
	json_object_keys(json, answer, suspect->object);
	json_take(json, "path", retained_path(answer, suspect->object));
	json_uint(json, "retained", d->retained[suspect->object]);
	json_uint(json, "bytes", suspect->bytes);
	json_uint(json, "count", suspect->count);
	json_string(json, "of", suspect->type == HGS_NONE ? NULL : snapshot_text(s, suspect->type));
	if (!error)
		error = json_steps(json, "chain", s, &chain, false);
	json_take(json, "advice", suspect_advice(answer, suspect));
	json_object_end(json);
	chain_deinit(&chain);
	return error;
}

struct hg_error *json_suspects(struct json *json, const struct answer *answer)
{
	_cleanup_dominators_ struct dominators *d = NULL;
	_cleanup_suspects_ struct suspects suspects = {0};
	struct hg_error *error = retained_dominators(answer, &d);

	if (!error)
		error = suspects_create(answer, d, &suspects);
	if (error)
		return error;
	json_array(json, "suspects");
	for (uint32_t i = 0; i < suspects.count && !error; i++)
		error = put_suspect(json, answer, d, &suspects.row[i]);
	json_array_end(json);
	return error;
}
