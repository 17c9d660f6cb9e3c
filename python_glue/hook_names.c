/* Names for the references that tp_traverse reported.
 *
 * tp_traverse says which objects, never by what name. So the fields that can hold a reference are
 * looked at one after another, and the reference with that target gets the field's name. Each
 * reference is named at most once; what nothing explains stays unnamed. The number of references
 * is that of tp_traverse, only keys of dicts are added (see HGS_EDGE_DICT_KEY). */
#include "hook_private.h"

/* Fields of C structures that are no members in the sense of tp_members. `from` and `to` are minor
 * versions. Sources: Include/cpython/{object,funcobject,genobject}.h, Include/descrobject.h,
 * Objects/descrobject.c (mappingproxy), Modules/_ctypes/ctypes.h. */
static const char field_names[] = /* in the order of enum hook_field */
	"__bases__\0" "tp_cache\0" "__mro__\0" "__doc__\0" "__qualname__\0" "mm_class\0"
	"__defaults__\0" "__kwdefaults__\0" "__name__\0" "__annotations__\0" "__type_params__\0"
	"__annotate__\0" "exc_value\0" "__self__\0" "__module__\0" "tb_next\0" "tb_frame\0"
	"f_back\0" "f_trace\0" "mapping\0" "thunk\0" "callable\0" "converters\0" "argtypes\0"
	"restype\0" "checker\0" "errcheck\0" "paramflags\0" "__code__\0" "__closure__\0"
	"args\0" "__traceback__\0" "__context__\0" "__cause__\0";
static const struct {
	uint8_t kind, from, to, word, name; /* word: offset / 8 */
} fields[] = {
	{ KIND_TYPE, 8, 99, TP_BASES / 8, NAME_BASES },
	{ KIND_TYPE, 8, 99, TP_CACHE / 8, NAME_TP_CACHE },
	{ KIND_TYPE, 12, 99, TP_MRO / 8, NAME_MRO },
	{ KIND_FUNCTION, 8, 9, 4, NAME_DEFAULTS },
	{ KIND_FUNCTION, 8, 9, 5, NAME_KWDEFAULTS },
	{ KIND_FUNCTION, 8, 9, 8, NAME_NAME },
	{ KIND_FUNCTION, 8, 9, 12, NAME_ANNOTATIONS },
	{ KIND_FUNCTION, 10, 99, 7, NAME_DEFAULTS },
	{ KIND_FUNCTION, 10, 99, 8, NAME_KWDEFAULTS },
	{ KIND_FUNCTION, 10, 99, 4, NAME_NAME },
	{ KIND_FUNCTION, 10, 99, 14, NAME_ANNOTATIONS },
	{ KIND_FUNCTION, 14, 99, 10, NAME_DOC },
	{ KIND_FUNCTION, 14, 99, 13, NAME_MODULE },
	{ KIND_FUNCTION, 12, 13, 15, NAME_TYPE_PARAMS },
	{ KIND_FUNCTION, 14, 99, 15, NAME_ANNOTATE },
	{ KIND_FUNCTION, 14, 99, 16, NAME_TYPE_PARAMS },
	{ KIND_GENERATOR, 8, 9, 6, NAME_NAME },
	{ KIND_GENERATOR, 8, 9, 7, NAME_QUALNAME },
	{ KIND_GENERATOR, 8, 9, 9, NAME_EXC_VALUE },
	{ KIND_GENERATOR, 10, 10, 5, NAME_NAME },
	{ KIND_GENERATOR, 10, 10, 6, NAME_QUALNAME },
	{ KIND_GENERATOR, 10, 10, 8, NAME_EXC_VALUE },
	{ KIND_GENERATOR, 11, 11, 4, NAME_NAME },
	{ KIND_GENERATOR, 11, 11, 5, NAME_QUALNAME },
	{ KIND_GENERATOR, 11, 11, 6, NAME_EXC_VALUE },
	{ KIND_GENERATOR, 12, 99, 3, NAME_NAME },
	{ KIND_GENERATOR, 12, 99, 4, NAME_QUALNAME },
	{ KIND_GENERATOR, 12, 99, 5, NAME_EXC_VALUE },
	{ KIND_BUILTIN, 8, 99, 3, NAME_SELF },
	{ KIND_BUILTIN, 8, 99, 4, NAME_MODULE },
	{ KIND_BUILTIN, 9, 99, 7, NAME_CLASS }, /* PyCMethodObject only */
	{ KIND_TRACEBACK, 8, 99, 2, NAME_TB_NEXT },
	{ KIND_TRACEBACK, 8, 99, 3, NAME_TB_FRAME },
	{ KIND_FRAME, 11, 99, 2, NAME_F_BACK },
	{ KIND_FRAME, 11, 99, 4, NAME_F_TRACE },
	{ KIND_PROXY, 8, 99, 2, NAME_MAPPING },
	{ KIND_CFUNCPTR, 8, 99, 12, NAME_THUNK },
	{ KIND_CFUNCPTR, 8, 99, 13, NAME_CALLABLE },
	{ KIND_CFUNCPTR, 8, 99, 14, NAME_CONVERTERS },
	{ KIND_CFUNCPTR, 8, 99, 15, NAME_ARGTYPES },
	{ KIND_CFUNCPTR, 8, 99, 16, NAME_RESTYPE },
	{ KIND_CFUNCPTR, 8, 99, 17, NAME_CHECKER },
	{ KIND_CFUNCPTR, 8, 99, 18, NAME_ERRCHECK },
	{ KIND_CFUNCPTR, 8, 99, 19, NAME_PARAMFLAGS },
};

