#include "inside.h"

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

void inside_objects(const struct snapshot *heap, const uint64_t *addresses, uint32_t count,
		    uint32_t *object)
{
	for (uint32_t i = 0; i < count; i++)
		object[i] = HGS_NONE;
	if (!count)
		return;
	for (uint32_t i = 0; i < heap->n; i++) {
		uint64_t start = heap->addr[i], end = start + heap->size[i];

		if (start > addresses[count - 1] || end <= addresses[0] ||
		    heap->flags[i] & HGS_OBJ_PSEUDO)
			continue;
		for (uint32_t k = first_behind(addresses, count, start);
		     k < count && addresses[k] < end; k++)
			object[k] = i;
	}
}
