/* An object's size counts what it has elsewhere: the items of a list, the table of a dict. */
#include "inside.h"

#include <string.h>

enum { MOST_STRUCTURE = 512, MOST_CLASS = 832 }; /* what is surely an object's own structure at most */

/* Where the object's own memory ends, or before. Only tuples, frames and what gc does not know (numbers,
 * str, bytes) have all that they count in themselves. */
static uint64_t own_end(const struct snapshot *heap, uint32_t i)
{
	static const char *const whole[] = {"tuple", "frame", "generator", "coroutine",
					    "async_generator"};
	const char *type = snapshot_type_name(heap, i);
	uint64_t most = heap->flags[i] & HGS_OBJ_TYPE_OBJECT ? MOST_CLASS : MOST_STRUCTURE;
	bool inside = !(heap->flags[i] & HGS_OBJ_GC) && strcmp(type, "bytearray");

	for (size_t k = 0; k < sizeof(whole) / sizeof(*whole) && !inside; k++)
		inside = !strcmp(type, whole[k]);
	return heap->addr[i] + (inside || heap->size[i] < most ? heap->size[i] : most);
}

/* The first of the addresses at or behind `address`. */
static uint32_t first_behind(const uint64_t *addresses, uint32_t count, uint64_t address)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (addresses[middle] < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Which pages have one of the addresses, by a hash: it spares nearly all objects the search. */
enum { FILTER_BITS = 16, PAGE_SHIFT = 12, MOST_PAGES = 4 };

static uint32_t filter_bit(uint64_t page)
{
	return (uint32_t)(page * UINT64_C(0x9e3779b97f4a7c15) >> (64 - FILTER_BITS));
}

static bool may_have(const uint8_t *filter, uint64_t start, uint64_t end)
{
	uint64_t first = start >> PAGE_SHIFT, last = (end - 1) >> PAGE_SHIFT;

	for (uint64_t page = first; page <= last; page++)
		if (page - first == MOST_PAGES ||
		    filter[filter_bit(page) / 8] & 1u << filter_bit(page) % 8)
			return true;
	return false;
}

void inside_objects(const struct snapshot *heap, const uint64_t *addresses, uint32_t count,
		    uint32_t *object)
{
	uint8_t filter[(1u << FILTER_BITS) / 8] = { 0 };

	for (uint32_t i = 0; i < count; i++) {
		uint32_t bit = filter_bit(addresses[i] >> PAGE_SHIFT);

		object[i] = HGS_NONE;
		filter[bit / 8] |= (uint8_t)(1u << bit % 8);
	}
	for (uint32_t i = 0; i < heap->n && count; i++) {
		uint64_t start = heap->addr[i], end = start + heap->size[i];
		uint32_t k;

		if (start >= end || heap->flags[i] & HGS_OBJ_PSEUDO || !may_have(filter, start, end))
			continue;
		k = first_behind(addresses, count, start);
		if (k == count || addresses[k] >= end)
			continue;
		for (end = own_end(heap, i); k < count && addresses[k] < end; k++)
			object[k] = i;
	}
}
