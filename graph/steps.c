#include "steps.h"

#include <string.h>

#include "edge_text.h"
#include "memtext.h"
#include "places.h"
#include "roots.h"
#include "utf8.h"

const char *folded_attribute(const struct snapshot *s, uint32_t edge, uint32_t next)
{
	uint32_t key = HGS_EDGE_PAYLOAD(next);

	if (HGS_EDGE_KIND(edge) != HGS_EDGE_ATTR_DICT || HGS_EDGE_KIND(next) != HGS_EDGE_KEY)
		return NULL;
	if (key >= s->n || strcmp(snapshot_type_name(s, key), "str") != 0)
		return NULL;
	return snapshot_text(s, key);
}

static bool is_stack(const struct snapshot *s, uint32_t edge)
{
	uint32_t payload = HGS_EDGE_PAYLOAD(edge);

	if (HGS_EDGE_KIND(edge) == HGS_EDGE_FRAME)
		return payload == HGS_FRAME_TOP || payload == HGS_FRAME_BACK;
	return snapshot_links_frames(s, edge);
}

/* A ring that starts inside an attribute dictionary is turned to start at what follows, or the
 * dictionary could not be folded. Writes into object/edge, of chain->steps entries. */
static void turn_ring(const struct snapshot *s, const struct chain *chain, uint32_t *cut,
		      uint32_t *object, uint32_t *edge)
{
	uint32_t length = chain->steps - 1; /* edges of the ring */
	uint32_t turn = length >= 2 && folded_attribute(s, chain->edge[length], chain->edge[1]);

	object[0] = chain->object[turn];
	edge[0] = 0;
	for (uint32_t i = 1; i <= length; i++) {
		uint32_t from = (i + turn - 1) % length + 1;

		object[i] = chain->object[from];
		edge[i] = chain->edge[from];
	}
	if (*cut && turn)
		*cut = *cut == 1 ? length : *cut - 1;
}

/* The words of the edge that ends at position *i; moves *i on where it folds. */
static char *fold_edge(const struct snapshot *s, const struct chain *chain, uint32_t *i,
		       struct step *step)
{
	const uint32_t *object = chain->object, *edge = chain->edge;
	uint32_t first = *i, steps = chain->steps;
	const char *name = first + 1 < steps ? folded_attribute(s, edge[first], edge[first + 1])
					     : NULL;
	struct place place;
	char *ret;

	step->through = HGS_NONE;
	if (place_at(s, chain, first - 1, &place)) {
		if (place_edge(&place, &ret))
			return NULL;
		if (ret) {
			*i = place.last;
			return ret;
		}
	}
	if (name) {
		step->through = object[(*i)++];
		return asprintf(&ret, ".%s", name) < 0 ? NULL : ret;
	}
	while (*i + 1 < steps && is_stack(s, edge[*i]) && is_stack(s, edge[*i + 1]))
		(*i)++;
	return edge_text(s, object[*i - 1], edge[*i]);
}

struct hg_error *steps_create(const struct snapshot *s, const struct chain *chain, uint32_t cut,
			      bool ring, struct steps *ret)
{
	struct chain turned = {.root = chain->root, .steps = chain->steps};
	uint32_t count = chain->steps;
	_cleanup_free_ uint32_t *object = calloc(count + 1ul, sizeof(*object));
	_cleanup_free_ uint32_t *edge = calloc(count + 1ul, sizeof(*edge));
	_cleanup_steps_ struct steps steps = {calloc(count + 1ul, sizeof(*steps.step)), 0};

	*ret = (struct steps){0};
	if (!object || !edge || !steps.step)
		return &hg_error_no_memory;
	if (ring && count > 1) {
		turn_ring(s, chain, &cut, object, edge);
	} else if (count) {
		memcpy(object, chain->object, count * sizeof(*object));
		memcpy(edge, chain->edge, count * sizeof(*edge));
	}
	turned.object = object;
	turned.edge = edge;
	for (uint32_t i = 0; i < count; i++) {
		struct step *step = &steps.step[steps.count++];
		uint32_t from = i;

		step->through = HGS_NONE;
		step->edge = i ? fold_edge(s, &turned, &i, step) : strdup("");
		if (!step->edge)
			return &hg_error_no_memory;
		step->object = object[i];
		step->cut = cut && cut >= from && cut <= i;
	}
	*ret = steps;
	steps = (struct steps){0};
	return NULL;
}

void steps_deinit(struct steps *steps)
{
	for (uint32_t i = 0; i < steps->count; i++)
		free(steps->step[i].edge);
	free(steps->step);
	*steps = (struct steps){0};
}

