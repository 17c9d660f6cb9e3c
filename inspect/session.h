/* One run of a verb: what verbs.c gathers and publish.c tells. */
#pragma once

#include "../graph/baseline.h"
#include "comparison.h"
#include "core.h"
#include "interrupt.h"
#include "options.h"
#include "output.h"
#include "progress.h"
#include "process.h"
#include "query.h"

struct session {
	const struct options *options;
	const struct interrupt *interrupt;
	struct progress progress;
	struct style style;
	struct process *process; /* NULL where SOURCE is a file */
	struct core *core;	 /* NULL where it is none */
	int core_fd;		 /* -1 where it is none */
	struct output *outputs;
	unsigned num_outputs;
	int spool; /* snapshot of a process that no output keeps */
	struct snapshot *snapshot;
	struct answer *answer;
	struct comparison *comparison; /* of diff */
	struct baseline *baseline;
	struct query query;
	uint32_t *selected; /* [all_selected] */
	uint32_t num_selected; /* of which each is shown */
	uint64_t all_selected;
	bool reader_gone;
};

static inline bool is_picture(enum output_kind kind)
{
	return kind != OUTPUT_JSON && kind != OUTPUT_HGS && kind != OUTPUT_BASELINE;
}

/* Prints the answer and writes the outputs. */
_must_check_ struct hg_error *publish(struct session *s);
