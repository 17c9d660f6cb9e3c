/* Components of a part of the graph. */
#pragma once

#include "graph.h"

/* As graph_components(), with the objects whose `skip` byte is set left out: each is a component
 * of its own, and no cycle leads through it. `skip` may be NULL. */
_must_check_ struct hg_error *graph_components_without(const struct snapshot *s,
						       const uint8_t *skip, uint32_t **component,
						       uint32_t *count);