/* The still unnamed reference to `target` that is nearest to the last one named, looking in both
 * directions: fields mostly come in the order of tp_traverse, forwards or backwards, so this is
 * O(1) a field, and O(references) for one that was not visited. */
static bool name_edge(struct hook *h, uint32_t target, uint32_t name)
{
	const uint32_t *targets = hook_at32(h, HOOK_TARGET, 0);
	uint32_t *names = hook_at32(h, HOOK_NAME, 0);
	uint64_t ahead = h->control->references - h->match, behind = h->match - h->first_edge;
	uint64_t distance, at;

	for (distance = 0; distance < ahead || distance < behind; distance++) {
		at = h->match + distance;
		if (distance < ahead && targets[at] == target && !names[at])
			break;
		at = h->match - 1 - distance;
		if (distance < behind && targets[at] == target && !names[at])
			break;
	}
	if (distance >= ahead && distance >= behind)
		return false;
	names[at] = name;
	h->match = at + 1 < h->control->references ? at + 1 : at;
	return true;
}

static bool match(struct hook *h, uint64_t address, uint32_t name, uint64_t name_address)
{
	uint32_t index = address ? hook_known(h, address) : 0;

	if (!index)
		return false;
	if (name_address)
		name |= hook_index(h, name_address) << 4;
	return name_edge(h, index - 1, name);
}

void hook_match(struct hook *h, uint64_t address, uint32_t name, uint64_t name_address)
{
	match(h, address, name, name_address);
}

/* Keys that the table owns but tp_traverse left out (all keys are str) are added. Whether it did
 * shows soon, and then searching for each of a million would be quadratic. */
#define KEY_MISSES 64

static void match_content(struct hook *h, uint64_t address, uint32_t name, uint64_t name_address)
{
	if (HGS_EDGE_KIND(name) != HGS_EDGE_DICT_KEY) {
		match(h, address, name, name_address);
		return;
	}
	if (h->key_misses < KEY_MISSES && match(h, address, name, 0)) {
		h->key_misses = 0;
		return;
	}
	h->key_misses++;
	hook_edge(h, address, name, 0);
}

/* Attributes whose names are the class's cached keys, their values lying by position in `values`. */
static void inline_values(struct hook *h, uint64_t values, uint64_t keys_address, uint64_t limit)
{
	struct hook_keys keys;
	uint64_t i;

	if (!values || !keys_address)
		return;
	hook_keys_open(h, keys_address, &keys);
	for (i = 0; i < keys.n && i < limit; i++)
		match(h, get64(values + i * 8), HGS_EDGE_ATTR,
		      get64(keys.entries + i * keys.stride + keys.key));
}

