/* Opens, owners and descriptors that grew. */
#include <string.h>
#include <xxhash.h>

#include "answer_parts.h"
#include "diff_parts.h"

static uint64_t signature_of(const char *words)
{
	return XXH3_64bits(words, strlen(words));
}

/* --- libraries --------------------------------------------------------------------------------- */

/* By path, namespace and place, which stays while it is mapped. */
static int by_place(const void *a, const void *b)
{
	const struct library *x = *(const struct library *const *)a;
	const struct library *y = *(const struct library *const *)b;
	int order = strcmp(x->path, y->path);

	if (order)
		return order;
	if (x->fact->space != y->fact->space)
		return x->fact->space < y->fact->space ? -1 : 1;
	return (x->fact->handle > y->fact->handle) - (x->fact->handle < y->fact->handle);
}

static const struct library **sorted_libraries(const struct answer *answer)
{
	const struct library **sorted = malloc((answer->num_libraries + 1ul) * sizeof(*sorted));

	if (!sorted)
		return NULL;
	for (uint32_t i = 0; i < answer->num_libraries; i++)
		sorted[i] = &answer->libraries[i];
	qsort(sorted, answer->num_libraries, sizeof(*sorted), by_place);
	return sorted;
}

static struct hg_error *add_library(struct diff *diff, const struct library *old,
				    const struct library *new)
{
	struct library_growth *row = &diff->libraries[diff->num_libraries];

	*row = (struct library_growth){
		.path = new->path,
		.name = new->name,
		.opens = {old ? old->opens : 0, new->opens},
		.owners = {old ? old->owners : 0, new->owners},
	};
	if (row->owners[1] <= row->owners[0] && (row->opens[0] < 0 || row->opens[1] <= row->opens[0]))
		return NULL;
	diff->num_libraries++;
	if (asprintf(&row->words, "library %s", new->name) < 0) {
		row->words = NULL;
		return &hg_error_no_memory;
	}
	row->signature = signature_of(row->words);
	return NULL;
}

struct hg_error *growth_libraries_make(struct diffing *diffing)
{
	struct diff *diff = diffing->diff;
	const struct answer *first = diff->answers[0], *last = diff_last(diff);
	_cleanup_free_ const struct library **old = sorted_libraries(first);
	_cleanup_free_ const struct library **new = sorted_libraries(last);
	struct hg_error *error = NULL;
	uint32_t at = 0;

	diff->libraries = calloc(last->num_libraries + 1ul, sizeof(*diff->libraries));
	if (!old || !new || !diff->libraries)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < last->num_libraries && !error; i++) {
		while (at < first->num_libraries && by_place(&old[at], &new[i]) < 0)
			at++;
		error = add_library(diff,
				    at < first->num_libraries && !by_place(&old[at], &new[i])
					    ? old[at]
					    : NULL,
				    new[i]);
	}
	return error;
}

/* --- descriptors ------------------------------------------------------------------------------- */

struct counted {
	uint64_t signature;
	char *words, *kind;
	uint32_t example;
	bool last; /* which snapshot it is of */
	bool fresh;
};

static void counted_free(struct counted **list)
{
	for (size_t i = 0; *list && (*list)[i].words; i++) {
		free((*list)[i].words);
		free((*list)[i].kind);
	}
	free(*list);
}

/* "socket:[123]" is a socket, "anon_inode:[eventpoll]" an eventpoll, and a path a file. */
static char *kind_of(const char *target)
{
	const char *bracket = strstr(target, ":[");

	if (*target == '/')
		return strdup("file");
	if (!strncmp(target, "anon_inode:", 11)) {
		size_t skip = target[11] == '[';

		return strndup(target + 11 + skip, strcspn(target + 11 + skip, "]"));
	}
	return bracket ? strndup(target, (size_t)(bracket - target)) : strdup(target);
}

static struct hg_error *count_one(struct diffing *diffing, unsigned k, uint32_t i,
				  struct counted *ret)
{
	const struct descriptor *descriptor = &diffing->diff->answers[k]->descriptors[i];
	_cleanup_free_ char *owner = NULL;

