/* A trie of steps. A pattern is a node of it: its parent's pattern and one step more. Each object's
 * pattern is then one look-up from its parent's in the forest, so that a million chains cost no more
 * than a million objects, however long they are. */
#include "pattern.h"

#include <string.h>
#include <xxhash.h>

#include "edge_text.h"
#include "memtext.h"
#include "modules.h"
#include "roots.h"
#include "steps.h"

#define LONGEST_PERIOD 4 /* steps of a part that is looked for again */

/* A step of a chain: `object` by the reference `edge` of `from`. */
struct way {
	const struct snapshot *s;
	uint32_t object, from;
	uint32_t edge;	 /* its name */
	bool attribute;	 /* `from` is an attribute dictionary: the key is an attribute */
};

struct node {
	uint32_t parent; /* HGS_NONE: a root */
	bool repeated;
	uint64_t element; /* hash of the step alone */
	uint64_t signature;
	struct way way; /* the first that was met; object HGS_NONE: nothing but the root's words */
	char *words;	/* of a root; else NULL */
};

struct patterns {
	struct node *node;
	uint32_t count;
	uint32_t *table; /* open addressing; node + 1, 0: free */
	uint32_t slots;	 /* a power of two */
};

static uint64_t text_hash(const char *text, uint64_t seed)
{
	return XXH3_64bits_withSeed(text, strlen(text), seed);
}

static uint64_t mix(uint64_t a, uint64_t b)
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

/* --- the trie ---------------------------------------------------------------------------------- */

static uint32_t slot_of(const struct patterns *patterns, uint32_t parent, uint64_t element)
{
	uint32_t slot = (uint32_t)(mix(parent, element) >> 32) & (patterns->slots - 1);

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

static struct hg_error *child(struct patterns *patterns, uint32_t parent, uint64_t element,
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
								.signature = mix(before, element),
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

/* Where `element` below `parent` ends the same part a second time: the node where it ended first. */
static uint32_t repetition(const struct patterns *patterns, uint32_t parent, uint64_t element)
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

/* --- steps ------------------------------------------------------------------------------------- */

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

/* Classes, modules and functions are known by their own names, others by their type's. */
static bool has_own_name(const struct snapshot *s, uint32_t object)
{
	return s->flags[object] & (HGS_OBJ_TYPE_OBJECT | HGS_OBJ_MODULE) ||
	       type_is(s, object, "function");
}

static uint64_t object_hash(const struct snapshot *s, uint32_t object)
{
	uint64_t hash = text_hash(snapshot_type_name(s, object), 0);

	return has_own_name(s, object) ? text_hash(snapshot_text(s, object), hash) : hash;
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
	element = mix(edge_hash(frames, way), object_hash(way->s, way->object));
	*ret = repetition(patterns, parent, element);
	if (*ret == HGS_NONE)
		return child(patterns, parent, element, way, ret);
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
	error = child(patterns, HGS_NONE, text_hash(words, 0), &way, ret);
	if (error || patterns->node[*ret].words)
		free(words);
	else
		patterns->node[*ret].words = words;
	if (error || object == HGS_NONE)
		return error;
	way.object = object;
	return child(patterns, *ret, object_hash(s, object), &way, ret);
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

/* --- words ------------------------------------------------------------------------------------- */

static void print_edge(FILE *out, const struct way *way)
{
	const struct snapshot *s = way->s;
	uint32_t payload = HGS_EDGE_PAYLOAD(way->edge);
	const struct hgs_frame *frame;

	switch (HGS_EDGE_KIND(way->edge)) {
	case HGS_EDGE_ATTR:
		fprintf(out, ".%s ", snapshot_text(s, payload));
		break;
	case HGS_EDGE_MEMBER:
		fprintf(out, ".%s ", snapshot_string(s, payload));
		break;
	case HGS_EDGE_KEY:
		if (way->attribute)
			fprintf(out, ".%s ", snapshot_text(s, payload));
		else if (!modules_is_table(s, way->from))
			fputs("[*] ", out);
		break;
	case HGS_EDGE_INDEX:
		fputs("[*] ", out);
		break;
	case HGS_EDGE_SET_ITEM:
		fputs("{*} ", out);
		break;
	case HGS_EDGE_LOCAL:
		frame = frame_of(s, way->from);
		fprintf(out, "local %s%s%s ", snapshot_text(s, payload), frame ? " in " : "",
			frame ? snapshot_string(s, frame->name) : "");
		break;
	case HGS_EDGE_CELL:
		fprintf(out, "closure %s ", snapshot_text(s, payload));
		break;
	case HGS_EDGE_DICT_KEY:
		fputs("key ", out);
		break;
	case HGS_EDGE_TYPE:
		fputs(".__class__ ", out);
		break;
	case HGS_EDGE_STACK:
		fputs("value in use ", out);
		break;
	default:
		break;
	}
}

static void print_object(FILE *out, const struct snapshot *s, uint32_t object)
{
	if (s->flags[object] & HGS_OBJ_TYPE_OBJECT)
		fprintf(out, "class %s", snapshot_text(s, object));
	else if (has_own_name(s, object) && *snapshot_text(s, object))
		fprintf(out, "%s %s", snapshot_type_name(s, object), snapshot_text(s, object));
	else
		fputs(snapshot_type_name(s, object), out);
}

char *pattern_words(const struct patterns *patterns, uint32_t pattern)
{
	_cleanup_free_ uint32_t *path = NULL;
	struct memtext text;
	uint32_t count = 0;

	for (uint32_t i = pattern; i != HGS_NONE; i = patterns->node[i].parent)
		count++;
	path = malloc(count * sizeof(*path));
	if (!path || !memtext_open(&text))
		return NULL;
	for (uint32_t i = pattern, k = count; i != HGS_NONE; i = patterns->node[i].parent)
		path[--k] = i;
	for (uint32_t k = 0; k < count; k++) {
		const struct node *node = &patterns->node[path[k]];
		bool module = k == 0 && count > 1 && !strcmp(node->words, "sys.modules");

		if (node->words) {
			fprintf(text.out, "%s%s", module ? "" : node->words,
				k + 1 < count && !module ? " > " : "");
			continue;
		}
		if (node->way.from != HGS_NONE)
			print_edge(text.out, &node->way);
		print_object(text.out, node->way.s, node->way.object);
		fprintf(text.out, "%s%s", node->repeated ? " ..." : "", k + 1 < count ? " > " : "");
	}
	return memtext_close(&text);
}
