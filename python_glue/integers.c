/* An int is a size or, from 3.12 on, a tag of which three bits are flags, and digits of 30 bits
 * (Include/cpython/longintrepr.h). */
#include "integers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "../graph/list.h"

enum { BATCH = 512, SIZE_OFFSET = 16 };
enum { ONE_DIGIT = 28, TWO_DIGITS = 32 }; /* bytes of such an object */
enum { LEAST = 1 << 16 };		   /* no process has memory below (vm.mmap_min_addr) */

struct number {
	uint64_t size;
	uint32_t digits[2];
};

struct reading {
	const struct snapshot *heap;
	const struct memory *memory;
	bool tagged;
	struct py_integer *found;
	uint32_t count;
	uint32_t objects[BATCH];
	struct iovec remote[BATCH];
	unsigned batched;
	struct number numbers[BATCH];
};

static struct hg_error *take(struct reading *r, uint32_t object, uint64_t value)
{
	struct py_integer *row;

	if (value % 16 || value < LEAST)
		return NULL;
	row = list_add(&r->found, &r->count);
	if (!row)
		return &hg_error_no_memory;
	*row = (struct py_integer){ value, object };
	return NULL;
}

static struct hg_error *take_number(struct reading *r, unsigned k)
{
	const struct number *n = &r->numbers[k];
	uint64_t digits = r->tagged ? n->size >> 3 : n->size;

	if (digits < 1 || digits > 2 || (r->tagged && n->size & 3))
		return NULL;
	return take(r, r->objects[k],
		    n->digits[0] | (digits == 2 ? (uint64_t)n->digits[1] << 30 : 0));
}

static struct hg_error *flush(struct reading *r)
{
	struct iovec local = { r->numbers, r->batched * sizeof(r->numbers[0]) };
	struct hg_error *error = NULL;
	ssize_t got = process_vm_readv(r->memory->pid, &local, 1, r->remote, r->batched, 0);

	for (unsigned k = 0; k < r->batched && !error; k++)
		if (got == (ssize_t)local.iov_len ||
		    !memory_read(r->memory, (uint64_t)(uintptr_t)r->remote[k].iov_base,
				 &r->numbers[k], sizeof(r->numbers[k])))
			error = take_number(r, k);
	r->batched = 0;
	return error;
}

/* Of a decimal number: 10,000 is a multiple of 16, so that the last four digits tell. */
static bool may_be_address(const char *text)
{
	size_t length = strlen(text);
	unsigned last = 0;

	if (length <= 4 || *text == '-')
		return false;
	for (const char *digit = text + length - 4; *digit; digit++)
		last = 10 * last + (unsigned)(*digit - '0');
	return last % 16 == 0;
}

/* By its text, where the snapshot has it. */
static struct hg_error *put(struct reading *r, uint32_t object)
{
	const char *text = snapshot_text(r->heap, object);

	if (*text)
		return may_be_address(text) ? take(r, object, strtoull(text, NULL, 10)) : NULL;
	r->objects[r->batched] = object;
	r->remote[r->batched++] = (struct iovec){
		(void *)(uintptr_t)(r->heap->addr[object] + SIZE_OFFSET), sizeof(struct number)
	};
	return r->batched == BATCH ? flush(r) : NULL;
}

/* There is one type of this name that is no class of a program. Its index in all->type; num_types where
 * there is none. */
static uint32_t int_type(const struct snapshot *heap, const struct instances *all)
{
	uint32_t k = 0;

	while (k < all->num_types && strcmp(snapshot_text(heap, all->type[k]), "int"))
		k++;
	return k;
}

struct hg_error *py_integers(const struct snapshot *heap, const struct instances *all,
			     const struct memory *memory, const struct py_layout *layout,
			     struct py_integer **ret, uint32_t *count)
{
	_cleanup_free_ struct reading *r = calloc(1, sizeof(*r));
	uint32_t type = int_type(heap, all), i, end;
	struct hg_error *error = NULL;

	if (!r)
		return &hg_error_no_memory;
	r->heap = heap;
	r->memory = memory;
	r->tagged = layout->minor >= 12;
	i = type < all->num_types ? all->first[type] : 0;
	end = type < all->num_types ? all->first[type + 1] : 0;
	for (; i < end && !error; i++) {
		uint64_t size = heap->size[all->object[i]];

		if (size == ONE_DIGIT || size == TWO_DIGITS)
			error = put(r, all->object[i]);
	}
	if (!error)
		error = flush(r);
	if (error) {
		free(r->found);
		return error;
	}
	*ret = r->found;
	*count = r->count;
	return NULL;
}