/* From 3.11 on: the words in front of an instance (Include/internal/pycore_object.h). 3.11 has
 * values and dict apart, 3.12 one word with a tag, 3.13 the values at the end of the instance. */
static void managed_attributes(struct hook *h, uint64_t object, const struct hook_type *type)
{
	uint64_t keys = get64(type->address + (uint64_t)h->layout.heaptype_cached_keys);
	uint64_t dict = get64(object - 24), values;

	if (h->minor == 11) {
		inline_values(h, get64(object - 32), keys, UINT64_MAX);
	} else if (h->minor == 12 && dict & 1) {
		inline_values(h, dict + 1, keys, UINT64_MAX); /* tagged by one less */
		return;
	} else if (h->minor >= 13 && type->flags & TPF_INLINE_VALUES) {
		values = object + (uint64_t)type->basicsize; /* capacity, size, embedded, valid */
		if (get8(values + 3))
			inline_values(h, values + 8, keys, get8(values));
	}
	match(h, dict, HGS_EDGE_ATTR_DICT, 0);
}

/* tp_dictoffset; a negative one counts from the end of a variable-sized object, as
 * _PyObject_GetDictPtr() does (Objects/object.c). */
static void attribute_dict(struct hook *h, uint64_t object, const struct hook_type *type)
{
	int64_t at = type->dictoffset, n;
	uint64_t digits;
	bool negative;

	if (!at)
		return;
	if (at < 0) {
		n = object_size(object);
		if (type->kind == KIND_INT) {
			hook_int_digits(h, object, &digits, &negative);
			n = (int64_t)digits;
		}
		n = n < 0 ? -n : n;
		at += (type->basicsize + n * type->itemsize + 7) & ~7ll;
	}
	match(h, get64(object + (uint64_t)at), HGS_EDGE_ATTR_DICT, 0);
}

static void members(struct hook *h, uint64_t object, const struct hook_type *type)
{
	uint32_t i;

	for (i = 0; i < type->num_members; i++) {
		const struct hook_member *m = (struct hook_member *)h->members.data + type->members + i;

		match(h, get64(object + m->offset), HGS_EDGE_NAME(HGS_EDGE_MEMBER, m->name), 0);
	}
}

uint32_t hook_field_name(struct hook *h, enum hook_field field)
{
	const char *name = field_names;
	unsigned i;

	if (!h->field_names[field]) {
		for (i = 0; i < field; i++)
			while (*name++)
				;
		h->field_names[field] = hook_string(h, (uint64_t)name);
	}
	return HGS_EDGE_NAME(HGS_EDGE_MEMBER, h->field_names[field]);
}

static void match_field(struct hook *h, uint64_t address, enum hook_field field)
{
	if (address)
		match(h, address, hook_field_name(h, field), 0);
}

/* Notes which rows of `fields`, sorted by kind, are about instances of the type. */
void hook_fields_of(struct hook_type *type)
{
	unsigned i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].kind != type->kind)
			continue;
		if (!type->num_fields++)
			type->first_field = (uint8_t)i;
	}
}

static void kind_fields(struct hook *h, uint64_t object, const struct hook_type *type)
{
	unsigned i, end = type->first_field + (unsigned)type->num_fields;

	for (i = type->first_field; i < end; i++)
		if (h->minor >= fields[i].from && h->minor <= fields[i].to &&
		    fields[i].word * 8 < type->basicsize)
			match_field(h, get64(object + fields[i].word * 8u), fields[i].name);
}

static void function(struct hook *h, uint64_t object)
{
	match_field(h, get_field(object, h->layout.func_code), NAME_CODE);
	match_field(h, get_field(object, h->layout.func_closure), NAME_CLOSURE);
	match_field(h, get_field(object, h->layout.func_qualname), NAME_QUALNAME);
	hook_closure_note(h, object);
}

