/* Short texts: names of types, modules and code, values of small immutable objects.
 *
 * A text is at most HOOK_TEXT_MAX bytes of UTF-8 and always ends between characters. With
 * HOOK_REDACT values are left out; an interned str that looks like a name stays, because edges are
 * named by such. */
#include "hook_private.h"

void hook_put(struct hook_buffer *b, char c)
{
	if (b->at < b->end)
		*b->at++ = c;
	else
		b->cut = true;
}

void hook_put_ascii(struct hook_buffer *b, const char *text)
{
	while (*text)
		hook_put(b, *text++);
}

static void put_c_string(struct hook_buffer *b, uint64_t c_string)
{
	while (c_string && get8(c_string) && !b->cut)
		hook_put(b, (char)get8(c_string++));
}

/* One code point as UTF-8, whole or not at all. A lone surrogate and NUL, which would end the
 * string, become U+FFFD. */
static void put_code_point(struct hook_buffer *b, uint32_t c)
{
	unsigned more, i;

	if (!c || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		c = 0xfffd;
	if (c < 0x80) {
		hook_put(b, (char)c);
		return;
	}
	more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	if (b->cut || b->end - b->at < (ptrdiff_t)more + 1) {
		b->cut = true;
		return;
	}
	hook_put(b, (char)((0xff00 >> (more + 1) & 0xff) | c >> (6 * more)));
	for (i = more; i-- > 0;)
		hook_put(b, (char)(0x80 | (c >> (6 * i) & 0x3f)));
}

/* Where the characters of a str are and how wide (1, 2, 4 bytes each). PEP 393;
 * Include/cpython/unicodeobject.h: to 3.11 a wchar_t pointer stands in the header, and a str that
 * is not ready has only that. */
uint64_t hook_str_data(struct hook *h, uint64_t str, uint64_t *length, unsigned *kind)
{
	uint32_t state = get32(str + 32);
	uint64_t ascii = h->minor >= 12 ? 40 : 48, compact = h->minor >= 12 ? 56 : 72;

	*length = get64(str + 16);
	*kind = state >> 2 & 7;
	if (h->minor <= 11 && !(state & 1 << 7)) {
		*kind = 4;
		*length = get64(str + 64);
		return get64(str + 40);
	}
	if (!(state & 1 << 5))
		return get64(str + compact);
	return str + (state & 1 << 6 ? ascii : compact);
}

void hook_put_str(struct hook *h, struct hook_buffer *b, uint64_t str)
{
	uint64_t length, data, i;
	unsigned kind;

	if (!str)
		return;
	data = hook_str_data(h, str, &length, &kind);
	/* ASCII is UTF-8 as it is. */
	for (i = 0; data && kind == 1 && i < length && get8(data + i) - 1u < 0x7f && b->at < b->end; i++)
		*b->at++ = (char)get8(data + i);
	for (; data && i < length && !b->cut; i++)
		put_code_point(b, kind == 1 ? get8(data + i) :
				  kind == 2 ? get16(data + i * 2) :
					      get32(data + i * 4));
}

static bool is_name_character(uint32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '.' || c == '<' || c == '>';
}

static bool looks_like_name(struct hook *h, uint64_t str)
{
	uint64_t length, data, i;
	unsigned kind;

	if (!(get32(str + 32) & 3)) /* not interned */
		return false;
	data = hook_str_data(h, str, &length, &kind);
	for (i = 0; data && i < length; i++)
		if (kind != 1 || !is_name_character(get8(data + i)))
			return false;
	return true;
}

static void put_bytes(struct hook_buffer *b, uint64_t object)
{
	static const char hex[] = "0123456789abcdef";
	int64_t n = object_size(object), i;

	hook_put_ascii(b, "b'");
	for (i = 0; i < n && !b->cut; i++) {
		uint8_t c = get8(object + 32 + (uint64_t)i);

		if (c >= 32 && c < 127 && c != '\\' && c != '\'') {
			hook_put(b, (char)c);
			continue;
		}
		if (b->end - b->at < 4) {
			b->cut = true;
			return;
		}
		hook_put_ascii(b, "\\x");
		hook_put(b, hex[c >> 4]);
		hook_put(b, hex[c & 15]);
	}
	hook_put(b, '\'');
}

/* "module.qualname"; "builtins" is left out. */
static void put_type(struct hook *h, struct hook_buffer *b, uint64_t type)
{
	uint64_t name = get64(type + TP_NAME), module;

	if (get64(type + TP_FLAGS) & TPF_HEAPTYPE) {
		module = hook_dict_get(h, get64(type + TP_DICT), "__module__");
		if (module && get64(object_type(module) + TP_FLAGS) & TPF_UNICODE) {
			struct hook_buffer start = *b;

			hook_put_str(h, b, module);
			*b->at = 0; /* there is room for the terminator behind `end` */
			if (hook_name_is((uint64_t)start.at, "builtins"))
				*b = start;
			else
				hook_put(b, '.');
		}
		hook_put_str(h, b, get_field(type, h->layout.heaptype_qualname));
		return;
	}
	put_c_string(b, name + (name && hook_name_is(name, "builtins.") ? 9 : 0));
}

static void put_module(struct hook *h, struct hook_buffer *b, uint64_t module)
{
	uint64_t name = get_field(module, h->layout.module_name);
	uint64_t dict = get_field(module, h->layout.module_dict);

	if (!name && dict)
		name = hook_dict_get(h, dict, "__name__");
	if (name && get64(object_type(name) + TP_FLAGS) & TPF_UNICODE)
		hook_put_str(h, b, name);
}

static void put_code(struct hook *h, struct hook_buffer *b, uint64_t code)
{
	uint64_t name = get_field(code, h->layout.code_qualname);

	hook_put_str(h, b, name ? name : get_field(code, h->layout.code_name));
}

/* PyDescrObject: d_type 16, d_name 24 (Include/descrobject.h). */
static void put_descriptor(struct hook *h, struct hook_buffer *b, uint64_t descriptor)
{
	if (get64(descriptor + 16)) {
		put_type(h, b, get64(descriptor + 16));
		hook_put(b, '.');
	}
	hook_put_str(h, b, get64(descriptor + 24));
}

static void put_value(struct hook *h, struct hook_buffer *b, uint64_t object,
		      const struct hook_type *type)
{
	bool redact = h->control->flags & HOOK_REDACT;
	union {
		uint64_t bits;
		double value;
	} number;

	switch (type->kind) {
	case KIND_STR:
		if (!redact || looks_like_name(h, object))
			hook_put_str(h, b, object);
		break;
	case KIND_BYTES:
		if (!redact)
			put_bytes(b, object);
		break;
	case KIND_INT:
		if (!redact)
			hook_put_int(h, b, object);
		break;
	case KIND_FLOAT:
		number.bits = get64(object + 16);
		if (!redact)
			hook_put_float(b, number.value);
		break;
	case KIND_BOOL: {
		uint64_t digits;
		bool negative;

		hook_int_digits(h, object, &digits, &negative);
		if (!redact)
			hook_put_ascii(b, digits ? "True" : "False");
		break;
	}
	case KIND_NONE:
		hook_put_ascii(b, "None");
		break;
	case KIND_TYPE:
		put_type(h, b, object);
		break;
	case KIND_MODULE:
		put_module(h, b, object);
		break;
	case KIND_FUNCTION:
		hook_put_str(h, b, get_field(object, h->layout.func_qualname));
		break;
	case KIND_BUILTIN: /* m_ml 16, whose first word is the name */
		put_c_string(b, get64(get64(object + 16)));
		break;
	case KIND_DESCRIPTOR:
		put_descriptor(h, b, object);
		break;
	case KIND_CODE:
		put_code(h, b, object);
		break;
	}
}

/* Writes the text of object `i` and notes where it is. */
void hook_text(struct hook *h, uint32_t i, uint64_t object, const struct hook_type *type)
{
	struct hook_array *strings = hook_column(h, HOOK_STRINGS);
	struct hook_buffer b;
	char *start;

	if (type->kind == KIND_PLAIN || (type->kind >= KIND_LIST && type->kind < KIND_TYPE))
		return;
	start = hook_reserve(h, strings, HOOK_TEXT_MAX + 1);
	b = (struct hook_buffer){ start, start + HOOK_TEXT_MAX, false };
	if (strings->used > UINT32_MAX)
		b.cut = true; /* the column's offsets reach no further */
	else
		put_value(h, &b, object, type);
	if (b.cut)
		*hook_at32(h, HOOK_FLAGS, i) |= HGS_OBJ_TEXT_CUT;
	if (b.at == start)
		return;
	*b.at++ = 0;
	*hook_at32(h, HOOK_TEXT, i) = (uint32_t)strings->used;
	strings->used += (uint64_t)(b.at - start);
}

uint32_t hook_string(struct hook *h, uint64_t c_string)
{
	struct hook_array *strings = hook_column(h, HOOK_STRINGS);
	char *start = hook_reserve(h, strings, HOOK_TEXT_MAX + 1);
	struct hook_buffer b = { start, start + HOOK_TEXT_MAX, false };
	uint32_t offset = (uint32_t)strings->used;

	if (strings->used > UINT32_MAX - HOOK_TEXT_MAX)
		return 0;
	put_c_string(&b, c_string);
	*b.at++ = 0;
	strings->used += (uint64_t)(b.at - start);
	return offset;
}
