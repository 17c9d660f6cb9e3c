#include "answers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

void library(struct heap *heap, const char *path, uint32_t opens, uint32_t flags)
{
	heap_library(heap, (struct hgs_library){.handle = HANDLE,
						.path = heap_string(heap, path),
						.opens = opens,
						.flags = flags,
						.needed_by = HGS_NONE,
						.bound_by = HGS_NONE});
}

struct answer *answer_of(struct heap *heap, struct snapshot **s)
{
	struct answer *answer;
	struct hg_error *error;

	*s = heap_snapshot(heap);
	error = answer_create(*s, &answer);
	if (error)
		fail_msg("%s", error->message);
	return answer;
}

void done(struct heap *heap, struct snapshot *s, struct answer *answer)
{
	answer_destroy(answer);
	snapshot_close(s);
	heap_destroy(heap);
}

const struct finding *find(const struct answer *answer, enum finding_code code)
{
	for (uint32_t i = 0; i < answer->num_findings; i++)
		if (answer->findings[i].code == code)
			return &answer->findings[i];
	return NULL;
}
