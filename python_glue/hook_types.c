/* What the hook knows of a type: looked at once, then found by address.
 *
 * A type is recognised by walking tp_base to the static type it builds on, so no symbol of the
 * interpreter is needed: the flags of Include/object.h tell the great types, names the others.
 * Names of static types can be trusted, those of classes (HEAPTYPE) can be anything; only
 * deque and ctypes' function type are heap types in some versions and looked at by name. */
#include "hook_private.h"

#define MEMBER_BYTES 40 /* PyMemberDef: name, type, offset, flags, doc (Include/structmember.h) */
#define T_OBJECT 6
#define T_OBJECT_EX 16

bool hook_name_is(uint64_t c_string, const char *name)
{
	uint64_t i;

	for (i = 0; name[i]; i++)
		if (get8(c_string + i) != (uint8_t)name[i])
			return false;
	return get8(c_string + i) == 0;
}

static enum hook_kind kind_by_flags(uint64_t flags)
{
	static const uint8_t kinds[] = { KIND_INT,   KIND_LIST, KIND_TUPLE,	KIND_BYTES,
					 KIND_STR,   KIND_DICT, KIND_EXCEPTION, KIND_TYPE };
	unsigned bit;

	for (bit = 0; bit < sizeof(kinds); bit++)
		if (flags & TPF_LONG << bit)
			return kinds[bit];
	return KIND_PLAIN;
}

static enum hook_kind kind_by_name(uint64_t name)
{
	/* One string: a table of pointers would need relocations. */
	static const char names[] =
		"float\0"
		"NoneType\0"
		"set\0"
		"frozenset\0"
		"collections.deque\0"
		"bytearray\0"
		"module\0"
		"function\0"
		"builtin_function_or_method\0"
		"method_descriptor\0"
		"wrapper_descriptor\0"
		"classmethod_descriptor\0"
		"getset_descriptor\0"
		"member_descriptor\0"
		"code\0"
		"cell\0"
		"generator\0"
		"coroutine\0"
		"async_generator\0"
		"frame\0"
		"traceback\0"
		"mappingproxy\0"
		"_ctypes.PyCFuncPtr\0"
		"_ctypes.CFuncPtr\0";
	static const uint8_t kinds[] = {
		KIND_FLOAT, KIND_NONE, KIND_SET, KIND_SET, KIND_DEQUE, KIND_BYTEARRAY,
		KIND_MODULE, KIND_FUNCTION, KIND_BUILTIN, KIND_DESCRIPTOR, KIND_DESCRIPTOR,
		KIND_DESCRIPTOR, KIND_DESCRIPTOR, KIND_DESCRIPTOR, KIND_CODE, KIND_CELL,
		KIND_GENERATOR, KIND_GENERATOR, KIND_GENERATOR, KIND_FRAME, KIND_TRACEBACK,
		KIND_PROXY, KIND_CFUNCPTR, KIND_CFUNCPTR,
	};
	const char *at = names;
	unsigned i;

	for (i = 0; i < sizeof(kinds); i++) {
		if (hook_name_is(name, at))
			return kinds[i];
		while (*at++)
			;
	}
	return KIND_PLAIN;
}

/* The kind of one type, its bases left aside. */
static enum hook_kind kind_of(uint64_t type, uint64_t flags)
{
	enum hook_kind kind = kind_by_flags(flags);

	if (kind == KIND_INT && !(flags & TPF_HEAPTYPE) && hook_name_is(get64(type + TP_NAME), "bool"))
		return KIND_BOOL;
	if (kind != KIND_PLAIN)
		return kind;
	kind = kind_by_name(get64(type + TP_NAME));
	if (flags & TPF_HEAPTYPE && kind != KIND_DEQUE && kind != KIND_CFUNCPTR)
		return KIND_PLAIN;
	return kind;
}

/* The object members of one type (C members and __slots__ alike), appended to the pool. */
static void add_members(struct hook *h, uint64_t type)
{
	uint64_t def = get64(type + TP_MEMBERS);
	struct hook_member *m;

	if (!def)
		return;
	for (; get64(def); def += MEMBER_BYTES) {
		uint32_t kind = get32(def + 8);
		uint32_t name;

		if (kind != T_OBJECT && kind != T_OBJECT_EX)
			continue;
		name = hook_string(h, get64(def));
		m = hook_push(h, &h->members, sizeof(*m));
		m->offset = (uint32_t)get64(def + 16);
		m->name = name;
	}
}

static uint32_t *type_slot(struct hook *h, uint64_t type)
{
	const struct hook_type *types = (const struct hook_type *)h->types.data;
	uint64_t i = (type >> 4) * 0x9e3779b97f4a7c15ull >> 32;

	for (;; i++) {
		uint32_t *slot = &h->type_slots[i % HOOK_TYPE_SLOTS];

		if (!*slot || types[*slot - 1].address == type)
			return slot;
	}
}

/* Copies the members that a base's record already has. */
static bool inherit_members(struct hook *h, uint64_t base)
{
	uint32_t slot = *type_slot(h, base), i;
	struct hook_type *record = (struct hook_type *)h->types.data + (slot ? slot - 1 : 0);
	uint32_t first = record->members, n = record->num_members;

	if (!slot)
		return false;
	for (i = 0; i < n; i++) {
		struct hook_member *m = hook_push(h, &h->members, sizeof(*m));

		*m = ((struct hook_member *)h->members.data)[first + i];
	}
	return true;
}

