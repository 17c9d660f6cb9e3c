/* How findings are made: holders are grouped by a key, and each group becomes a finding. Shared by
 * findings*.c. */
#pragma once

#include "answer_parts.h"
#include "words.h"

enum { FINDING_OBJECTS = 20 }; /* struct finding lists no more; `count` has the full number */

struct group {
	const uint32_t *holders; /* their indices, ascending */
	uint32_t count;
};

/* How the holders of one kind of finding are told and put together. */
struct grouping {
	/* Whether the holder is one; if so, which group it belongs to. */
	bool (*key)(const struct making *making, const struct holder *holder, uint64_t *ret);
	struct hg_error *(*report)(struct making *making, const struct group *group);
};

/* Reports each group, in the order of their keys. O(holders log holders). */
_must_check_ struct hg_error *findings_group(struct making *making, const struct grouping *grouping);

/* A new finding with the code's own severity and nothing else set; valid until the next one. */
_must_check_ struct hg_error *finding_add(struct answer *answer, enum finding_code code,
					  struct finding **ret);
/* As finding_add(), with the count and objects of a group, and its first holder as the example. */
_must_check_ struct hg_error *finding_of_group(struct answer *answer, enum finding_code code,
					       const struct group *group, struct finding **ret);
/* As finding_of_group(), about the library and the cycle of the group's first holder. */
_must_check_ struct hg_error *finding_of_library(struct answer *answer, enum finding_code code,
						 const struct group *group, struct finding **ret);
/* Says that the finding is about a library: an index into answer->libraries, or HGS_NONE for none. */
void finding_about(const struct answer *answer, struct finding *finding, uint32_t library);
/* Sets the count, and makes room for as many objects as are listed: the caller fills all
 * finding->num_objects of them. */
_must_check_ struct hg_error *finding_list(struct finding *finding, uint64_t count);
/* Formatted text; out of memory makes it NULL. */
char *finding_text(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));
/* Success if all texts that must be there are. */
_must_check_ struct hg_error *finding_done(const struct finding *finding);

/* An unreached owner of such a library's handle. */
bool is_pinned(const struct answer *answer, const struct holder *holder);
_must_check_ struct hg_error *findings_stale(struct making *making);
_must_check_ struct hg_error *findings_opens(struct making *making);
_must_check_ struct hg_error *findings_cycles(struct making *making);
_must_check_ struct hg_error *findings_roots(struct making *making);
_must_check_ struct hg_error *findings_gc(struct making *making);
_must_check_ struct hg_error *findings_descriptors(struct making *making);
_must_check_ struct hg_error *findings_resurrected(struct making *making);
_must_check_ struct hg_error *findings_references(struct making *making);
_must_check_ struct hg_error *findings_callbacks(struct making *making);
/* After all others: signature and pattern of each. */
_must_check_ struct hg_error *findings_sign(struct making *making);
_must_check_ struct hg_error *findings_pointers(struct making *making);
_must_check_ struct hg_error *findings_untraversable(struct making *making);
