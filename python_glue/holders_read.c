/* Reading what objects have: attributes by the walk's edges, values from memory, because a text in the
 * snapshot may be cut or redacted. */
#include "holders_parts.h"

#include <string.h>

#include "../graph/list.h"
#include "unicode.h"

/* Two digits have all bits of an address. Room for two is there where an int has one: what malloc gives
 * is a multiple of 16 bytes. */
enum { INT_SIZE = 16, INT_DIGITS = 2, INT_DIGIT_BITS = 30 };
/* vm.mmap_min_addr as Linux has it; the end of user space with four levels of page tables. */
#define LOWEST_PAGE 0x1000u
#define USER_SPACE_END 0x800000000000u

uint32_t holder_key(const struct snapshot *heap, uint32_t dict, const char *name)
{
	for (uint64_t e = heap->start[dict]; e < heap->start[dict + 1]; e++)
		if (HGS_EDGE_KIND(heap->name[e]) == HGS_EDGE_KEY &&
		    !strcmp(snapshot_text(heap, HGS_EDGE_PAYLOAD(heap->name[e])), name))
			return heap->target[e];
	return HGS_NONE;
}

uint32_t holder_attribute(const struct snapshot *heap, uint32_t object, const char *name)
{
	uint32_t ret = HGS_NONE;

	for (uint64_t e = heap->start[object]; e < heap->start[object + 1] && ret == HGS_NONE; e++) {
		uint32_t payload = HGS_EDGE_PAYLOAD(heap->name[e]);

		switch (HGS_EDGE_KIND(heap->name[e])) {
		case HGS_EDGE_ATTR:
			if (!strcmp(snapshot_text(heap, payload), name))
				ret = heap->target[e];
			break;
		case HGS_EDGE_MEMBER:
			if (!strcmp(snapshot_string(heap, payload), name))
				ret = heap->target[e];
			break;
		case HGS_EDGE_ATTR_DICT:
			ret = holder_key(heap, heap->target[e], name);
			break;
		default:
			break;
		}
	}
	return ret;
}

/* To 3.11 ob_size is the count of digits, from 3.12 on a tag holds it above three bits
 * (Include/cpython/longintrepr.h). */
int int_value(const struct py_layout *layout, const uint64_t words[2], uint64_t *ret)
{
	uint64_t count = layout->minor >= 12 ? words[0] >> 3 : words[0];

	if (count > INT_DIGITS || (layout->minor >= 12 && (words[0] & 3) == 2))
		return -1;
	*ret = 0;
	if (count > 1)
		*ret = words[1] >> 32 << INT_DIGIT_BITS;
	if (count)
		*ret |= (uint32_t)words[1];
	return 0;
}

int holder_address(const struct finder *f, uint32_t object, uint64_t *ret)
{
	uint64_t words[2];

	if (object == HGS_NONE || strcmp(snapshot_type_name(f->heap, object), "int") ||
	    memory_read(f->source->memory, f->heap->addr[object] + INT_SIZE, words, sizeof(words)))
		return -1;
	return int_value(f->source->layout, words, ret);
}

bool holder_name(const struct finder *f, uint32_t object, char *buffer, size_t size)
{
	uint64_t address, length;
	const char *type;

	if (object == HGS_NONE)
		return false;
	type = snapshot_type_name(f->heap, object);
	address = f->heap->addr[object];
	if (!strcmp(type, "bytes")) {
		if (memory_read_u64(f->source->memory, address + 16, &length) || length >= size ||
		    memory_read(f->source->memory, address + 32, buffer, length))
			return false;
		buffer[length] = '\0';
		return true;
	}
	return !strcmp(type, "str") &&
	       !py_unicode_read(f->source->memory, f->source->layout, address, buffer, size);
}

struct hg_error *set_add(struct set *set, uint64_t item)
{
	uint64_t *added = list_add(&set->item, &set->count);

	if (!added)
		return &hg_error_no_memory;
	*added = item;
	return NULL;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void set_sort(struct set *set)
{
	if (set->count)
		qsort(set->item, set->count, sizeof(*set->item), by_number);
}

bool set_has(const struct set *set, uint64_t item)
{
	return set->count && bsearch(&item, set->item, set->count, sizeof(item), by_number);
}

bool holder_is_address(uint64_t value)
{
	return value >= LOWEST_PAGE && value < USER_SPACE_END;
}

uint32_t library_by_handle(const struct py_holders_source *s, uint64_t handle)
{
	for (uint32_t i = 0; handle && i < s->num_libraries; i++)
		if (s->libraries[i].handle == handle)
			return i;
	return HGS_NONE;
}

uint32_t library_by_address(const struct py_holders_source *s, uint64_t address)
{
	for (uint32_t i = 0; address && i < s->num_libraries; i++)
		if (address >= s->libraries[i].start && address < s->libraries[i].end)
			return i;
	return HGS_NONE;
}

bool library_is_foreign(const struct py_holders_source *s, uint32_t library)
{
	const uint32_t own = HGS_LIB_MAIN | HGS_LIB_PYTHON | HGS_LIB_STARTUP | HGS_LIB_LOADER |
			     HGS_LIB_VDSO;

	return library != HGS_NONE && !(s->libraries[library].flags & own);
}
