/* The transpose: who refers to an object, and by which reference. */
#include "graph.h"

#include "columns.h"

/* Counting sort in three passes. The offsets serve as write cursors: counted two places up, summed
 * one place up, they have moved to their final place when the last reference is written. */
static void transpose(struct graph *graph)
{
	const struct snapshot *s = graph->s;
	uint64_t *in_start = graph->in_start;

	for (uint64_t e = 0; e < s->m; e++)
		in_start[s->target[e] + 2]++;
	for (uint64_t i = 2; i < (uint64_t)s->n + 2; i++)
		in_start[i] += in_start[i - 1];
	for (uint32_t i = 0; i < s->n; i++) {
		for (uint64_t e = s->start[i]; e < s->start[i + 1]; e++) {
			uint64_t slot = in_start[s->target[e] + 1]++;

			graph->in_source[slot] = i;
			if (graph->in_edge)
				graph->in_edge[slot] = (uint32_t)e;
		}
	}
}

static struct hg_error *create(const struct snapshot *s, bool edges, struct graph **ret)
{
	struct graph *graph = calloc(1, sizeof(*graph));

	if (!graph)
		return &hg_error_no_memory;
	graph->s = s;
	graph->in_start = column_zalloc((size_t)s->n + 2, sizeof(*graph->in_start));
	graph->in_source = column_alloc(s->m + 1, sizeof(*graph->in_source));
	if (edges)
		graph->in_edge = column_alloc(s->m + 1, sizeof(*graph->in_edge));
	if (!graph->in_start || !graph->in_source || (edges && !graph->in_edge)) {
		graph_destroy(graph);
		return &hg_error_no_memory;
	}
	transpose(graph);
	*ret = graph;
	return NULL;
}

struct hg_error *graph_create(const struct snapshot *s, struct graph **ret)
{
	return create(s, true, ret);
}

struct hg_error *graph_create_sources(const struct snapshot *s, struct graph **ret)
{
	return create(s, false, ret);
}

void graph_destroy(struct graph *graph)
{
	if (!graph)
		return;
	free(graph->in_start);
	free(graph->in_source);
	free(graph->in_edge);
	free(graph);
}
