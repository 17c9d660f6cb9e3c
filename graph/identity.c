/* Objects of two snapshots, matched.
 *
 * An address is where they are looked for; it is no proof, because the allocator gives the memory of
 * an object that is gone to the next one of its size, and the free lists of CPython do so at once. So
 * a pair at one address is a candidate unless something contradicts it, and candidates are settled
 * in two steps:
 *
 *  1. From what cannot have been replaced (roots, modules, types, immortal objects) along references
 *     that are the same in both snapshots: an object that is still `config` of the same module is
 *     the same object. A position in a list is weak evidence, since the next item takes the place of
 *     one that is gone; there the values that the two refer to must not disagree.
 *  2. What is left has moved to another place. Equal values make it the same object, other values
 *     another one. Where there are no values to compare, it is taken for the same and counted as
 *     unproven.
 *
 * So a reused address is missed only if the new object is of the same type and stands under the same
 * name in the same object, or has no place and no values. */
#include "identity.h"

#include <string.h>

#include "identity_evidence.h"

struct match {
	const struct snapshot *old, *new;
	struct identity *identity; /* `older` has the candidates until they are settled */
	uint8_t *settled;	   /* [new] */
	uint32_t *queue;	   /* [new] settled as the same, their references to be looked at */
	uint32_t head, tail;
	uint32_t *referrer; /* [old] who refers to it, + 1, as far as looked at */
	uint32_t *edge;	    /* [old] and by which reference */
};

struct address {
	uint64_t value;
	uint32_t object;
};

/* Ascending by address, then object: least significant digit first, stable. O(n). */
static struct hg_error *sort_addresses(const struct snapshot *s, struct address **ret)
{
	_cleanup_free_ struct address *a = malloc((s->n + 1ul) * sizeof(*a));
	_cleanup_free_ struct address *b = malloc((s->n + 1ul) * sizeof(*b));
	_cleanup_free_ uint32_t *count = malloc(65537 * sizeof(*count));

	if (!a || !b || !count)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < s->n; i++)
		a[i] = (struct address){s->addr[i], i};
	for (unsigned shift = 0; shift < 64; shift += 16) {
		struct address *swap;

		memset(count, 0, 65537 * sizeof(*count));
		for (uint32_t i = 0; i < s->n; i++)
			count[(a[i].value >> shift & 0xffff) + 1]++;
		for (uint32_t digit = 0; digit < 65536; digit++)
			count[digit + 1] += count[digit];
		for (uint32_t i = 0; i < s->n; i++)
			b[count[a[i].value >> shift & 0xffff]++] = a[i];
		swap = a;
		a = b;
		b = swap;
	}
	*ret = take_ptr(a);
	return NULL;
}

/* Fills identity->older with what stands at the same address and may be the same. */
static struct hg_error *find_candidates(struct match *match)
{
	_cleanup_free_ struct address *old = NULL, *new = NULL;
	struct hg_error *error = sort_addresses(match->old, &old);
	struct identity *identity = match->identity;
	uint32_t a = 0, b = 0;

	if (!error)
		error = sort_addresses(match->new, &new);
	if (error)
		return error;
	while (a < match->old->n && b < match->new->n) {
		if (old[a].value < new[b].value) {
			a++;
		} else if (old[a].value > new[b].value) {
			b++;
		} else {
			if (contradicts(match->old, old[a].object, match->new, new[b].object))
				identity->reused++;
			else
				identity->older[new[b].object] = old[a].object;
			a++;
			b++;
		}
	}
	return NULL;
}

static void settle(struct match *match, uint32_t object)
{
	match->settled[object] = 1;
	match->queue[match->tail++] = object;
}

/* What keeps its place as long as the interpreter runs, and what has a name of its own. */
static bool is_fixed(const struct snapshot *s, uint32_t object)
{
	return s->flags[object] & (HGS_OBJ_TYPE_OBJECT | HGS_OBJ_MODULE | HGS_OBJ_IMMORTAL) ||
	       (*snapshot_text(s, object) && !(s->flags[object] & HGS_OBJ_GC));
}

