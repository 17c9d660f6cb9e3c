/* --where: which objects the answer is about; --filter and --highlight: which are drawn, and marked. */
#pragma once

#include "../graph/where.h"
#include "options.h"

struct condition {
	struct where *where; /* NULL: none was given */
	uint8_t *marked;     /* of the objects that match it */
};

struct query {
	struct condition about, filter, highlight;
};

/* Reads the conditions, before anything is touched. */
_must_check_ struct hg_error *query_read(const struct options *options, struct query *ret);
void query_deinit(struct query *query);

/* Marks what matches; `answer` refers to it. Then the objects that OBJECT selects and the condition
 * lets through, all of them, where the verb asks about objects; the caller frees. Exit code 1 where
 * there are none. */
_must_check_ struct hg_error *query_select(struct query *query, const struct options *options,
					   struct answer *answer, uint32_t **objects,
					   uint64_t *count);