uint32_t steps_first(const struct snapshot *s, const struct chain *chain,
		     const struct steps *steps)
{
	return chain->root != HGS_NONE && s->roots[chain->root].kind == HGS_ROOT_MODULES &&
	       steps->count > 1 && (s->flags[steps->step[1].object] & HGS_OBJ_MODULE);
}

/* The frame object of a suspended generator, whose row is the generator's: "frame load". */
static char *old_frame_words(const struct snapshot *s, uint32_t object)
{
	static const char in[] = " in ";
	_cleanup_free_ char *place = NULL;
	struct memtext m;
	char *ret;

	if (!memtext_open(&m))
		return NULL;
	frame_print(m.out, s, object);
	place = memtext_close(&m);
	if (!place || strncmp(place, in, strlen(in)) != 0)
		return place ? strdup("frame") : NULL;
	return asprintf(&ret, "frame %s", place + strlen(in)) < 0 ? NULL : ret;
}

/* Frames and thread states: no Python objects, their words are in tables of their own. */
static char *pseudo_words(const struct snapshot *s, uint32_t object)
{
	char *ret;

	for (uint32_t i = 0; i < s->num_threads; i++)
		if (s->threads[i].object == object)
			return thread_words(s, &s->threads[i], true);
	for (uint32_t i = 0; i < s->num_frames; i++) {
		const struct hgs_frame *frame = &s->frames[i];

		if (frame->object != object)
			continue;
		if (frame->line <= 0)
			return asprintf(&ret, "frame %s", snapshot_string(s, frame->name)) < 0 ? NULL
											       : ret;
		return asprintf(&ret, "frame %s:%d", snapshot_string(s, frame->name),
				frame->line) < 0
			       ? NULL
			       : ret;
	}
	return type_is(s, object, "frame") ? old_frame_words(s, object)
					   : strdup(snapshot_type_name(s, object));
}

/* Whose method, whose cache, whose run it is, of an object without a text of its own; or "". */
static const char *borrowed_text(const struct snapshot *s, uint32_t object, const char *type)
{
	static const char *const runs[] = {"generator", "coroutine", "async_generator"};
	const char *name = callable_name(s, object);

	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
		const struct hgs_frame *frame = strcmp(type, runs[i]) ? NULL : frame_of(s, object);

		if (frame)
			return snapshot_string(s, frame->name);
	}
	return strcmp(name, type) ? name : "";
}

static char *raw_words(const struct snapshot *s, uint32_t object)
{
	const char *type = type_words(s, object), *text = snapshot_text(s, object);
	uint32_t flags = s->flags[object];
	_cleanup_free_ char *value = NULL;
	char *ret;
	int length;

	if (flags & HGS_OBJ_PSEUDO || strcmp(type, "frame") == 0)
		return pseudo_words(s, object);
	if (flags & HGS_OBJ_MODULE && *text)
		return asprintf(&ret, "module %s", text) < 0 ? NULL : ret;
	if (flags & HGS_OBJ_TYPE_OBJECT && *text)
		return asprintf(&ret, "class %s", text) < 0 ? NULL : ret;
	if (!*text)
		text = borrowed_text(s, object, type);
	if (!*text)
		return strdup(type);
	if (strcmp(type, "NoneType") == 0 || strcmp(type, "bool") == 0)
		return strdup(text);
	if (strcmp(type, "str") == 0 || strcmp(type, "bytes") == 0) {
		value = object_text(s, object);
		if (!value)
			return NULL;
		text = value;
	}
	length = asprintf(&ret, "%s %s", type, text);
	return length < 0 ? NULL : ret;
}

/* Takes the text. */
static char *escaped(char *text)
{
	char *ret = text ? text_escape(text, true) : NULL;

	free(text);
	return ret;
}

char *object_words(const struct snapshot *s, uint32_t object)
{
	return escaped(raw_words(s, object));
}

/* A thread's words, a module's or a type's say by themselves what root it is. */
static bool names_itself(uint32_t root_kind)
{
	return root_kind == HGS_ROOT_THREAD || root_kind == HGS_ROOT_STATIC;
}

char *root_or_object_words(const struct snapshot *s, uint32_t root, uint32_t object)
{
	_cleanup_free_ char *words = NULL, *of_root = NULL;
	char *ret;

	if (root == HGS_NONE || s->roots[root].object != object || names_itself(s->roots[root].kind))
		return object_words(s, object);
	of_root = escaped(root_words(s, root, true));
	words = object_words(s, object);
	if (!of_root || !words)
		return NULL;
	if (s->flags[object] & HGS_OBJ_DICT)
		return strdup(of_root);
	return asprintf(&ret, "%s: %s", of_root, words) < 0 ? NULL : ret;
}
