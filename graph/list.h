/* Lists that grow at their end, one record at a time.
 *
 * A list is a pointer and a count, both zero at first; its room is the next power of two, so that
 * no third variable can disagree with the two. free() releases it. */
#pragma once

#include <stdlib.h>

/* The list with room for one more than its `count` records of `size` bytes: amortised O(1). NULL without
 * memory, and the list is as it was. */
static inline void *list_room(void *list, size_t count, size_t size)
{
	if (count & (count - 1))
		return list;
	return reallocarray(list, count ? count * 2 : 1, size);
}

/* Given the addresses of a list's pointer and count, appends a record, which the caller fills: its
 * address, or NULL without memory, and the list is as it was. */
#define list_add(list, count)                                                                     \
	({                                                                                        \
		__typeof__(*(list)) _grown = list_room(*(list), *(count), sizeof(**(list)));      \
		if (_grown)                                                                       \
			*(list) = _grown;                                                         \
		_grown ? &_grown[(*(count))++] : NULL;                                            \
	})
