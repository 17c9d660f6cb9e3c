/* What grew between two or three snapshots of one process, and what keeps it.
 *
 * Of two snapshots: what is new in the second. Of three: what appeared between the first two and
 * still lives in the third. Something that is made and dropped again, as every request makes it, is
 * not there any more then; what is left has been kept. */
#pragma once

#include "answer.h"
#include "sequence.h"

#define DIFF_SNAPSHOTS 3

/* Frames and thread states are not counted: they come and go with every call. */
struct diff_interval {
	uint64_t appeared, appeared_bytes, gone, gone_bytes, survived;
	uint64_t reused, unproven; /* as struct identity has them */
};

/* Kept objects of one pattern. Those that hang from others are counted with these; see growth.c. */
struct growth {
	uint64_t signature;
	char *words; /* of the pattern */
	uint64_t population[DIFF_SNAPSHOTS]; /* objects of the very pattern in each snapshot */
	uint64_t tops;		 /* kept objects of the pattern that hang from no other row's */
	uint64_t objects, bytes; /* of these and of the kept objects below them */
	uint64_t retained;	 /* bytes that would be freed if they went */
	uint32_t example; /* one of them, in the last snapshot */
	uint32_t point;	  /* what was there before and refers to most of them; HGS_NONE: a root, or
			   * in garbage nothing */
	uint64_t at_point, points; /* how many of them hang there; how many such places there are */
	bool growing;	  /* more of them in each snapshot than in the one before */
	bool known;	  /* in the baseline */
};

/* A container that was there before and has more items, or more memory of its own. */
struct container_growth {
	uint32_t object; /* in the last snapshot */
	uint64_t items[2], size[2]; /* in the first snapshot and the last */
};

struct type_growth {
	const char *name;
	uint64_t count[2], bytes[2];
};

/* A library that was opened more often, or has more owners. */
struct library_growth {
	const char *path, *name;
	int64_t opens[2]; /* -1: unknown */
	uint32_t owners[2];
	uint64_t signature;
	char *words;
	bool known;
};

/* Descriptors of one kind with owners of one pattern, of which there are more. */
struct descriptor_growth {
	char *kind; /* "socket", "pipe", "file" */
	uint64_t count[2];
	uint32_t example; /* a new one: index into the last answer's descriptors */
	uint64_t signature;
	char *words; /* kind, and the pattern of the owner */
	bool known;
};

struct diff {
	const struct answer *const *answers;
	unsigned count;	      /* of snapshots */
	struct sequence sequence;
	struct diff_interval intervals[2];
	uint64_t kept, kept_bytes; /* new in the second snapshot and still in the last */
	struct growth *growth; /* growing ones first, the largest first */
	uint32_t num_growth;
	struct container_growth *containers; /* most new items first */
	uint32_t num_containers;
	struct type_growth *types; /* those that grew, by bytes */
	uint32_t num_types;
	struct library_growth *libraries;
	uint32_t num_libraries;
	struct descriptor_growth *descriptors;
	uint32_t num_descriptors;
};

/* `answers` must live as long as the diff. O(n log n + m). */
_must_check_ struct hg_error *diff_create(const struct answer *const *answers, unsigned count,
					  const struct sequence *sequence, struct diff **ret);
void diff_destroy(struct diff *diff);

static inline const struct answer *diff_last(const struct diff *diff)
{
	return diff->answers[diff->count - 1];
}
/* Counted as an object. */
static inline bool diff_counts(const struct snapshot *s, uint32_t object)
{
	return !(s->flags[object] & HGS_OBJ_PSEUDO);
}
