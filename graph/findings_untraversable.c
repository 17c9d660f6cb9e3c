/* untraversable-type: a cycle through a type without tp_traverse.
 *
 * Such a type holds references that gc does not know of, so that a cycle through one is never found to be
 * garbage. The references are read out of its objects' memory (HGS_INFERRED), and put beside those that
 * were found; a component that has one of them inside is such a cycle. Not said of what a root reaches:
 * objects of C may point to each other without owning a reference, and nothing is lost yet. */
#include <string.h>

#include "components.h"
#include "findings.h"

struct augmented {
	struct snapshot heap;
	uint64_t *start;
	uint32_t *target;
};

/* The references of both sorts, by counting. */
static struct hg_error *augment(const struct snapshot *s, struct augmented *ret)
{
	uint64_t m = s->m + s->num_inferred, *start = calloc((size_t)s->n + 2, sizeof(*start));
	uint32_t *target = malloc((m + 1) * sizeof(*target));
	uint64_t shift = 0;

	*ret = (struct augmented){.heap = *s, .start = start, .target = target};
	if (!start || !target)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < s->num_inferred; i++)
		start[s->inferred[i].from + 1ul]++;
	for (uint32_t i = 0; i < s->n; i++) {
		uint64_t own = s->start[i + 1ul] - s->start[i], more = start[i + 1ul];

		memcpy(&target[s->start[i] + shift], &s->target[s->start[i]], own * sizeof(*target));
		start[i] = s->start[i] + shift + own; /* where the inferred ones go */
		shift += more;
	}
	start[s->n] = m;
	for (uint32_t i = 0; i < s->num_inferred; i++)
		target[start[s->inferred[i].from]++] = s->inferred[i].to;
	for (uint32_t i = s->n; i > 0; i--) /* each stands at its end, the next one's start */
		start[i] = start[i - 1];
	start[0] = 0;
	ret->heap.start = start;
	ret->heap.target = target;
	ret->heap.m = m;
	return NULL;
}

static void augmented_deinit(struct augmented *augmented)
{
	free(augmented->start);
	free(augmented->target);
}

/* Inferred references inside a component, those of one type together. */
struct inner {
	uint32_t type, from;
};

static int by_type(const void *a, const void *b)
{
	const struct inner *x = a, *y = b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return (x->from > y->from) - (x->from < y->from);
}

static const struct hgs_inferred *reference_of(const struct snapshot *s, const uint32_t *component,
					       uint32_t from)
{
	for (uint32_t i = 0; i < s->num_inferred; i++)
		if (s->inferred[i].from == from && component[from] == component[s->inferred[i].to])
			return &s->inferred[i];
	return NULL;
}

static struct hg_error *report(struct making *making, const uint32_t *component,
			       const struct inner *run, uint32_t count)
{
	struct answer *answer = making->answer;
	const struct snapshot *s = answer->s;
	const struct hgs_inferred *reference = reference_of(s, component, run->from);
	const struct holder *type = holder_at(making, run->type, HGS_HOLDER_TYPE);
	const char *name = snapshot_text(s, run->type);
	uint32_t library = type ? type->library : HGS_NONE;
	struct finding *finding;
	struct hg_error *error = finding_add(answer, FINDING_UNTRAVERSABLE_TYPE, &finding);

	if (!error)
		error = finding_list(finding, count);
	if (error)
		return error;
	for (uint32_t i = 0; i < finding->num_objects; i++)
		finding->objects[i] = run[i].from;
	finding_about(answer, finding, library);
	finding->title = finding_text("%u %s object%s in cycles that gc cannot see%s%s%s", count, name,
				      plural(count), library == HGS_NONE ? "" : " (",
				      library == HGS_NONE ? "" : answer->libraries[library].name,
				      library == HGS_NONE ? "" : ")");
	finding->evidence = finding_text(
		"%s has no tp_traverse; the word at byte %u of the one at 0x%llx is the address of the "
		"%s at 0x%llx (inferred), from which it is reached again",
		name, reference->offset, (unsigned long long)s->addr[run->from],
		snapshot_type_name(s, reference->to), (unsigned long long)s->addr[reference->to]);
	finding->advice = finding_text("%s: give %s Py_TPFLAGS_HAVE_GC, tp_traverse and tp_clear, or "
				       "break the cycle by hand",
				       library == HGS_NONE ? "in its extension"
							   : answer->libraries[library].name,
				       name);
	return finding_done(finding);
}

static struct hg_error *find(struct making *making, struct inner *inner)
{
	const struct snapshot *s = making->answer->s;
	_cleanup_(augmented_deinit) struct augmented augmented = {0};
	_cleanup_free_ uint32_t *component = NULL;
	uint32_t count = 0, components, end;
	struct hg_error *error = augment(s, &augmented);

	if (!error)
		error = graph_components(&augmented.heap, &component, &components);
	for (uint32_t i = 0; i < s->num_inferred && !error; i++) {
		uint32_t from = s->inferred[i].from;

		if (component[from] == component[s->inferred[i].to] && s->type[from] != HGS_NONE &&
		    making->answer->reach->state[from] != REACH_ROOT &&
		    object_is_foreign(making, from))
			inner[count++] = (struct inner){s->type[from], from};
	}
	if (count)
		qsort(inner, count, sizeof(*inner), by_type);
	for (uint32_t i = 0; i < count && !error; i = end) {
		for (end = i + 1; end < count && inner[end].type == inner[i].type;)
			end++;
		error = report(making, component, &inner[i], end - i);
	}
	return error;
}

struct hg_error *findings_untraversable(struct making *making)
{
	_cleanup_free_ struct inner *inner = NULL;

	if (!making->answer->s->num_inferred)
		return NULL;
	inner = calloc(making->answer->s->num_inferred, sizeof(*inner));
	return inner ? find(making, inner) : &hg_error_no_memory;
}