static void settle_fixed(struct match *match)
{
	const struct snapshot *old = match->old, *new = match->new;

	for (uint32_t i = 0; i < new->n; i++)
		if (match->identity->older[i] != HGS_NONE && is_fixed(new, i))
			settle(match, i);
	for (uint32_t i = 0; i < new->num_roots; i++) {
		uint32_t object = new->roots[i].object, before = match->identity->older[object];

		if (before == HGS_NONE || match->settled[object])
			continue;
		for (uint32_t k = 0; k < old->num_roots; k++)
			if (old->roots[k].object == before &&
			    old->roots[k].kind == new->roots[i].kind && !match->settled[object])
				settle(match, object);
	}
}

/* Settles what `object`, the same as before, still refers to in the same way. */
static void follow(struct match *match, uint32_t object)
{
	const struct snapshot *old = match->old, *new = match->new;
	uint32_t before = match->identity->older[object];

	for (uint64_t e = old->start[before]; e < old->start[before + 1ul]; e++) {
		match->referrer[old->target[e]] = before + 1;
		match->edge[old->target[e]] = (uint32_t)e;
	}
	for (uint64_t e = new->start[object]; e < new->start[object + 1ul]; e++) {
		uint32_t target = new->target[e], was = match->identity->older[target];
		enum place place;

		if (match->settled[target] || was == HGS_NONE || match->referrer[was] != before + 1)
			continue;
		place = same_place(old, old->name[match->edge[was]], new, new->name[e]);
		if (place == PLACE_STRONG ||
		    (place == PLACE_WEAK &&
		     compare_values(old, was, new, target) != VALUES_DIFFER))
			settle(match, target);
	}
}

static void follow_all(struct match *match)
{
	while (match->head < match->tail)
		follow(match, match->queue[match->head++]);
}

static void settle_moved(struct match *match)
{
	struct identity *identity = match->identity;

	for (uint32_t i = 0; i < match->new->n; i++) {
		enum values values;

		if (match->settled[i] || identity->older[i] == HGS_NONE)
			continue;
		values = compare_values(match->old, identity->older[i], match->new, i);
		if (values == VALUES_DIFFER) {
			identity->older[i] = HGS_NONE;
			identity->reused++;
			continue;
		}
		identity->unproven += values == VALUES_UNKNOWN;
		settle(match, i);
		follow_all(match);
	}
}

static struct hg_error *run(struct match *match)
{
	struct identity *identity = match->identity;
	struct hg_error *error;

	memset(identity->newer, 0xff, (match->old->n + 1ul) * sizeof(*identity->newer));
	memset(identity->older, 0xff, (match->new->n + 1ul) * sizeof(*identity->older));
	error = find_candidates(match);
	if (error)
		return error;
	settle_fixed(match);
	follow_all(match);
	settle_moved(match);
	for (uint32_t i = 0; i < match->new->n; i++)
		if (identity->older[i] != HGS_NONE)
			identity->newer[identity->older[i]] = i;
	return NULL;
}

struct hg_error *identity_create(const struct snapshot *old, const struct snapshot *new,
				 struct identity **ret)
{
	size_t before = old->n + 1ul, now = new->n + 1ul;
	_cleanup_free_ uint8_t *settled = calloc(now, sizeof(*settled));
	_cleanup_free_ uint32_t *queue = malloc(now * sizeof(*queue));
	_cleanup_free_ uint32_t *referrer = calloc(before, sizeof(*referrer));
	_cleanup_free_ uint32_t *edge = malloc(before * sizeof(*edge));
	struct identity *identity = calloc(1, sizeof(*identity));
	struct match match = {.old = old, .new = new, .identity = identity, .settled = settled,
			      .queue = queue, .referrer = referrer, .edge = edge};
	struct hg_error *error = &hg_error_no_memory;

	if (!identity)
		return error;
	identity->newer = malloc(before * sizeof(*identity->newer));
	identity->older = malloc(now * sizeof(*identity->older));
	if (settled && queue && referrer && edge && identity->newer && identity->older)
		error = run(&match);
	if (error)
		identity_destroy(identity);
	else
		*ret = identity;
	return error;
}

void identity_destroy(struct identity *identity)
{
	if (!identity)
		return;
	free(identity->newer);
	free(identity->older);
	free(identity);
}
