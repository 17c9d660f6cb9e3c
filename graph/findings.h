/* How findings are made: picks (holders with a key) are sorted, and each run of one key becomes a
 * finding. Shared by findings*.c. */
#pragma once

#include "answer_parts.h"

struct pick {
	uint64_t key;
	uint32_t holder;
};

struct picks {
	struct pick *pick;
	uint32_t count;
};

/* A new finding with the code's own severity and nothing else set; valid until the next one. */
_must_check_ struct hg_error *finding_add(struct answer *answer, enum finding_code code,
					  struct finding **ret);
/* Sets count and objects from a run of picks, and its first as the example. */
_must_check_ struct hg_error *finding_objects(struct answer *answer, struct finding *finding,
					      const struct pick *picks, uint32_t count);
/* Formatted text; out of memory makes it NULL. */
char *finding_text(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));
/* Success if all texts that must be there are. */
_must_check_ struct hg_error *finding_done(const struct finding *finding);

/* Room for all holders. */
_must_check_ struct hg_error *picks_create(const struct answer *answer, struct picks *ret);
void picks_sort(struct picks *picks);
/* Length of the run of equal keys that begins at `first`. */
uint32_t picks_run(const struct picks *picks, uint32_t first);

/* An unreached owner of such a library's handle. */
bool is_pinned(const struct answer *answer, const struct holder *holder);
static inline const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

_must_check_ struct hg_error *findings_stale(struct making *making);
_must_check_ struct hg_error *findings_opens(struct making *making);
_must_check_ struct hg_error *findings_cycles(struct making *making);
_must_check_ struct hg_error *findings_roots(struct making *making);
_must_check_ struct hg_error *findings_gc(struct making *making);
_must_check_ struct hg_error *findings_descriptors(struct making *making);
_must_check_ struct hg_error *findings_resurrected(struct making *making);
