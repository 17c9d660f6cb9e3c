/* What is expected of a place in a heap made by hand. Fails the test where it is not so. */
#pragma once

#include "../../graph/places.h"
#include "heap.h"

struct expected {
	const char *path, *through, *advice; /* advice: a part of it; through NULL: no place */
	enum severity severity;
};

/* The object's path, and the place along its chain. */
void assert_place(struct heap *heap, uint32_t object, const struct expected *expected);

uint32_t heap_function(struct heap *heap, const char *qualname);
static inline uint32_t index_edge(uint32_t position)
{
	return HGS_EDGE_NAME(HGS_EDGE_INDEX, position);
}
