/* Chains, step by step, as patterns: what of a step counts, and what is left out. */
#include "pattern_parts.h"

#include <string.h>
#include <xxhash.h>

#include "edge_text.h"
#include "roots.h"

static uint64_t text_hash(const char *text, uint64_t seed)
{
	return XXH3_64bits_withSeed(text, strlen(text), seed);
}

struct frames {
	const struct snapshot *s;
	uint32_t *sorted; /* rows of FRAMES by object */
};

static int by_object(const void *a, const void *b, void *context)
{
	const struct snapshot *s = context;
	uint32_t x = s->frames[*(const uint32_t *)a].object, y = s->frames[*(const uint32_t *)b].object;

	return (x > y) - (x < y);
}

static struct hg_error *frames_init(struct frames *frames, const struct snapshot *s)
{
	*frames = (struct frames){s, malloc((s->num_frames + 1ul) * sizeof(*frames->sorted))};
	if (!frames->sorted)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < s->num_frames; i++)
		frames->sorted[i] = i;
	qsort_r(frames->sorted, s->num_frames, sizeof(*frames->sorted), by_object, (void *)s);
	return NULL;
}

static void frames_deinit(struct frames *frames)
{
	free(frames->sorted);
}

static const char *function_of(const struct frames *frames, uint32_t object)
{
	uint32_t low = 0, high = frames->s->num_frames;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (frames->s->frames[frames->sorted[middle]].object < object)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < frames->s->num_frames && frames->s->frames[frames->sorted[low]].object == object)
		return snapshot_string(frames->s, frames->s->frames[frames->sorted[low]].name);
	return "";
}

bool pattern_has_own_name(const struct snapshot *s, uint32_t object)
{
	return s->flags[object] & (HGS_OBJ_TYPE_OBJECT | HGS_OBJ_MODULE) ||
	       type_is(s, object, "function");
}

static uint64_t object_hash(const struct snapshot *s, uint32_t object)
{
	uint64_t hash = text_hash(snapshot_type_name(s, object), 0);

	return pattern_has_own_name(s, object) ? text_hash(snapshot_text(s, object), hash) : hash;
}

/* An attribute is one however the object stores it. */
static uint64_t edge_hash(const struct frames *frames, const struct way *way)
{
	const struct snapshot *s = way->s;
	enum hgs_edge kind = HGS_EDGE_KIND(way->edge);
	uint32_t payload = HGS_EDGE_PAYLOAD(way->edge);

	switch (kind) {
	case HGS_EDGE_ATTR:
		return text_hash(snapshot_text(s, payload), HGS_EDGE_ATTR);
	case HGS_EDGE_MEMBER:
		return text_hash(snapshot_string(s, payload), HGS_EDGE_ATTR);
	case HGS_EDGE_KEY:
		return way->attribute ? text_hash(snapshot_text(s, payload), HGS_EDGE_ATTR) : kind;
	case HGS_EDGE_LOCAL:
		return text_hash(snapshot_text(s, payload),
				 text_hash(function_of(frames, way->from), kind));
	case HGS_EDGE_CELL:
		return text_hash(snapshot_text(s, payload), kind);
	default:
		return kind;
	}
}

static bool is_folded(uint32_t edge)
{
	return HGS_EDGE_KIND(edge) == HGS_EDGE_ATTR_DICT || HGS_EDGE_KIND(edge) == HGS_EDGE_FRAME;
}

static struct hg_error *step(struct patterns *patterns, const struct frames *frames, uint32_t parent,
			     const struct way *way, uint32_t *ret)
{
	uint64_t element;

	if (is_folded(way->edge)) {
		*ret = parent;
		return NULL;
	}
	element = pattern_mix(edge_hash(frames, way), object_hash(way->s, way->object));
	*ret = pattern_repetition(patterns, parent, element);
	if (*ret == HGS_NONE)
		return pattern_child(patterns, parent, element, way, ret);
	patterns->node[*ret].repeated = true;
	return NULL;
}

/* The pattern of a root, or of where a way begins without one. */
static struct hg_error *start(struct patterns *patterns, const struct snapshot *s, char *words,
			      uint32_t object, uint32_t *ret)
{
	struct way way = {s, HGS_NONE, HGS_NONE, 0, false};
	struct hg_error *error;

	if (!words)
		return &hg_error_no_memory;
	error = pattern_child(patterns, HGS_NONE, text_hash(words, 0), &way, ret);
	if (error || patterns->node[*ret].words)
		free(words);
	else
		patterns->node[*ret].words = words;
	if (error || object == HGS_NONE)
		return error;
	way.object = object;
	return pattern_child(patterns, *ret, object_hash(s, object), &way, ret);
}

static struct hg_error *start_of(struct patterns *patterns, const struct answer *answer,
				 uint32_t object, uint32_t *ret)
{
	const struct snapshot *s = answer->s;
	uint32_t root = answer->reach->root[object];

	switch ((enum reach_state)answer->reach->state[object]) {
	case REACH_ROOT:
		return start(patterns, s, root_kind_words(s, root), HGS_NONE, ret);
	case REACH_NATIVE:
		return start(patterns, s, root_kind_words(s, HGS_NONE), object, ret);
	case REACH_FROZEN:
		return start(patterns, s, strdup("permanent generation"), object, ret);
	case REACH_GARBAGE:
		break;
	}
	return start(patterns, s, strdup("garbage"), object, ret);
}

struct hg_error *patterns_of(struct patterns *patterns, const struct answer *answer,
			     const struct forest *forest, uint32_t **ret)
{
	const struct snapshot *s = answer->s;
	_cleanup_free_ uint32_t *of = malloc((s->n + 1ul) * sizeof(*of));
	_cleanup_(frames_deinit) struct frames frames = {0};
	struct hg_error *error = of ? frames_init(&frames, s) : &hg_error_no_memory;

	for (uint32_t i = 0; i < s->n && !error; i++) {
		uint32_t object = forest->order[i], from = forest->parent[object];
		uint32_t above = from == HGS_NONE ? HGS_NONE : forest->parent[from];
		struct way way = {.s = s, .object = object, .from = from};

		if (from == HGS_NONE) {
			error = start_of(patterns, answer, object, &of[object]);
			continue;
		}
		way.edge = s->name[forest->edge[object]];
		way.attribute = above != HGS_NONE &&
				HGS_EDGE_KIND(s->name[forest->edge[from]]) == HGS_EDGE_ATTR_DICT;
		error = step(patterns, &frames, of[from] & ~PATTERN_FOLDED, &way, &of[object]);
		of[object] |= is_folded(way.edge) ? PATTERN_FOLDED : 0;
	}
	if (!error)
		*ret = take_ptr(of);
	return error;
}

struct hg_error *patterns_of_chain(struct patterns *patterns, const struct snapshot *s,
				   const struct chain *chain, bool ring, uint32_t *ret)
{
	_cleanup_(frames_deinit) struct frames frames = {0};
	bool at_root = chain->root != HGS_NONE;
	struct hg_error *error = frames_init(&frames, s);

	if (!error)
		error = start(patterns, s, ring ? strdup("cycle") : root_kind_words(s, chain->root),
			      at_root ? HGS_NONE : chain->object[0], ret);
	for (uint32_t i = 1; i < chain->steps && !error; i++) {
		struct way way = {s, chain->object[i], chain->object[i - 1], chain->edge[i],
				  i > 1 && HGS_EDGE_KIND(chain->edge[i - 1]) == HGS_EDGE_ATTR_DICT};

		error = step(patterns, &frames, *ret, &way, ret);
	}
	return error;
}
