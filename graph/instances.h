/* The objects of a heap by their types, for those who look for the instances of a few. */
#pragma once

#include "snapshot.h"

struct instances {
	uint32_t num_types;
	uint32_t *type;	  /* the objects that are types, ascending */
	uint32_t *first;  /* type[k] has object[first[k]] to object[first[k + 1] - 1], ascending */
	uint32_t *object; /* what is an instance of none of them is left out */
};

/* Reads the columns of objects, nothing behind them. *ret is to be released in any case. O(objects), 4
 * bytes each. */
_must_check_ struct hg_error *instances_find(const struct snapshot *heap, struct instances *ret);
void instances_deinit(struct instances *instances);