static void exception(struct hook *h, uint64_t object)
{
	match_field(h, get_field(object, h->layout.exc_args), NAME_ARGS);
	match_field(h, get_field(object, h->layout.exc_traceback), NAME_TRACEBACK);
	match_field(h, get_field(object, h->layout.exc_context), NAME_CONTEXT);
	match_field(h, get_field(object, h->layout.exc_cause), NAME_CAUSE);
}

/* To 3.10. A frame that waits to go on is its generator's, which f_gen names. */
static bool frame_is_over(struct hook *h, uint64_t object)
{
	uint64_t lasti = object + (uint64_t)h->layout.frame_lasti;
	int8_t state = (int8_t)get8(lasti + 12); /* f_executing; 3.10: f_state, greater than 0 at the end */

	return h->minor == 10 ? state > 0 : !state && !get64(lasti - 8);
}

/* A frame object owns its locals to 3.10, and later once its frame has ended. One that has ended is
 * kept by a traceback, say: where it stood is a row of FRAMES. */
static void frame(struct hook *h, uint64_t object)
{
	uint64_t at = object, code;

	if (h->layout.frame_localsplus != PY_ABSENT) {
		hook_frame_slots(h, object, hook_match);
		code = frame_is_over(h, object) ? get64(object + (uint64_t)h->layout.frame_code) : 0;
	} else {
		/* f_extra_locals: what a debugger assigned to names that the function does not have. */
		if (h->minor >= 13)
			hook_match(h, get64(object + 48),
				   HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_LOCALS), 0);
		at = get64(object + 24); /* f_frame: pycore_frame.h */
		if (!at || get8(at + (uint64_t)h->layout.iframe_owner) != FRAME_OWNED_BY_FRAME_OBJECT)
			return;
		hook_iframe_owned(h, at);
		code = hook_iframe_code(h, at);
	}
	if (code)
		hook_push_frame(h, hook_index(h, object), at, code, HGS_NONE);
}

static void contents(struct hook *h, uint64_t object, const struct hook_type *type)
{
	switch (type->kind) {
	case KIND_DICT:
		h->key_misses = 0;
		hook_dict(h, object, match_content);
		break;
	case KIND_LIST:
		hook_list(h, object, hook_match);
		break;
	case KIND_TUPLE:
		hook_tuple(h, object, hook_match);
		break;
	case KIND_SET:
		hook_set(h, object, hook_match);
		break;
	case KIND_DEQUE:
		hook_deque(h, object, hook_match);
		break;
	case KIND_CELL:
		match(h, get64(object + 16), HGS_EDGE_CELL_CONTENTS, 0);
		break;
	case KIND_FUNCTION:
		function(h, object);
		break;
	case KIND_EXCEPTION:
		exception(h, object);
		break;
	case KIND_FRAME:
		frame(h, object);
		break;
	}
}

/* The keys that all instances of a class share are owned by the class. */
static void cached_keys(struct hook *h, uint64_t type)
{
	uint64_t table = get64(type + (uint64_t)h->layout.heaptype_cached_keys), i;
	struct hook_keys keys;

	if (!table)
		return;
	hook_keys_open(h, table, &keys);
	for (i = 0; i < keys.n; i++)
		hook_edge(h, get64(keys.entries + i * keys.stride + keys.key), HGS_EDGE_DICT_KEY, 0);
}

/* Names what tp_traverse has just added for `object`, the references from h->first_edge on. */
void hook_names(struct hook *h, uint64_t object, const struct hook_type *type)
{
	h->match = h->first_edge;
	if (type->flags & TPF_MANAGED_DICT && h->minor >= 11)
		managed_attributes(h, object, type);
	else
		attribute_dict(h, object, type);
	members(h, object, type);
	contents(h, object, type);
	kind_fields(h, object, type);
	if (type->flags & TPF_HEAPTYPE)
		match(h, type->address, HGS_EDGE_TYPE, 0);
	if (type->kind == KIND_TYPE)
		cached_keys(h, object);
}
