/* Shortest ways inside one component. A search keeps its arrays between calls and clears only what
 * it touched, so that many rings in small components cost what the components cost. */
#pragma once

#include "graph.h"

struct ring_search;

/* Both arguments must outlive the search. O(n) memory, touched as needed. */
_must_check_ struct hg_error *ring_search_create(const struct snapshot *s,
						 const uint32_t *component,
						 struct ring_search **ret);
void ring_search_destroy(struct ring_search *search);

/* The shortest way of at least one reference from one object to another (or the same) object of
 * its component; steps 0 where there is none. O(component). The caller owns *ret. */
_must_check_ struct hg_error *ring_search_way(struct ring_search *search, uint32_t from,
					      uint32_t to, struct chain *ret);
