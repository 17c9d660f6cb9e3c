#include "query.h"

struct hg_error *query_read(const struct options *options, struct query *ret)
{
	*ret = (struct query){ 0 };
	return options->where ? where_parse(options->where, &ret->where) : NULL;
}

void query_deinit(struct query *query)
{
	where_destroy(query->where);
	free(query->marked);
}

/* Keeps those that match, in order. */
static uint64_t filter(const uint8_t *marked, uint32_t *objects, uint64_t count)
{
	uint64_t kept = 0;

	for (uint64_t i = 0; i < count; i++)
		if (marked[objects[i]])
			objects[kept++] = objects[i];
	return kept;
}

static struct hg_error *select_all(const struct answer *answer, uint32_t **objects, uint64_t *count)
{
	uint32_t *all = malloc((answer->s->n + 1ul) * sizeof(*all));

	if (!all)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < answer->s->n; i++)
		all[i] = i;
	*objects = all;
	*count = answer->s->n;
	return NULL;
}

struct hg_error *query_select(struct query *query, const struct options *options,
			      struct answer *answer, uint32_t **objects, uint64_t *count)
{
	struct hg_error *error = NULL;
	uint32_t taken = 0;

	if (query->where)
		error = where_mark(query->where, answer, &query->marked);
	answer->marked = query->marked;
	if (error || (!options->object && (!query->where || options->verb == VERB_TYPES)))
		return error;
	if (options->object)
		error = select_objects(answer, options->object, UINT32_MAX, objects, &taken, count);
	else
		error = select_all(answer, objects, count);
	if (error || !query->where)
		return error;
	*count = filter(query->marked, *objects, *count);
	if (!*count)
		return hg_error_hint(hg_error_new(HG_EXIT_FAILURE, "no object matches --where '%s'",
						  options->where),
				     "`heapgraph types` lists the types that are there");
	return NULL;
}
