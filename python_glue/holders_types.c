/* Types that an extension defines: objects whose functions lie in its library, so that it must stay
 * mapped while one of them or an instance exists.
 *
 * A static type lies in the library itself. A type made by PyType_FromSpec() lies on the heap and
 * points into it; what it has from its base does not count, that may be another library's. A class
 * written in Python has functions of the interpreter only. */
#include "holders_parts.h"

#include <string.h>

/* PyTypeObject, the same in 3.8 to 3.14 (Include/cpython/object.h). */
enum { TYPE_BYTES = 400, TP_BASE = 256 };
static const uint16_t slots[] = {
	48 /* tp_dealloc */, 64,  72,  88,  120, 128, 136, 144, 152, 184, 192, 200,
	216,		     224, 272, 280, 296, 304, 312, 320, 328, 376, 392 /* tp_finalize */,
};
enum { SLOTS = sizeof(slots) / sizeof(slots[0]) };

static uint64_t word(const uint8_t *type, unsigned offset)
{
	uint64_t value;

	memcpy(&value, type + offset, sizeof(value));
	return value;
}

/* A function of its own, in a library that is not the interpreter's or in none; 0 where there is
 * none. */
static uint64_t own_code(const struct finder *f, const uint8_t *type, const uint8_t *base,
			 uint32_t *library)
{
	uint64_t nowhere = 0;

	for (unsigned i = 0; i < SLOTS; i++) {
		uint64_t code = word(type, slots[i]);

		if (!holder_is_address(code) || code == word(base, slots[i]))
			continue;
		*library = library_by_address(f->source, code);
		if (library_is_foreign(f->source, *library))
			return code;
		if (*library == HGS_NONE && !nowhere)
			nowhere = code;
	}
	*library = HGS_NONE;
	return nowhere;
}

struct hg_error *holder_type(struct finder *f, uint32_t object)
{
	struct hgs_holder holder = { .object = object, .kind = HGS_HOLDER_TYPE };
	const struct memory *memory = f->source->memory;
	uint64_t address = f->heap->addr[object];
	uint8_t type[TYPE_BYTES], base[TYPE_BYTES] = { 0 };

	if (memory_read(memory, address, type, sizeof(type)) ||
	    (word(type, TP_BASE) && memory_read(memory, word(type, TP_BASE), base, sizeof(base))))
		return NULL;
	holder.code = own_code(f, type, base, &holder.library);
	if (holder.library == HGS_NONE) {
		uint32_t home = library_by_address(f->source, address);

		if (library_is_foreign(f->source, home))
			holder.library = home;
	}
	return holder.code || holder.library != HGS_NONE ? holder_add(f, &holder) : NULL;
}