static uint32_t instance_flags(uint64_t type, uint64_t flags, enum hook_kind kind)
{
	uint32_t ret = 0;

	if (kind == KIND_TYPE)
		ret |= HGS_OBJ_TYPE_OBJECT;
	if (kind == KIND_MODULE)
		ret |= HGS_OBJ_MODULE;
	if (kind == KIND_DICT)
		ret |= HGS_OBJ_DICT;
	if (flags & TPF_HEAPTYPE)
		ret |= HGS_OBJ_HEAP_TYPE;
	if (get64(type + TP_FINALIZE) || get64(type + TP_DEL))
		ret |= HGS_OBJ_HAS_FINALIZER;
	return ret;
}

/* Made by a class statement: type_new() lets tp_name point into the str that is the name
 * (Objects/typeobject.c), PyType_FromSpec() into C memory. */
static bool is_python_class(struct hook *h, uint64_t type, uint64_t flags)
{
	uint64_t name, data, length;
	unsigned kind;

	if (!(flags & TPF_HEAPTYPE))
		return false;
	name = get_field(type, h->layout.heaptype_qualname - 16); /* ht_name, ht_slots, ht_qualname */
	if (!name)
		return false;
	data = hook_str_data(h, name, &length, &kind);
	if (data == get64(type + TP_NAME))
		return true;
	/* Not ASCII: the cached UTF-8 of a compact string. */
	return get64(name + (h->minor >= 12 ? 48 : 56)) == get64(type + TP_NAME);
}

static bool is_type(uint64_t type)
{
	return type && !(type & 7) && get64(object_type(type) + TP_FLAGS) & TPF_TYPE;
}

/* A struct sequence (Objects/structseq.c): a subclass of a static type, tuple, whose members lie where the
 * items are; some are behind ob_size. */
static uint16_t structure_items(struct hook *h, const struct hook_type *t)
{
	const struct hook_member *m = (const struct hook_member *)h->members.data + t->members;
	uint32_t items = (uint32_t)hook_tuple_items(h, 0), i, last = items;

	if (!t->num_members || m[0].offset != items)
		return 0;
	for (i = 0; i < t->num_members; i++)
		if (m[i].offset > last)
			last = m[i].offset;
	return (uint16_t)((last - items) / 8 + 1);
}

static void fill(struct hook *h, struct hook_type *t, uint64_t type)
{
	uint64_t base;

	t->address = type;
	t->flags = get64(type + TP_FLAGS);
	t->traverse = get64(type + TP_TRAVERSE);
	t->is_gc = get64(type + TP_IS_GC);
	t->basicsize = (int64_t)get64(type + TP_BASICSIZE);
	t->itemsize = (int64_t)get64(type + TP_ITEMSIZE);
	t->dictoffset = (int64_t)get64(type + TP_DICTOFFSET);
	t->kind = (uint8_t)kind_of(type, t->flags);
	t->members = (uint32_t)(h->members.used / sizeof(struct hook_member));
	for (base = type; base; base = get64(base + TP_BASE))
		if (t->kind == KIND_PLAIN)
			t->kind = (uint8_t)kind_of(base, get64(base + TP_FLAGS));
	for (base = type; base; base = get64(base + TP_BASE)) {
		if (base != type && inherit_members(h, base))
			break; /* its record has those of its own bases */
		add_members(h, base);
	}
	t->num_members = (uint32_t)(h->members.used / sizeof(struct hook_member)) - t->members;
	t->object_flags = instance_flags(type, t->flags, t->kind);
	if (is_python_class(h, type, t->flags))
		t->object_flags |= HGS_OBJ_USER;
	base = get64(type + TP_BASE);
	t->exact = !base || (!(t->flags & TPF_HEAPTYPE) && kind_of(base, get64(base + TP_FLAGS)) != t->kind);
	if (t->kind == KIND_TUPLE && !t->exact && !(get64(base + TP_FLAGS) & TPF_HEAPTYPE))
		t->items = structure_items(h, t);
	hook_fields_of(t);
	t->object = hook_index(h, type);
}

/* A type that has no record yet. `slot` stays valid: filling the record looks up no other type. */
static bool add_type(struct hook *h, uint64_t type, uint32_t *slot)
{
	struct hook_type t = { 0 };

	if (!is_type(type))
		return false;
	if (h->types.used / sizeof(t) >= HOOK_TYPE_SLOTS / 2)
		hook_fail(h, HOOK_EOVERFLOW);
	fill(h, &t, type);
	*(struct hook_type *)hook_push(h, &h->types, sizeof(t)) = t;
	*slot = (uint32_t)(h->types.used / sizeof(t));
	return true;
}

/* Valid until the next call. */
const struct hook_type *hook_type_of(struct hook *h, uint64_t type)
{
	struct hook_type *types = (struct hook_type *)h->types.data;
	uint32_t *slot;

	if (h->last_type && types[h->last_type - 1].address == type)
		return &types[h->last_type - 1];
	slot = type_slot(h, type);
	if (!*slot && !add_type(h, type, slot))
		return NULL;
	h->last_type = *slot;
	return (struct hook_type *)h->types.data + *slot - 1;
}
