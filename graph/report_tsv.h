/* Answers as tab-separated text, for cut, sort and awk: a line of headings, then a line a row, no
 * colours, nothing elided, numbers in digits. Control characters in values are escaped, so that a
 * value is never two. */
#pragma once

#include "report.h"

/* `limit` 0: all rows. */
_must_check_ struct hg_error *tsv_types(FILE *out, const struct answer *answer, uint32_t limit);
_must_check_ struct hg_error *tsv_objects(FILE *out, const struct answer *answer,
					  enum object_part part, const uint32_t *objects,
					  uint32_t count);
/* As report_retained(): the tree, or where `count` is not 0, the objects. */
_must_check_ struct hg_error *tsv_retained(FILE *out, const struct answer *answer,
					   const uint32_t *objects, uint32_t count, uint32_t depth,
					   uint32_t limit);
