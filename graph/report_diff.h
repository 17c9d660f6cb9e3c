/* A diff as text and JSON. Nothing is decided here. */
#pragma once

#include "diff.h"
#include "json.h"
#include "page.h"

/* `names`: of the snapshots' files. */
_must_check_ struct hg_error *report_diff(FILE *out, const struct diff *diff,
					  const char *const *names, const struct style *style,
					  bool json);

_must_check_ struct hg_error *text_diff(struct page *page, const struct diff *diff,
					const char *const *names);
/* Rows of a list that are shown. */
uint32_t text_diff_limit(const struct page *page);
/* Libraries, descriptors, containers, types. */
void text_diff_tables(struct page *page, const struct diff *diff);
_must_check_ struct hg_error *json_diff(struct json *json, const struct diff *diff,
					const char *const *names, uint32_t limit);
