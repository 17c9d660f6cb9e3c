/* What is big without anybody having asked, and looks like growth without bound. */
#pragma once

#include "answer.h"
#include "dominators.h"

enum suspect_kind {
	SUSPECT_MANY,	/* many of one type hang from one object, and from it alone */
	SUSPECT_SHARED, /* the same, but others hold them as well */
	SUSPECT_CHAIN,	/* each of one type hangs from the one before */
	SUSPECT_ONE,	/* one object that is large by itself */
};

struct suspect {
	enum suspect_kind kind;
	uint32_t object; /* the accumulation point, the first of the chain, or the large object */
	uint32_t type;	 /* what there is many of: a type object; HGS_NONE for SUSPECT_ONE */
	uint64_t count;	 /* of that type; in a chain at least so many */
	uint64_t bytes;	 /* what goes with `object`; for SUSPECT_SHARED what goes with all of them */
};

struct suspects {
	struct suspect *row; /* the largest first */
	uint32_t count;
	uint64_t live_bytes; /* of which the rows are shares */
};

/* What keeps a tenth of the live bytes, and a megabyte, at least: among it, from the top of the
 * dominator tree down, the first object of each branch that is the point where many hang, or whose
 * own size is that large. Modules and classes are looked through. Bounded by what the tree shows:
 * what many hold without one of them holding half has no point to name. O(n + m). */
_must_check_ struct hg_error *suspects_create(const struct answer *answer,
					      const struct dominators *d, struct suspects *ret);
void suspects_deinit(struct suspects *suspects);
#define _cleanup_suspects_ _cleanup_(suspects_deinit)

const char *suspect_kind_name(enum suspect_kind kind); /* "many", "shared", "chain", "one" */
/* The line to change. Caller frees; NULL without memory. */
char *suspect_advice(const struct answer *answer, const struct suspect *suspect);
