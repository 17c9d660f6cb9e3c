/* Output files: promised before the target is touched, complete or not there at all.
 *
 * output_open() finds out that a file can be written (folder, rights, name free, room for the least
 * that it will take) and takes an unnamed file beside it (O_TMPFILE; where the file system has none,
 * a hidden name); only output_commit() gives it its name. Whatever ends heapgraph before that leaves
 * nothing. How large a snapshot becomes is known only after the walk: a disk that fills up then ends
 * the attach in order. */
#pragma once

#include <stdbool.h>

#include "../graph/error.h"

enum output_kind { OUTPUT_PNG, OUTPUT_SVG, OUTPUT_PDF, OUTPUT_DOT, OUTPUT_JSON, OUTPUT_HGS,
		   OUTPUT_BASELINE };

struct output {
	enum output_kind kind;
	char *path;	/* final name; for a numbered default set at commit */
	char *temporary; /* NULL where the file has no name */
	int fd;
	bool force, numbered;
};

/* Opens for `path`, whose suffix says the kind (exit 2 where it says none). Mode 0600. */
_must_check_ struct hg_error *output_open(const char *path, bool force, struct output *ret);
/* Opens for a default name STEM.png; the number is chosen at commit: STEM-2.png and so on. */
_must_check_ struct hg_error *output_open_numbered(const char *stem, struct output *ret);
/* Makes the file durable under its name. */
_must_check_ struct hg_error *output_commit(struct output *output);
/* Releases; an output that was not committed vanishes. */
void output_deinit(struct output *output);

/* "png" and so on. */
const char *output_format(enum output_kind kind);
