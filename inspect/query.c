#include "query.h"

struct hg_error *query_read(const struct options *options, struct query *ret)
{
	struct hg_error *error = NULL;

	*ret = (struct query){ 0 };
	if (options->where)
		error = where_parse(options->where, &ret->about.where);
	if (!error && options->filter)
		error = where_parse(options->filter, &ret->filter.where);
	if (!error && options->highlight)
		error = where_parse(options->highlight, &ret->highlight.where);
	return error;
}

static void condition_deinit(struct condition *condition)
{
	where_destroy(condition->where);
	free(condition->marked);
}

void query_deinit(struct query *query)
{
	condition_deinit(&query->about);
	condition_deinit(&query->filter);
	condition_deinit(&query->highlight);
}

static struct hg_error *mark(struct condition *condition, const struct answer *answer)
{
	return condition->where ? where_mark(condition->where, answer, &condition->marked) : NULL;
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
	struct hg_error *error = mark(&query->about, answer);
	uint32_t taken = 0;

	if (!error)
		error = mark(&query->filter, answer);
	if (!error)
		error = mark(&query->highlight, answer);
	answer->marked = query->about.marked;
	if (error || (!options->object && (!query->about.where || options->verb == VERB_TYPES)))
		return error;
	if (options->object)
		error = select_objects(answer, options->object, UINT32_MAX, objects, &taken, count);
	else
		error = select_all(answer, objects, count);
	if (error || !query->about.where)
		return error;
	*count = filter(query->about.marked, *objects, *count);
	if (!*count)
		return hg_error_hint(hg_error_new(HG_EXIT_FAILURE, "no object matches --where '%s'",
						  options->where),
				     "`heapgraph types` lists the types that are there");
	return NULL;
}
