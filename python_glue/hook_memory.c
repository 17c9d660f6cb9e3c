/* The hook's memory: arrays in mappings of their own, and the shadow table from address to index.
 *
 * The table has a u32 for each 16 bytes of address space: no two objects begin in the same 16
 * bytes, because each has a header of 16. A leaf covers 64 MB and is mapped when an object in it
 * first appears; the directory of leaves covers all of user space, and the kernel supplies only the
 * pages of either that are touched. Against a hash table over the addresses this costs one cache
 * miss, never a comparison and never a rehash. */
#include "hook_private.h"

#define SYS_mmap 9
#define SYS_mremap 25
#define SYS_madvise 28
#define HOOK_ENOMEM 12
#define HUGE_FROM (4u << 20) /* bytes of an array from which on it gets huge pages */

static int64_t hook_syscall(int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
			    uint64_t e, uint64_t f)
{
	register uint64_t r10 __asm__("r10") = d;
	register uint64_t r8 __asm__("r8") = e;
	register uint64_t r9 __asm__("r9") = f;
	int64_t ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

uint64_t get_field(uint64_t object, int32_t offset)
{
	return offset == PY_ABSENT ? 0 : get64(object + (uint64_t)(int64_t)offset);
}

/* Ends the walk: hook_run() returns, or traps, with phase HOOK_FAILED. */
void hook_fail(struct hook *h, int error)
{
	h->control->phase = HOOK_FAILED;
	h->control->error = error;
	__builtin_longjmp(h->unwind, 1);
}

/* PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE. */
int64_t hook_map(uint64_t size)
{
	return hook_syscall(SYS_mmap, 0, size, 3, 0x4022, (uint64_t)-1, 0);
}

/* MADV_HUGEPAGE; where refused, small pages do. */
static void huge_pages(uint64_t data, uint64_t size)
{
	hook_syscall(SYS_madvise, data, size, 14, 0, 0, 0);
}

static void array_grow(struct hook *h, struct hook_array *array, uint64_t size)
{
	uint64_t capacity = array->capacity ? array->capacity * 2 : 1 << 16;
	int64_t data;

	while (capacity < array->used + size)
		capacity *= 2;
	if (array->data)
		data = hook_syscall(SYS_mremap, array->data, array->capacity, capacity, 1, 0, 0);
	else
		data = hook_map(capacity);
	if (data < 0 && data > -4096)
		hook_fail(h, (int)-data);
	if (capacity >= HUGE_FROM)
		huge_pages((uint64_t)data, capacity);
	array->data = (uint64_t)data;
	array->capacity = capacity;
}

void *hook_reserve(struct hook *h, struct hook_array *array, uint64_t size)
{
	if (array->used + size > array->capacity)
		array_grow(h, array, size);
	return (void *)(array->data + array->used);
}

void *hook_push(struct hook *h, struct hook_array *array, uint64_t size)
{
	void *ret = hook_reserve(h, array, size);

	array->used += size;
	return ret;
}

void hook_push32(struct hook *h, struct hook_array *array, uint32_t value)
{
	*(hook_u32 *)hook_push(h, array, 4) = value;
}

uint32_t hook_known(struct hook *h, uint64_t address)
{
	const uint32_t *leaf = h->leaves[hook_region(address)];

	return leaf ? leaf[hook_place(address)] : 0;
}

static uint32_t *make_leaf(struct hook *h, uint64_t region)
{
	int64_t data = hook_map(HOOK_LEAF_SLOTS * 4);

	if (data < 0 && data > -4096)
		hook_fail(h, (int)-data);
	huge_pages((uint64_t)data, HOOK_LEAF_SLOTS * 4);
	h->leaves[region] = (uint32_t *)data;
	return (uint32_t *)data;
}

HOOK_HOT uint32_t *hook_slot(struct hook *h, uint64_t address)
{
	uint64_t region = hook_region(address);
	uint32_t *leaf = h->leaves[region];

	if (!leaf)
		leaf = make_leaf(h, region);
	return leaf + hook_place(address);
}

HOOK_HOT uint32_t hook_add(struct hook *h, uint32_t *slot, uint64_t address)
{
	struct hook_control *control = h->control;

	if (control->objects >= HOOK_MAX_OBJECTS)
		hook_fail(h, HOOK_EOVERFLOW);
	*(hook_u64 *)hook_push(h, &control->columns[HOOK_ADDR], 8) = address;
	hook_push32(h, &control->columns[HOOK_FLAGS], 0);
	*slot = (uint32_t)++control->objects;
	return *slot - 1;
}

HOOK_HOT uint32_t hook_index(struct hook *h, uint64_t address)
{
	uint32_t *slot = hook_slot(h, address);

	return *slot ? *slot - 1 : hook_add(h, slot, address);
}

HOOK_HOT void hook_edge(struct hook *h, uint64_t address, uint32_t name, uint64_t name_address)
{
	struct hook_queued *q = &h->queue[h->queued];

	if (!address)
		return;
	q->slot = hook_slot(h, address);
	__builtin_prefetch(q->slot, 1);
	q->address = address;
	q->name = name;
	q->name_address = name_address;
	if (name_address) {
		q->name_slot = hook_slot(h, name_address);
		__builtin_prefetch(q->name_slot, 1);
	}
	if (++h->queued == HOOK_QUEUE)
		hook_flush(h);
}

/* Turns the queued references into rows. By now their slots have come into the cache. */
HOOK_HOT void hook_flush(struct hook *h)
{
	struct hook_array *targets = hook_column(h, HOOK_TARGET), *names = hook_column(h, HOOK_NAME);
	uint32_t n = h->queued, i;
	hook_u32 *target = hook_push(h, targets, n * 4), *name = hook_push(h, names, n * 4);

	for (i = 0; i < n; i++) {
		struct hook_queued *q = &h->queue[i];
		uint32_t label = q->name;

		target[i] = *q->slot ? *q->slot - 1 : hook_add(h, q->slot, q->address);
		if (q->name_address)
			label |= (*q->name_slot ? *q->name_slot - 1
						: hook_add(h, q->name_slot, q->name_address))
				 << 4;
		name[i] = label;
	}
	h->control->references += n;
	h->queued = 0;
}

#ifndef HOOK_IN_PROCESS
/* The compiler may call these for copies and comparisons of structures. */
void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);

void *memcpy(void *to, const void *from, size_t size)
{
	void *ret = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
	return ret;
}

void *memset(void *to, int value, size_t size)
{
	void *ret = to;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
	return ret;
}
#endif
