/* Both questions are about sets of objects, and neither needs more than one pass over the heap: the
 * sums of a set go up the dominator tree, and what a set retains is what a search from the roots
 * that does not enter it leaves over. */
#include "gather.h"

#include "answer_parts.h"
#include "columns.h"
#include "modules.h"
#include "retained.h"

#define MOST 90 /* percent */

/* weight[] of the objects becomes, for each object of the tree, the sum of what it dominates. */
static struct hg_error *sum_up(const struct dominators *d, uint32_t *weight)
{
	_cleanup_free_ uint32_t *order = column_alloc(d->reached + 1ul, sizeof(*order));
	uint32_t used = 0;

	if (!order)
		return &hg_error_no_memory;
	for (uint32_t i = dominators_next(d, d->n, d->n); i != HGS_NONE;
	     i = dominators_next(d, d->n, i))
		order[used++] = i;
	while (used--)
		weight[d->parent[order[used]]] += weight[order[used]];
	return NULL;
}

static uint32_t heaviest(const struct dominators *d, const uint32_t *weight, uint32_t parent)
{
	uint32_t best = HGS_NONE;

	for (uint32_t i = d->first_child[parent]; i != HGS_NONE; i = d->next_sibling[i])
		if (best == HGS_NONE || weight[i] > weight[best])
			best = i;
	return best;
}

static bool is_point(const struct answer *answer, uint32_t object)
{
	uint32_t parent = answer->reach->parent[object];
	uint32_t scaffold = HGS_OBJ_MODULE | HGS_OBJ_TYPE_OBJECT | HGS_OBJ_PSEUDO;

	if (answer->s->flags[object] & scaffold)
		return false;
	return !(answer->s->flags[object] & HGS_OBJ_DICT) || parent == HGS_NONE ||
	       !(answer->s->flags[parent] & scaffold);
}

struct hg_error *gather(const struct answer *answer, const struct dominators *d,
			const uint32_t *objects, uint64_t count, struct gathering *ret)
{
	const struct snapshot *s = answer->s;
	_cleanup_free_ uint32_t *weight = column_zalloc(d->n + 1ul, sizeof(*weight));
	_cleanup_free_ uint8_t *is_member = column_zalloc(d->n + 1ul, 1);
	struct hg_error *error = weight && is_member ? NULL : &hg_error_no_memory;
	uint32_t at = d->n;

	*ret = (struct gathering){.object = HGS_NONE};
	for (uint64_t i = 0; i < count && !error; i++)
		weight[objects[i]] = is_member[objects[i]] = 1;
	if (!error)
		error = sum_up(d, weight);
	while (!error) {
		uint32_t child = heaviest(d, weight, at);

		if (child == HGS_NONE || is_member[child] ||
		    (uint64_t)weight[child] * 100 < count * MOST)
			break;
		at = child;
	}
	if (error || at == d->n)
		return error;
	if (d->parent[at] != d->n && attribute_dict(s, d->parent[at]) == at)
		at = d->parent[at];
	if (is_point(answer, at))
		*ret = (struct gathering){at, weight[at]};
	return NULL;
}

/* Marks what the queued objects lead to and nothing has marked yet. */
static void spread(const struct snapshot *s, uint8_t *seen, uint32_t *queue, uint32_t used, uint8_t mark)
{
	for (uint32_t next = 0; next < used; next++) {
		uint32_t object = queue[next];

		for (uint64_t e = s->start[object]; e < s->start[object + 1ul]; e++)
			if (!seen[s->target[e]]) {
				seen[s->target[e]] = mark;
				queue[used++] = s->target[e];
			}
	}
}

enum { STAYS = 1, GOES };

struct hg_error *retained_together(const struct answer *answer, const uint32_t *objects,
				   uint64_t count, struct together *ret)
{
	const struct snapshot *s = answer->s;
	_cleanup_free_ uint8_t *seen = column_zalloc(s->n + 1ul, 1);
	_cleanup_free_ uint32_t *queue = column_alloc(s->n + 1ul, sizeof(*queue));
	_cleanup_free_ uint8_t *is_root = NULL;
	struct hg_error *error = retained_roots(answer, &is_root);
	uint32_t used = 0;

	if (!error && (!seen || !queue))
		error = &hg_error_no_memory;
	if (error)
		return error;
	for (uint64_t i = 0; i < count; i++)
		seen[objects[i]] = GOES;
	for (uint32_t i = 0; i < s->n; i++) {
		if (seen[i] || (is_root[i] != DOMINATORS_ROOT && is_root[i] != DOMINATORS_OUT))
			continue;
		seen[i] = STAYS;
		if (is_root[i] == DOMINATORS_ROOT)
			queue[used++] = i;
	}
	spread(s, seen, queue, used, STAYS);
	used = 0;
	for (uint32_t i = 0; i < s->n; i++)
		if (seen[i] == GOES)
			queue[used++] = i;
	spread(s, seen, queue, used, GOES);
	*ret = (struct together){.freed = take_ptr(seen)};
	for (uint32_t i = 0; i < s->n; i++) {
		ret->freed[i] = ret->freed[i] == GOES && !unreached(answer, i);
		ret->objects += ret->freed[i];
		ret->bytes += ret->freed[i] ? s->size[i] : 0;
	}
	return NULL;
}
