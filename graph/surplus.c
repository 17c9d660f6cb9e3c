#include "surplus.h"

#include <string.h>

/* An instance of a class made at run time owns a reference to its class (Objects/object.c,
 * _PyObject_Init(), 3.8 and newer). To 3.8 no tp_traverse shows it, later most do. */
static bool owns_type(const struct snapshot *s, uint32_t i)
{
	const uint32_t mask = HGS_OBJ_HEAP_TYPE | HGS_OBJ_PSEUDO;

	return (s->flags[i] & mask) == HGS_OBJ_HEAP_TYPE && s->type[i] != HGS_NONE;
}

/* A running frame refers to its globals and to the generator whose it is, and owns neither
 * (Include/internal/pycore_frame.h: "Borrowed reference"). */
static bool is_borrowed(uint32_t name)
{
	return name == HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_GLOBALS) ||
	       name == HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_GENERATOR);
}

void surplus_find(const struct snapshot *s, uint32_t *found, uint32_t *tracked)
{
	for (uint32_t i = 0; i < s->n; i++) {
		bool subtract = (s->flags[i] & (HGS_OBJ_TRACKED | HGS_OBJ_PSEUDO)) == HGS_OBJ_TRACKED;
		bool hidden = owns_type(s, i), pseudo = s->flags[i] & HGS_OBJ_PSEUDO;

		for (uint64_t e = s->start[i]; e < s->start[i + 1ul]; e++) {
			found[s->target[e]] += !(pseudo && is_borrowed(s->name[e]));
			if (tracked)
				tracked[s->target[e]] += subtract;
			hidden &= s->target[e] != s->type[i];
		}
		if (hidden)
			found[s->type[i]]++;
	}
	for (uint32_t i = 0; i < s->num_roots; i++)
		if (s->roots[i].kind != HGS_ROOT_STATIC) /* a static type needs no reference to live */
			found[s->roots[i].object]++;
}

static uint8_t traits_of(const char *type)
{
	static const struct {
		const char *type;
		uint8_t traits;
	} plain[] = {
		{"str", SURPLUS_LEAF},	    {"bytes", SURPLUS_LEAF},
		{"int", SURPLUS_LEAF},	    {"float", SURPLUS_LEAF},
		{"complex", SURPLUS_LEAF},  {"bool", SURPLUS_LEAF},
		{"NoneType", SURPLUS_LEAF}, {"ellipsis", SURPLUS_LEAF},
		{"object", SURPLUS_LEAF},   {"NotImplementedType", SURPLUS_LEAF},
		{"code", 0},		    {"module", 0},
		{"moduledef", 0},	    {"slice", 0},
		{"range", 0},		    {"method_descriptor", 0},
		{"getset_descriptor", 0},   {"member_descriptor", 0},
		{"wrapper_descriptor", 0},  {"classmethod_descriptor", 0},
	};

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		if (!strcmp(type, plain[i].type))
			return plain[i].traits;
	return SURPLUS_MATTERS;
}

struct hg_error *surplus_types(const struct snapshot *s, uint8_t **ret)
{
	uint8_t *traits = calloc((size_t)s->n + 1, sizeof(*traits));

	if (!traits)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < s->n; i++)
		if (s->flags[i] & HGS_OBJ_TYPE_OBJECT)
			traits[i] = traits_of(snapshot_text(s, i));
	*ret = traits;
	return NULL;
}