	*ret = (struct counted){.example = i, .last = k > 0};
	if (descriptor->owner == HGS_NONE)
		owner = strdup("no owner");
	else
		owner = pattern_words(diffing->patterns,
				      diffing->pattern[k][descriptor->owner] & ~PATTERN_FOLDED);
	ret->kind = kind_of(descriptor->target);
	if (!owner || !ret->kind || asprintf(&ret->words, "%s of %s", ret->kind, owner) < 0) {
		free(take_ptr(ret->kind));
		ret->words = NULL;
		return &hg_error_no_memory;
	}
	ret->signature = signature_of(ret->words);
	return NULL;
}

static int by_signature(const void *a, const void *b)
{
	const struct counted *x = a, *y = b;

	if (x->signature != y->signature)
		return x->signature < y->signature ? -1 : 1;
	if (x->last != y->last)
		return x->last ? 1 : -1;
	return (x->example > y->example) - (x->example < y->example);
}

/* Was not open on the same thing before. The numbers ascend in both. */
static bool is_fresh(const struct answer *old, const struct descriptor *descriptor, uint32_t *at)
{
	while (*at < old->num_descriptors && old->descriptors[*at].fact->fd < descriptor->fact->fd)
		++*at;
	return *at == old->num_descriptors ||
	       old->descriptors[*at].fact->fd != descriptor->fact->fd ||
	       strcmp(old->descriptors[*at].target, descriptor->target) != 0;
}

static struct hg_error *count_all(struct diffing *diffing, struct counted *list, size_t *count)
{
	struct diff *diff = diffing->diff;
	const struct answer *first = diff->answers[0], *last = diff_last(diff);
	struct hg_error *error = NULL;
	uint32_t at = 0;

	for (uint32_t i = 0; i < first->num_descriptors && !error; i++)
		error = count_one(diffing, 0, i, &list[(*count)++]);
	for (uint32_t i = 0; i < last->num_descriptors && !error; i++) {
		error = count_one(diffing, diff->count - 1, i, &list[(*count)++]);
		list[*count - 1].fresh = is_fresh(first, &last->descriptors[i], &at);
	}
	return error;
}

/* One run of equal signatures. */
static void add_descriptors(struct diff *diff, struct counted *run, size_t length)
{
	struct descriptor_growth row = {.signature = run->signature, .example = HGS_NONE};

	for (size_t i = 0; i < length; i++) {
		row.count[run[i].last]++;
		if (run[i].fresh && row.example == HGS_NONE)
			row.example = run[i].example;
	}
	if (row.count[1] <= row.count[0] || row.example == HGS_NONE)
		return;
	row.kind = run->kind;
	row.words = strdup(run->words);
	run->kind = NULL;
	diff->descriptors[diff->num_descriptors++] = row;
}

static int by_more(const void *a, const void *b)
{
	const struct descriptor_growth *x = a, *y = b;
	uint64_t more = x->count[1] - x->count[0], other = y->count[1] - y->count[0];

	if (more != other)
		return more < other ? 1 : -1;
	return (x->signature > y->signature) - (x->signature < y->signature);
}

struct hg_error *growth_descriptors_make(struct diffing *diffing)
{
	struct diff *diff = diffing->diff;
	const struct answer *last = diff_last(diff);
	size_t most = (size_t)diff->answers[0]->num_descriptors + last->num_descriptors, count = 0;
	_cleanup_(counted_free) struct counted *list = calloc(most + 1, sizeof(*list));
	struct hg_error *error;

	diff->descriptors = calloc(most + 1, sizeof(*diff->descriptors));
	if (!list || !diff->descriptors)
		return &hg_error_no_memory;
	/* What is open a core does not say: nothing is known to have been added. */
	if (!diff->answers[0]->s->descriptors || !last->s->descriptors)
		return NULL;
	error = count_all(diffing, list, &count);
	if (error)
		return error;
	qsort(list, count, sizeof(*list), by_signature);
	for (size_t i = 0, next; i < count; i = next) {
		for (next = i + 1; next < count; next++)
			if (list[next].signature != list[i].signature)
				break;
		add_descriptors(diff, &list[i], next - i);
	}
	qsort(diff->descriptors, diff->num_descriptors, sizeof(*diff->descriptors), by_more);
	for (uint32_t i = 0; i < diff->num_descriptors; i++)
		if (!diff->descriptors[i].words)
			return &hg_error_no_memory;
	return NULL;
}
