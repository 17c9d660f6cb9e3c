/* Numbers for the parts of a cgraph graph, in the order in which they are made. */
#pragma once

#include <graphviz/cgraph.h>

/* For agopen(). cgraph writes subgraphs by number, and its own numbers are addresses of interned
 * names, so that the same picture would come out in another order on another run. */
extern const Agdisc_t dot_discipline;
