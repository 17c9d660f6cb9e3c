/* A chain is read off the forest that reach_create() left: from the object up to its root. */
#include "graph.h"

#include <string.h>

struct hg_error *chain_of(const struct snapshot *s, const struct reach *reach, uint32_t object,
			  struct chain *ret)
{
	struct chain chain = {.root = reach->root[object]};

	memset(ret, 0, sizeof(*ret));
	ret->root = HGS_NONE;
	if (reach->state[object] == REACH_GARBAGE)
		return NULL;
	for (uint32_t i = object; i != HGS_NONE; i = reach->parent[i])
		chain.steps++;
	chain.object = malloc(chain.steps * sizeof(*chain.object));
	chain.edge = calloc(chain.steps, sizeof(*chain.edge));
	if (!chain.object || !chain.edge) {
		chain_deinit(&chain);
		return &hg_error_no_memory;
	}
	for (uint32_t i = object, step = chain.steps; i != HGS_NONE; i = reach->parent[i]) {
		chain.object[--step] = i;
		if (step)
			chain.edge[step] = s->name[reach->parent_edge[i]];
	}
	*ret = chain;
	return NULL;
}

void chain_deinit(struct chain *chain)
{
	free(chain->object);
	free(chain->edge);
	memset(chain, 0, sizeof(*chain));
	chain->root = HGS_NONE;
}
