/* A hash for each chain, made from that of the chain to its parent, and remembered: the chains of a
 * million objects share nearly all of their steps. */
#include "kinds.h"

#include <string.h>
#include <xxhash.h>

#include "columns.h"
#include "modules.h"

struct kinds {
	const struct answer *answer;
	uint64_t *hash; /* by object; 0: not known yet */
	uint32_t *path; /* objects whose hashes wait for that of the next one */
	size_t room;
};

struct hg_error *kinds_create(const struct answer *answer, struct kinds **ret)
{
	struct kinds *kinds = calloc(1, sizeof(*kinds));

	if (kinds)
		kinds->hash = column_zalloc(answer->s->n + 1ul, sizeof(*kinds->hash));
	if (!kinds || !kinds->hash) {
		kinds_destroy(kinds);
		return &hg_error_no_memory;
	}
	kinds->answer = answer;
	*ret = kinds;
	return NULL;
}

void kinds_destroy(struct kinds *kinds)
{
	if (!kinds)
		return;
	free(kinds->hash);
	free(kinds->path);
	free(kinds);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t hash = (a ^ b * 0x9e3779b97f4a7c15ull) * 0xd6e8feb86659fd93ull;

	return (hash ^ hash >> 32) | 1; /* never 0 */
}

static uint64_t text_hash(const char *text)
{
	return XXH3_64bits(text, strlen(text));
}

static bool is_start(const struct reach *reach, uint32_t object)
{
	return reach->parent_edge[object] == UINT64_MAX;
}

/* In other dicts one key is as good as another. */
bool has_names(const struct answer *answer, uint32_t dict)
{
	const struct reach *reach = answer->reach;

	if (is_start(reach, dict))
		return true;
	return HGS_EDGE_KIND(answer->s->name[reach->parent_edge[dict]]) == HGS_EDGE_ATTR_DICT;
}

static uint64_t edge_hash(const struct answer *answer, uint32_t from, uint32_t edge)
{
	const struct snapshot *s = answer->s;
	enum hgs_edge kind = HGS_EDGE_KIND(edge);
	uint32_t payload = HGS_EDGE_PAYLOAD(edge);

	switch (kind) {
	case HGS_EDGE_KEY:
		if (!has_names(answer, from))
			return kind;
		return text_hash(snapshot_text(s, payload)) + kind;
	case HGS_EDGE_ATTR:
	case HGS_EDGE_LOCAL:
	case HGS_EDGE_CELL:
		return text_hash(snapshot_text(s, payload)) + kind;
	case HGS_EDGE_MEMBER:
		return text_hash(snapshot_string(s, payload)) + kind;
	default:
		return kind;
	}
}

static uint64_t step_hash(const struct answer *answer, uint32_t from, uint32_t edge, uint32_t to)
{
	return mix(edge_hash(answer, from, edge), text_hash(snapshot_type_name(answer->s, to)));
}

/* The last step of the object's own chain. */
static uint64_t last_step(const struct answer *answer, uint32_t object)
{
	const struct reach *reach = answer->reach;

	if (is_start(reach, object))
		return 0;
	return step_hash(answer, reach->parent[object],
			 answer->s->name[reach->parent_edge[object]], object);
}

static uint64_t start_hash(const struct answer *answer, uint32_t object)
{
	const struct reach *reach = answer->reach;

	return mix(mix(reach->state[object], reach->root[object]),
		   text_hash(snapshot_type_name(answer->s, object)));
}

/* With the hash of its parent known. A step that repeats the one before it, or the two before (an
 * instance and its dict), adds nothing. */
static uint64_t extend(const struct kinds *kinds, uint32_t object)
{
	const struct answer *answer = kinds->answer;
	const uint32_t *parent = answer->reach->parent;
	uint64_t step = last_step(answer, object), before;
	uint32_t up = parent[object], further;

	before = last_step(answer, up);
	if (!before || before == step)
		return before ? kinds->hash[up] : mix(kinds->hash[up], step);
	further = parent[up];
	if (last_step(answer, further) == step && !is_start(answer->reach, parent[further]) &&
	    last_step(answer, parent[further]) == before)
		return kinds->hash[further];
	return mix(kinds->hash[up], step);
}

uint64_t kind_of_chain(struct kinds *kinds, uint32_t object)
{
	const struct reach *reach = kinds->answer->reach;
	size_t waiting = 0;
	uint32_t at = object;

	for (; !kinds->hash[at] && !is_start(reach, at); at = reach->parent[at]) {
		if (waiting == kinds->room) {
			size_t room = kinds->room ? kinds->room * 2 : 64;
			uint32_t *grown = realloc(kinds->path, room * sizeof(*grown));

			if (!grown)
				return 0;
			kinds->path = grown;
			kinds->room = room;
		}
		kinds->path[waiting++] = at;
	}
	if (!kinds->hash[at])
		kinds->hash[at] = start_hash(kinds->answer, at);
	while (waiting--)
		kinds->hash[kinds->path[waiting]] = extend(kinds, kinds->path[waiting]);
	return kinds->hash[object];
}

uint64_t kind_of_way(struct kinds *kinds, uint32_t referrer, uint32_t edge, uint32_t object)
{
	uint64_t kind = kind_of_chain(kinds, referrer);

	return kind ? mix(kind, step_hash(kinds->answer, referrer, edge, object)) : 0;
}

struct member {
	uint64_t kind;
	uint32_t object;
};

static int by_kind(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return (x->object > y->object) - (x->object < y->object);
}

static int by_count(const void *a, const void *b)
{
	const struct crowd *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return (x->object > y->object) - (x->object < y->object);
}

struct hg_error *crowds_create(const struct answer *answer, const uint32_t *objects, uint64_t count,
			       struct crowd **ret, uint32_t *crowds)
{
	_cleanup_kinds_ struct kinds *kinds = NULL;
	_cleanup_free_ struct member *member = column_alloc(count + 1, sizeof(*member));
	struct hg_error *error = kinds_create(answer, &kinds);
	struct crowd *crowd = calloc(count + 1, sizeof(*crowd));
	uint32_t used = 0;

	if (!error && (!member || !crowd))
		error = &hg_error_no_memory;
	for (uint64_t i = 0; i < count && !error; i++) {
		member[i] = (struct member){kind_of_chain(kinds, objects[i]), objects[i]};
		error = member[i].kind ? NULL : &hg_error_no_memory;
	}
	if (error) {
		free(crowd);
		return error;
	}
	qsort(member, count, sizeof(*member), by_kind);
	for (uint64_t i = 0; i < count; i++) {
		if (!i || member[i].kind != member[i - 1].kind)
			crowd[used++].object = member[i].object;
		crowd[used - 1].count++;
	}
	qsort(crowd, used, sizeof(*crowd), by_count);
	*ret = crowd;
	*crowds = used;
	return NULL;
}
