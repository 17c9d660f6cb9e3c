/* Own size of an object: what sys.getsizeof() says, without running any Python.
 *
 * One difference: values that lie inline in (3.13+) or beside (3.11, 3.12) an instance are counted
 * with it, because nothing else owns them. */
#include "hook_private.h"

static uint64_t str_size(struct hook *h, uint64_t object)
{
	uint64_t ascii = h->minor >= 12 ? 40 : 48, compact = ascii + (h->minor >= 12 ? 16 : 24);
	uint64_t length = get64(object + 16), size;
	uint32_t state = get32(object + 32), kind = state >> 2 & 7;

	if (state & 1 << 5 && state & 1 << 6)
		return ascii + length + 1;
	size = (length + 1) * (kind ? kind : 4); /* kind 0 (to 3.11): not ready, only wchar_t */
	size += compact + (state & 1 << 5 ? 0 : 8);
	if (get64(object + ascii + 8) && !(state & 1 << 6))
		size += get64(object + ascii) + 1; /* cached UTF-8 */
	return size;
}

static uint64_t keys_size(struct hook *h, uint64_t table, bool unshared_only)
{
	struct hook_keys keys;

	if (!table)
		return 0;
	hook_keys_open(h, table, &keys);
	return unshared_only && keys.refs != 1 ? 0 : keys.bytes;
}

static uint64_t dict_size(struct hook *h, uint64_t dict)
{
	uint64_t size = keys_size(h, get64(dict + 32), true);
	struct hook_keys keys;

	if (!get64(dict + 40)) /* not split */
		return size;
	hook_keys_open(h, get64(dict + 32), &keys);
	if (hook_dict_embedded(h, dict)) /* the instance counts them */
		return size;
	return size + keys.capacity * 8;
}

static uint64_t frame_slots(struct hook *h, uint64_t code)
{
	/* co_stacksize stands just before co_firstlineno (Include/cpython/code.h, 3.11 to 3.14). */
	if (!code || h->layout.code_nlocalsplus == PY_ABSENT)
		return 0;
	return get32(code + (uint64_t)h->layout.code_nlocalsplus) +
	       get32(code + (uint64_t)h->layout.code_firstlineno - 4);
}

/* What lies inline in or beside the instance: values, and in whole words the order in which they
 * were set, a byte each. 3.11 and 3.12 have two bytes more there (new_values() in
 * Objects/dictobject.c), 3.13 a header of a word (_PyInlineValuesSize()). */
static uint64_t values_size(struct hook *h, uint64_t object, const struct hook_type *type)
{
	uint64_t values, count;
	struct hook_keys keys;

	if (h->minor >= 13) {
		if (!(type->flags & TPF_INLINE_VALUES))
			return 0;
		count = get8(object + (uint64_t)type->basicsize);
		return 8 + 8 * count + ((count + 7) & ~7ull);
	}
	if (h->minor < 11 || !(type->flags & TPF_MANAGED_DICT))
		return 0;
	values = h->minor == 11 ? get64(object - 32) : get64(object - 24);
	if (!values || (h->minor == 12 && !(values & 1)))
		return 0;
	hook_keys_open(h, get64(type->address + (uint64_t)h->layout.heaptype_cached_keys), &keys);
	return keys.capacity * 8 + ((keys.capacity + 9) & ~7ull);
}

static uint64_t var_size(struct hook *h, uint64_t object, const struct hook_type *type)
{
	int64_t n = object_size(object);
	uint64_t digits;
	bool negative;

	if (type->kind == KIND_INT || type->kind == KIND_BOOL) {
		hook_int_digits(h, object, &digits, &negative);
		if (h->minor >= 12 && digits == 0)
			digits = 1; /* the room is there (Objects/longobject.c, int.__sizeof__) */
		return (type->exact ? 24 : (uint64_t)type->basicsize) + digits * 4;
	}
	n = n < 0 ? -n : n;
	if (__builtin_mul_overflow(n, type->itemsize, &n))
		n = 0;
	return (uint64_t)(type->basicsize + n);
}

static uint64_t body_size(struct hook *h, uint64_t object, const struct hook_type *type)
{
	uint64_t basic = (uint64_t)type->basicsize, code;

	switch (type->kind) {
	case KIND_STR:
		return str_size(h, object) + (type->exact ? 0 : basic - (h->minor >= 12 ? 64 : 80));
	case KIND_LIST:
		return basic + get64(object + 32) * 8;
	case KIND_DICT:
		return basic + dict_size(h, object);
	case KIND_SET:
		return basic + (get64(object + 40) == object + 64 ? 0 : (get64(object + 32) + 1) * 16);
	case KIND_DEQUE:
		return basic + (get64(object + 40) + (uint64_t)object_size(object) + 63) / 64 * 528;
	case KIND_BYTEARRAY:
		return basic + get64(object + 24);
	case KIND_TYPE:
		if (!(get64(object + TP_FLAGS) & TPF_HEAPTYPE))
			return h->minor == 8 ? 416 : 408; /* sizeof(PyTypeObject) */
		return var_size(h, object, type) +
		       keys_size(h, get64(object + (uint64_t)h->layout.heaptype_cached_keys), false);
	case KIND_GENERATOR:
	case KIND_FRAME: /* allocated with items, but without ob_size in its place from 3.11 on */
		if (h->minor <= 10)
			break;
		code = type->kind == KIND_GENERATOR ?
			       hook_iframe_code(h, object + (uint64_t)h->layout.gen_iframe) :
			       hook_iframe_code(h, get64(object + 24));
		return basic + frame_slots(h, code) * 8;
	}
	return var_size(h, object, type) + values_size(h, object, type);
}

uint64_t hook_own_size(struct hook *h, uint64_t object, const struct hook_type *type, bool gc)
{
	uint64_t size = body_size(h, object, type);

	if (gc)
		size += (uint64_t)h->layout.gc_head;
	if (h->minor >= 12 && type->flags & (TPF_MANAGED_DICT | TPF_PREHEADER_WEAK))
		size += 16;
	else if (h->minor == 11 && type->flags & TPF_MANAGED_DICT)
		size += 16;
	return size;
}
