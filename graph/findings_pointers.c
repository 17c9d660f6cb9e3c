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
#include "modules.h"
#include "words.h"

struct place {
	uint32_t type;	/* of the object whose attribute it is */
	uint32_t name;	/* edge name */
	uint32_t object, block;
};

struct places {
	struct making *making;
	uint32_t *block; /* of each object that is such an int: index + 1 */
	struct place *place;
	uint32_t count, room;
};

static struct hg_error *add(struct places *p, const struct place *place)
{
	if (p->count == p->room) {
		uint32_t room = p->room ? p->room * 2 : 64;
		struct place *grown = reallocarray(p->place, room, sizeof(*grown));

		if (!grown)
			return &hg_error_no_memory;
		p->place = grown;
		p->room = room;
	}
	p->place[p->count++] = *place;
	return NULL;
}

/* The references of one kind from `from` to such ints, as attributes or variables of `object`. */
static struct hg_error *collect(struct places *p, uint32_t object, uint32_t from, enum hgs_edge kind)
{
	const struct snapshot *s = p->making->answer->s;
	struct hg_error *error = NULL;

	for (uint64_t e = s->start[from]; e < s->start[from + 1ul] && !error; e++)
		if (p->block[s->target[e]] && HGS_EDGE_KIND(s->name[e]) == kind)
			error = add(p, &(struct place){.type = s->type[object],
						       .name = s->name[e],
						       .object = object,
						       .block = p->block[s->target[e]] - 1});
	return error;
}

static bool is_frame(const struct snapshot *s, uint32_t i)
{
	return s->type[i] != HGS_NONE && !strcmp(snapshot_type_name(s, i), "frame");
}

static struct hg_error *look_at(struct places *p, uint32_t i)
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
	const struct place *x = a, *y = b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	if (HGS_EDGE_PAYLOAD(x->name) != HGS_EDGE_PAYLOAD(y->name))
		return HGS_EDGE_PAYLOAD(x->name) < HGS_EDGE_PAYLOAD(y->name) ? -1 : 1;
	return (x->object > y->object) - (x->object < y->object);
}

static bool same_attribute(const struct place *a, const struct place *b)
{
	return a->type == b->type && HGS_EDGE_PAYLOAD(a->name) == HGS_EDGE_PAYLOAD(b->name);
}

/* "__main__.Connection._ptr", "local block in fail:12" */
static char *attribute_words(const struct snapshot *s, const struct place *place)
{
	char *words;

	if (HGS_EDGE_KIND(place->name) == HGS_EDGE_LOCAL)
		return edge_text(s, place->object, place->name);
	if (asprintf(&words, "%s.%s", snapshot_type_name(s, place->object),
		     snapshot_text(s, HGS_EDGE_PAYLOAD(place->name))) < 0)
		return NULL;
	return words;
}

static char *path_of(const struct answer *answer, uint32_t object)
{
	struct chain chain = {0};
	struct hg_error *error = chain_of(answer->s, answer->reach, object, &chain);
	char *path;

	if (error) {
		hg_error_free(error);
		return NULL;
	}
	path = path_text(answer->s, &chain);
	chain_deinit(&chain);
	return path;
}

static struct hg_error *report(struct making *making, const struct place *run, uint32_t count)
{
	struct answer *answer = making->answer;
	const struct snapshot *s = answer->s;
	const struct hgs_block *block = &s->blocks[run->block];
	_cleanup_free_ char *attribute = attribute_words(s, run);
	_cleanup_free_ char *path = unreached(answer, run->object) ? strdup("in garbage")
								   : path_of(answer, run->object);
	struct finding *finding;
	char bytes[WORD_SIZE];
	struct hg_error *error = attribute && path
					 ? finding_add(answer, FINDING_NATIVE_POINTER, &finding)
					 : &hg_error_no_memory;

	if (error)
		return error;
	finding->count = count;
	finding->num_objects = count < FINDING_OBJECTS ? count : FINDING_OBJECTS;
	finding->objects = malloc(finding->num_objects * sizeof(*finding->objects));
	if (!finding->objects)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < finding->num_objects; i++)
		finding->objects[i] = run[i].object;
	finding->title = finding_text("%s: %u address%s of native blocks (inferred)", attribute, count,
				      count == 1 ? "" : "es");
	finding->evidence = finding_text("0x%llx in %s is where a block of %s of malloc() begins",
					 (unsigned long long)block->address, path,
					 bytes_words(block->size, bytes));
	finding->advice = finding_text("Python will not free it: see that each is given back to the "
				       "library it came from before the number is lost");
	return finding_done(finding);
}

struct hg_error *findings_pointers(struct making *making)
{
	const struct snapshot *s = making->answer->s;
	struct places p = {.making = making};
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
		qsort(p.place, p.count, sizeof(*p.place), by_attribute);
	for (uint32_t i = 0; i < p.count && !error; i = end) {
		for (end = i + 1; end < p.count && same_attribute(&p.place[i], &p.place[end]);)
			end++;
		error = report(making, &p.place[i], end - i);
	}
	free(p.place);
	free(p.block);
	return error;
}
