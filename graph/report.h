/* Formats an answer. Nothing is decided here. */
#pragma once

#include <stdio.h>

#include "answer.h"

struct style {
	bool color;
	bool utf8;   /* box characters */
	int width;   /* columns */
	int verbose; /* -1 quiet, 0, 1 */
	uint32_t limit; /* rows of a list; 0: all */
};

/* Verbs of docs/INTERFACE.md. Each has a text and a JSON form. */
enum report_part { REPORT_ALL, REPORT_HANDLES, REPORT_CYCLES, REPORT_TYPES };
_must_check_ struct hg_error *report_text(FILE *out, const struct answer *answer,
					  enum report_part part, const struct style *style);
/* `outputs`: NULL-terminated list of files written, or NULL. */
_must_check_ struct hg_error *report_json(FILE *out, const struct answer *answer,
					  enum report_part part, uint32_t limit,
					  const char *const *outputs);

/* why, refs, backrefs OBJECT. Of the `total` objects, `count` are shown one by one; why asks about all
 * of them together as well. */
enum object_part { OBJECT_WHY, OBJECT_REFS, OBJECT_BACKREFS };
_must_check_ struct hg_error *report_objects(FILE *out, const struct answer *answer,
					     enum object_part part, const uint32_t *objects,
					     uint32_t count, uint64_t total, int depth,
					     const struct style *style, bool json);

/* As above. retained: the top of the dominator tree, `depth` levels of it, or, where `count` is not 0, what
 * would be freed if each of the objects went, and if all did. */
_must_check_ struct hg_error *report_retained(FILE *out, const struct answer *answer,
					      const uint32_t *objects, uint32_t count,
					      uint64_t total, int depth, const struct style *style,
					      bool json);
