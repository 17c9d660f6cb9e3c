/* A trie of steps. A pattern is a node of it: its parent's pattern and one step more. Each object's
 * pattern is then one look-up from its parent's in the forest, so that a million chains cost no more
 * than a million objects, however long they are. */
#include "pattern_parts.h"

#include <stdio.h>
#include <xxhash.h>

#define LONGEST_PERIOD 4 /* steps of a part that is looked for again */

uint64_t pattern_mix(uint64_t a, uint64_t b)
{
	uint64_t both[2] = {a, b};

	return XXH3_64bits(both, sizeof(both));
}

struct hg_error *patterns_create(struct patterns **ret)
{
	struct patterns *patterns = calloc(1, sizeof(*patterns));

	if (!patterns)
		return &hg_error_no_memory;
	*ret = patterns;
	return NULL;
}

void patterns_destroy(struct patterns *patterns)
{
	if (!patterns)
		return;
	for (uint32_t i = 0; i < patterns->count; i++)
		free(patterns->node[i].words);
	free(patterns->node);
	free(patterns->table);
	free(patterns);
}

uint32_t patterns_count(const struct patterns *patterns)
{
	return patterns->count;
}

uint64_t pattern_signature(const struct patterns *patterns, uint32_t pattern)
{
	return patterns->node[pattern].signature;
}

const char *signature_text(uint64_t signature, char *buffer)
{
	snprintf(buffer, SIGNATURE_SIZE, "%016llx", (unsigned long long)signature);
	return buffer;
}

static uint32_t slot_of(const struct patterns *patterns, uint32_t parent, uint64_t element)
{
	uint32_t slot = (uint32_t)(pattern_mix(parent, element) >> 32) & (patterns->slots - 1);

	while (patterns->table[slot]) {
		const struct node *node = &patterns->node[patterns->table[slot] - 1];

		if (node->parent == parent && node->element == element)
			break;
		slot = (slot + 1) & (patterns->slots - 1);
	}
	return slot;
}

/* Room for one more node: the table at most half full, the nodes in powers of two. */
static bool make_room(struct patterns *patterns)
{
	uint32_t slots = patterns->slots ? patterns->slots * 2 : 1024;
	struct node *nodes;
	uint32_t *table;

	if (patterns->count * 2ull < patterns->slots)
		return true;
	nodes = realloc(patterns->node, slots / 2 * sizeof(*nodes));
	if (!nodes)
		return false;
	patterns->node = nodes;
	table = calloc(slots, sizeof(*table));
	if (!table)
		return false;
	free(patterns->table);
	patterns->table = table;
	patterns->slots = slots;
	for (uint32_t i = 0; i < patterns->count; i++)
		table[slot_of(patterns, nodes[i].parent, nodes[i].element)] = i + 1;
	return true;
}

struct hg_error *pattern_child(struct patterns *patterns, uint32_t parent, uint64_t element,
			       const struct way *way, uint32_t *ret)
{
	uint32_t slot;

	if (!make_room(patterns))
		return &hg_error_no_memory;
	slot = slot_of(patterns, parent, element);
	if (!patterns->table[slot]) {
		uint64_t before = parent == HGS_NONE ? 0 : patterns->node[parent].signature;

		patterns->node[patterns->count] = (struct node){.parent = parent,
								.element = element,
								.signature = pattern_mix(before, element),
								.way = *way};
		patterns->table[slot] = ++patterns->count;
	}
	*ret = patterns->table[slot] - 1;
	return NULL;
}

static uint32_t ancestor(const struct patterns *patterns, uint32_t node, unsigned generations)
{
	while (generations-- && node != HGS_NONE)
		node = patterns->node[node].parent;
	return node;
}

uint32_t pattern_repetition(const struct patterns *patterns, uint32_t parent, uint64_t element)
{
	for (unsigned period = 1; period <= LONGEST_PERIOD; period++) {
		uint32_t end = ancestor(patterns, parent, period - 1), a = parent, b = end;
		bool equal = end != HGS_NONE && patterns->node[end].parent != HGS_NONE &&
			     patterns->node[end].element == element;

		for (unsigned i = 1; equal && i < period; i++) {
			b = patterns->node[b].parent;
			equal = b != HGS_NONE && patterns->node[b].parent != HGS_NONE &&
				patterns->node[a].element == patterns->node[b].element;
			a = patterns->node[a].parent;
		}
		if (equal)
			return end;
	}
	return HGS_NONE;
}
