/* native-pointer: attributes and variables whose value is the address of a block of malloc.
 *
 * A C library's handle is often such an address, kept as an int: what is behind it, Python will not free.
 * That an int is one is an inference, and is said to be; which library made the block, and whether it is
 * freed, cannot be known. Only classes and functions outside the standard library are looked at, and the
 * handles of libraries are told elsewhere. */
#include <stdlib.h>
#include <string.h>

#include "edge_text.h"
#include "findings.h"
#include "list.h"
#include "modules.h"
#include "places.h"
#include "words.h"

struct spot {
	uint32_t type;	/* of the object whose attribute it is */
	uint32_t name;	/* edge name */
	uint32_t object, block;
};

struct spots {
	struct making *making;
	uint32_t *block; /* of each object that is such an int: index + 1 */
	struct spot *spot;
	uint32_t count;
};

static struct hg_error *add(struct spots *p, const struct spot *spot)
{
	struct spot *row = list_add(&p->spot, &p->count);

	if (!row)
		return &hg_error_no_memory;
	*row = *spot;
	return NULL;
}

/* The references of one kind from `from` to such ints, as attributes or variables of `object`. */
static struct hg_error *collect(struct spots *p, uint32_t object, uint32_t from, enum hgs_edge kind)
{
	const struct snapshot *s = p->making->answer->s;
	struct hg_error *error = NULL;

	for (uint64_t e = s->start[from]; e < s->start[from + 1ul] && !error; e++)
		if (p->block[s->target[e]] && HGS_EDGE_KIND(s->name[e]) == kind)
			error = add(p, &(struct spot){.type = s->type[object],
						       .name = s->name[e],
						       .object = object,
						       .block = p->block[s->target[e]] - 1});
	return error;
}

static bool is_frame(const struct snapshot *s, uint32_t i)
{
	return s->type[i] != HGS_NONE && !strcmp(snapshot_type_name(s, i), "frame");
}

static struct hg_error *look_at(struct spots *p, uint32_t i)
{
	const struct snapshot *s = p->making->answer->s;
	uint32_t dict;
	struct hg_error *error;

	if (s->flags[i] & HGS_OBJ_PSEUDO || is_frame(s, i))
		return collect(p, i, i, HGS_EDGE_LOCAL);
	if (!(s->flags[i] & HGS_OBJ_USER) || s->flags[i] & HGS_OBJ_TYPE_OBJECT ||
	    holder_at(p->making, i, HGS_HOLDER_HANDLE) || !object_is_foreign(p->making, i))
		return NULL;
	error = collect(p, i, i, HGS_EDGE_ATTR);
	dict = attribute_dict(s, i);
	return error || dict == HGS_NONE ? error : collect(p, i, dict, HGS_EDGE_KEY);
}

static int by_attribute(const void *a, const void *b)
{
	const struct spot *x = a, *y = b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (HGS_EDGE_PAYLOAD(x->name) != HGS_EDGE_PAYLOAD(y->name))
		return HGS_EDGE_PAYLOAD(x->name) < HGS_EDGE_PAYLOAD(y->name) ? -1 : 1;
	return (x->object > y->object) - (x->object < y->object);
}

static bool same_attribute(const struct spot *a, const struct spot *b)
{
	return a->type == b->type && HGS_EDGE_PAYLOAD(a->name) == HGS_EDGE_PAYLOAD(b->name);
}

/* "__main__.Connection._ptr", "local block in fail:12" */
static char *attribute_words(const struct snapshot *s, const struct spot *spot)
{
	char *words;

	if (HGS_EDGE_KIND(spot->name) == HGS_EDGE_LOCAL)
		return edge_text(s, spot->object, spot->name);
	if (asprintf(&words, "%s.%s", snapshot_type_name(s, spot->object),
		     snapshot_text(s, HGS_EDGE_PAYLOAD(spot->name))) < 0)
		return NULL;
	return words;
}

/* From a root to the int: one step more than to what has it, or two through a dict of attributes. No
 * steps where that is garbage. */
static struct hg_error *chain_to(const struct answer *answer, const struct spot *spot,
				 struct chain *ret)
{
	const struct snapshot *s = answer->s;
	struct hg_error *error = chain_of(s, answer->reach, spot->object, ret);
	uint32_t *object, *edge;

