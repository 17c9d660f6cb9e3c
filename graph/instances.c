/* A counting sort by type. Types are some thousand: their counters stay in the processor's cache, and
 * the table from object to counter is touched where a type is, no more. */
#include "instances.h"

#include "list.h"

/* 1 + index into `type`; 0: no type. */
static uint32_t number_of(const struct snapshot *heap, const uint32_t *numbers, uint32_t i)
{
	return heap->type[i] == HGS_NONE ? 0 : numbers[heap->type[i]];
}

static struct hg_error *find_types(const struct snapshot *heap, uint32_t *numbers,
				   struct instances *ret)
{
	for (uint32_t i = 0; i < heap->n; i++) {
		uint32_t *row;

		if (!(heap->flags[i] & HGS_OBJ_TYPE_OBJECT))
			continue;
		row = list_add(&ret->type, &ret->num_types);
		if (!row)
			return &hg_error_no_memory;
		*row = i;
		numbers[i] = ret->num_types;
	}
	return NULL;
}

/* Counted at first[k + 1], ended at first[k + 1] when all are in their places. */
static void sort(const struct snapshot *heap, const uint32_t *numbers, struct instances *ret)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < heap->n; i++)
		ret->first[number_of(heap, numbers, i)]++;
	ret->first[0] = 0;
	for (uint32_t k = 1; k <= ret->num_types; k++) {
		uint32_t count = ret->first[k];

		ret->first[k] = sum;
		sum += count;
	}
	for (uint32_t i = 0; i < heap->n; i++) {
		uint32_t number = number_of(heap, numbers, i);

		if (number)
			ret->object[ret->first[number]++] = i;
	}
}

struct hg_error *instances_find(const struct snapshot *heap, struct instances *ret)
{
	_cleanup_free_ uint32_t *numbers = calloc((size_t)heap->n + 1, sizeof(*numbers));
	struct hg_error *error;

	*ret = (struct instances){ 0 };
	if (!numbers)
		return &hg_error_no_memory;
	error = find_types(heap, numbers, ret);
	if (error)
		return error;
	ret->first = calloc((size_t)ret->num_types + 1, sizeof(*ret->first));
	ret->object = malloc(((size_t)heap->n + 1) * sizeof(*ret->object));
	if (!ret->first || !ret->object)
		return &hg_error_no_memory;
	sort(heap, numbers, ret);
	return NULL;
}

void instances_deinit(struct instances *instances)
{
	free(instances->type);
	free(instances->first);
	free(instances->object);
}
