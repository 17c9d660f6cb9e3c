#include "comparison.h"

#include "source.h"

struct hg_error *comparison_open(const struct options *options, const struct interrupt *interrupt,
				 struct progress *progress, struct comparison **ret)
{
	const struct core_places places = { .exe = options->exe, .sysroot = options->sysroot };
	struct comparison *comparison = calloc(1, sizeof(*comparison));
	struct hg_error *error = comparison ? NULL : &hg_error_no_memory;

	for (unsigned k = 0; k < options->num_older && !error; k++) {
		comparison->names[k] = options->older[k];
		error = source_snapshot(options->older[k], &places, options->redact, interrupt, progress,
					&comparison->snapshot[k]);
		comparison->num_earlier++;
	}
	if (error)
		comparison_destroy(comparison);
	else
		*ret = comparison;
	return error;
}

struct hg_error *comparison_make(struct comparison *comparison, const struct answer *last,
				 const char *name)
{
	const struct snapshot *snapshots[DIFF_SNAPSHOTS];
	unsigned count = comparison->num_earlier;
	struct sequence sequence;
	struct hg_error *error;

	for (unsigned k = 0; k < count; k++)
		snapshots[k] = comparison->snapshot[k];
	snapshots[count] = last->s;
	comparison->names[count] = name;
	error = sequence_check(snapshots, comparison->names, count + 1, &sequence);
	for (unsigned k = 0; k < count && !error; k++) {
		error = answer_create(comparison->snapshot[k], &comparison->answer[k]);
		comparison->answers[k] = comparison->answer[k];
	}
	comparison->answers[count] = last;
	if (!error)
		error = diff_create(comparison->answers, count + 1, &sequence, &comparison->diff);
	return error;
}

void comparison_destroy(struct comparison *comparison)
{
	if (!comparison)
		return;
	diff_destroy(comparison->diff);
	for (unsigned k = 0; k < DIFF_SNAPSHOTS - 1; k++) {
		answer_destroy(comparison->answer[k]);
		snapshot_close(comparison->snapshot[k]);
	}
	free(comparison);
}

bool comparison_matches(const struct comparison *comparison, uint64_t codes)
{
	const struct diff *diff = comparison->diff;
	bool found = false;

	for (uint32_t i = 0; i < diff->num_growth; i++)
		found |= codes & UINT64_C(1) << FINDING_GROWTH && diff->growth[i].growing &&
			 !diff->growth[i].known;
	for (uint32_t i = 0; i < diff->num_libraries; i++)
		found |= codes & UINT64_C(1) << FINDING_HANDLE_GROWTH && !diff->libraries[i].known;
	for (uint32_t i = 0; i < diff->num_descriptors; i++)
		found |= codes & UINT64_C(1) << FINDING_DESCRIPTOR_GROWTH &&
			 !diff->descriptors[i].known;
	return found;
}

bool comparison_is_incomplete(const struct comparison *comparison)
{
	bool incomplete = false;

	for (unsigned k = 0; k < comparison->num_earlier; k++)
		incomplete |= comparison->snapshot[k]->num_incomplete;
	return incomplete;
}
