/* The command line: one table of verbs and one of flags, from which parsing and --help come. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "../graph/error.h"
#include "../graph/report.h"
#include "freeze.h"

enum verb {
	VERB_ATTACH,
	VERB_SNAPSHOT,
	VERB_REPORT,
	VERB_HANDLES,
	VERB_CYCLES,
	VERB_TYPES,
	VERB_RETAINED,
	VERB_WHY,
	VERB_REFS,
	VERB_BACKREFS,
	VERB_DIFF,
	VERBS
};

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
	enum verb verb;
	const char *source; /* PID or file, as typed; of diff the last */
	const char *older[2]; /* of diff, in order */
	unsigned num_older;
	const char *unload; /* library that --unload names; NULL: none */
	const char *object; /* OBJECT of why, refs, backrefs, retained; NULL where there is none */
	const char **outputs; /* -o, in order; NULL-terminated; owned */
	unsigned num_outputs;
	bool json, force, help, version, redact;
	enum color color;
	int verbose; /* -1 with -q */
	uint32_t limit; /* 0: not given */
	uint32_t max_nodes;
	bool dark, all_edges, show;	   /* of pictures */
	const char *filter, *highlight; /* conditions; NULL where not given */
	int depth;
	uint64_t timeout_ns;
	enum freeze_mode mode;
	const char *where; /* a condition, or NULL; see graph/where.h */
	bool tsv;
	const char *exe, *sysroot; /* of a core; NULL where not given */
	int held; /* descriptor of the memory of a process that a debugger holds; -1: none */
	const char *baseline; /* a file, or NULL */
	uint64_t fail_on; /* bit (1 << enum finding_code) each */
};

/* Parses; errors have exit code 2 and name the flag. *ret is filled in place. */
_must_check_ struct hg_error *options_parse(int argc, char **argv, struct options *ret);
void options_deinit(struct options *options);

/* "attach" and so on. */
const char *verb_name(enum verb verb);

/* The text of --help, for one verb where one was named. */
void options_help(FILE *out, const struct options *options);