	if (error || !ret->steps)
		return error;
	object = reallocarray(ret->object, ret->steps + 2ul, sizeof(*object));
	if (object)
		ret->object = object;
	edge = reallocarray(ret->edge, ret->steps + 2ul, sizeof(*edge));
	if (edge)
		ret->edge = edge;
	if (!object || !edge)
		return &hg_error_no_memory;
	if (HGS_EDGE_KIND(spot->name) == HGS_EDGE_KEY) {
		object[ret->steps] = attribute_dict(s, spot->object);
		edge[ret->steps++] = HGS_EDGE_NAME(HGS_EDGE_ATTR_DICT, 0);
	}
	object[ret->steps] = s->blocks[spot->block].object;
	edge[ret->steps++] = spot->name;
	return NULL;
}

/* A variable that a traceback keeps is of a call that left by an exception, before it freed the block. */
static char *advise(const struct spot *spot, const struct place *kept)
{
	_cleanup_free_ char *keeper = NULL;

	if (HGS_EDGE_KIND(spot->name) != HGS_EDGE_LOCAL || !kept ||
	    place_severity(kept) != SEVERITY_WARNING)
		return finding_text("Python will not free it: see that each is given back to the "
				    "library it came from before the number is lost");
	keeper = place_advice(kept);
	return keeper ? finding_text("give it back in a finally clause of that call, which is over; %s",
				     keeper)
		      : NULL;
}

static void describe(const struct answer *answer, const struct spot *run, const struct chain *chain,
		     struct finding *finding)
{
	const struct snapshot *s = answer->s;
	const struct hgs_block *block = &s->blocks[run->block];
	_cleanup_free_ char *attribute = attribute_words(s, run);
	_cleanup_free_ char *path = chain->steps ? path_text(s, chain) : strdup("garbage");
	unsigned long long count = finding->count;
	struct place place;
	bool kept = place_of_chain(s, chain, &place);
	char bytes[WORD_SIZE];

	if (!attribute || !path)
		return;
	finding->title = finding_text("%s: %llu address%s of %snative block%s (inferred)", attribute,
				      count, count == 1 ? "" : "es", count == 1 ? "a " : "",
				      plural(count));
	finding->evidence = finding_text("0x%llx in %s is where a block of %s of malloc() begins%s%s",
					 (unsigned long long)block->address, path,
					 bytes_words(block->size, bytes),
					 kept ? ", kept through " : "",
					 kept ? place_through(&place) : "");
	finding->advice = advise(run, kept ? &place : NULL);
}

static struct hg_error *report(struct making *making, const struct spot *run, uint32_t count)
{
	struct answer *answer = making->answer;
	_cleanup_(chain_deinit) struct chain chain = {0};
	struct finding *finding;
	struct hg_error *error = chain_to(answer, run, &chain);

	if (!error)
		error = finding_add(answer, FINDING_NATIVE_POINTER, &finding);
	if (!error)
		error = finding_list(finding, count);
	if (error)
		return error;
	for (uint32_t i = 0; i < finding->num_objects; i++)
		finding->objects[i] = run[i].object;
	describe(answer, run, &chain, finding);
	return finding_done(finding);
}

struct hg_error *findings_pointers(struct making *making)
{
	const struct snapshot *s = making->answer->s;
	struct spots p = {.making = making};
	struct hg_error *error = NULL;
	uint32_t end;

	if (!s->num_blocks)
		return NULL;
	p.block = calloc((size_t)s->n + 1, sizeof(*p.block));
	if (!p.block)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < s->num_blocks; i++)
		p.block[s->blocks[i].object] = i + 1;
	for (uint32_t i = 0; i < s->n && !error; i++)
		error = look_at(&p, i);
	if (!error && p.count)
		qsort(p.spot, p.count, sizeof(*p.spot), by_attribute);
	for (uint32_t i = 0; i < p.count && !error; i = end) {
		for (end = i + 1; end < p.count && same_attribute(&p.spot[i], &p.spot[end]);)
			end++;
		error = report(making, &p.spot[i], end - i);
	}
	free(p.spot);
	free(p.block);
	return error;
}
