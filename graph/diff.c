#include "diff.h"

#include "diff_parts.h"

static void count_interval(const struct snapshot *old, const struct snapshot *new,
			   const struct identity *identity, struct diff_interval *interval)
{
	interval->reused = identity->reused;
	interval->unproven = identity->unproven;
	for (uint32_t i = 0; i < old->n; i++) {
		if (!diff_counts(old, i))
			continue;
		if (identity->newer[i] != HGS_NONE) {
			interval->survived++;
		} else {
			interval->gone++;
			interval->gone_bytes += old->size[i];
		}
	}
	for (uint32_t i = 0; i < new->n; i++) {
		if (!diff_counts(new, i) || identity->older[i] != HGS_NONE)
			continue;
		interval->appeared++;
		interval->appeared_bytes += new->size[i];
	}
}

/* How old each object of the last snapshot is. */
static void date(struct diffing *diffing)
{
	struct diff *diff = diffing->diff;
	const struct snapshot *last = diff_last(diff)->s;

	for (uint32_t i = 0; i < last->n; i++) {
		uint32_t at = i;

		for (unsigned k = diff->count - 1; k > 1 && at != HGS_NONE; k--)
			at = diffing->identity[k - 1]->older[at];
		diffing->first[i] = at == HGS_NONE ? HGS_NONE : diffing->identity[0]->older[at];
		diffing->kept[i] =
			at != HGS_NONE && diffing->first[i] == HGS_NONE && diff_counts(last, i);
		diff->kept += diffing->kept[i];
		diff->kept_bytes += diffing->kept[i] ? last->size[i] : 0;
	}
}

static struct hg_error *make_identities(struct diffing *diffing)
{
	struct diff *diff = diffing->diff;
	uint32_t n = diff_last(diff)->s->n;

	for (unsigned k = 0; k + 1 < diff->count; k++) {
		const struct snapshot *old = diff->answers[k]->s, *new = diff->answers[k + 1]->s;
		struct hg_error *error = identity_create(old, new, &diffing->identity[k]);

		if (error)
			return error;
		count_interval(old, new, diffing->identity[k], &diff->intervals[k]);
	}
	diffing->first = malloc((n + 1ul) * sizeof(*diffing->first));
	diffing->kept = malloc(n + 1ul);
	if (!diffing->first || !diffing->kept)
		return &hg_error_no_memory;
	date(diffing);
	return NULL;
}

static void forest_destroyp(struct forest **forest)
{
	forest_destroy(*forest);
}

static struct hg_error *make_patterns(struct diffing *diffing)
{
	struct diff *diff = diffing->diff;
	struct hg_error *error = patterns_create(&diffing->patterns);

	for (unsigned k = 0; k < diff->count && !error; k++) {
		_cleanup_(forest_destroyp) struct forest *forest = NULL;

		error = forest_create(diff->answers[k], &forest);
		if (!error)
			error = patterns_of(diffing->patterns, diff->answers[k], forest,
					    &diffing->pattern[k]);
		if (k + 1 == diff->count)
			diffing->forest = take_ptr(forest);
	}
	return error;
}

static void diffing_deinit(struct diffing *diffing)
{
	for (unsigned k = 0; k < DIFF_SNAPSHOTS; k++)
		free(diffing->pattern[k]);
	for (unsigned k = 0; k + 1 < DIFF_SNAPSHOTS; k++)
		identity_destroy(diffing->identity[k]);
	patterns_destroy(diffing->patterns);
	forest_destroy(diffing->forest);
	free(diffing->first);
	free(diffing->kept);
}

struct hg_error *diff_create(const struct answer *const *answers, unsigned count,
			     const struct sequence *sequence, struct diff **ret)
{
	static struct hg_error *(*const parts[])(struct diffing *) = {
		make_identities,   make_patterns,	  growth_make,
		growth_containers_make, growth_types_make, growth_libraries_make,
		growth_descriptors_make,
	};
	struct diff *diff = calloc(1, sizeof(*diff));
	_cleanup_(diffing_deinit) struct diffing diffing = {.diff = diff};
	struct hg_error *error = diff ? NULL : &hg_error_no_memory;

	if (diff)
		*diff = (struct diff){.answers = answers, .count = count, .sequence = *sequence};
	for (size_t i = 0; !error && i < sizeof(parts) / sizeof(*parts); i++)
		error = parts[i](&diffing);
	if (error)
		diff_destroy(diff);
	else
		*ret = diff;
	return error;
}

void diff_destroy(struct diff *diff)
{
	if (!diff)
		return;
	for (uint32_t i = 0; i < diff->num_growth; i++)
		free(diff->growth[i].words);
	for (uint32_t i = 0; i < diff->num_libraries; i++)
		free(diff->libraries[i].words);
	for (uint32_t i = 0; i < diff->num_descriptors; i++) {
		free(diff->descriptors[i].kind);
		free(diff->descriptors[i].words);
	}
	free(diff->growth);
	free(diff->containers);
	free(diff->types);
	free(diff->libraries);
	free(diff->descriptors);
	free(diff);
}
