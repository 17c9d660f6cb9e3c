/* Memory of one capture, in mappings of its own.
 *
 * What a capture allocates must not lie in the heap of the program that it looks at. There it would leave
 * freed blocks full of objects' addresses, and the next search of that heap would take them for
 * references (inspect/native.c). And the heap would stay larger: glibc raises its threshold for mmap() when
 * a large block is freed (malloc/malloc.c, dynamic M_MMAP_THRESHOLD).
 *
 * So the linker leads what this library itself calls of malloc() and its kin to here (--wrap, arena.wrap).
 * Between arena_enter() and arena_leave() a thread is served from the arena; other threads, and what libc
 * allocates (strdup(): text, no addresses), libc serves as ever. A capture makes some hundred small
 * blocks, which go with the arena only, and a few large ones, which are mappings, and go when they are
 * freed. qsort() is here since glibc's takes memory (before 2.37). */
#define XXH_STATIC_LINKING_ONLY /* the size of XXH3_state_t */
#include "arena.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xxhash.h>

enum { PIECE = 256 * 1024, LARGE = PIECE / 4, PAGE = 4096, ALIGN = 64 };

/* At the start of a mapping; blocks follow, each behind its size. A large block has a piece to itself. */
struct arena_piece {
	struct arena_piece *next;
	size_t size, used;
	bool large;
};

struct block {
	_Alignas(ALIGN) size_t size;
};

static _Thread_local struct arena *current;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *block);
void __real_qsort_r(void *base, size_t count, size_t size,
		    int (*compare)(const void *, const void *, void *), void *context);
XXH3_state_t *__real_XXH3_createState(void);
XXH_errorcode __real_XXH3_freeState(XXH3_state_t *state);

void arena_enter(struct arena *arena)
{
	arena->outer = current;
	current = arena;
}

void arena_leave(struct arena *arena)
{
	current = arena->outer;
}

void arena_free(struct arena *arena)
{
	while (arena->pieces) {
		struct arena_piece *piece = arena->pieces;

		arena->pieces = piece->next;
		munmap(piece, piece->size);
	}
}

static size_t round_up(size_t size, size_t unit)
{
	return (size + unit - 1) / unit * unit;
}

static struct arena_piece *add_piece(struct arena *arena, size_t size)
{
	struct arena_piece *piece = mmap(NULL, size, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (piece == MAP_FAILED)
		return NULL;
	madvise(piece, size, MADV_DONTFORK); /* the copy that is searched does without */
	*piece = (struct arena_piece){ .next = arena->pieces, .size = size, .used = ALIGN };
	arena->pieces = piece;
	return piece;
}

static struct block *header_of(void *data)
{
	return (struct block *)data - 1;
}

/* Zeroed, as no block is used twice. */
static void *allocate(struct arena *arena, size_t size)
{
	struct arena_piece *piece = arena->pieces;
	size_t whole = sizeof(struct block) + round_up(size, ALIGN);
	struct block *block;

	if (size > PTRDIFF_MAX - PAGE) {
		errno = ENOMEM;
		return NULL;
	}
	while (piece && (piece->large || piece->size - piece->used < whole))
		piece = piece->next;
	if (size >= LARGE || !piece)
		piece = add_piece(arena, size >= LARGE ? round_up(ALIGN + whole, PAGE) : PIECE);
	if (!piece)
		return NULL;
	piece->large = size >= LARGE;
	block = (struct block *)((char *)piece + piece->used);
	block->size = size;
	piece->used += whole;
	return block + 1;
}

/* The link to the piece that has the block; NULL where none has. */
static struct arena_piece **piece_of(struct arena *arena, const void *block)
{
	struct arena_piece **at = arena ? &arena->pieces : NULL;

	while (at && *at && ((const char *)block < (const char *)*at ||
			     (const char *)block >= (const char *)*at + (*at)->size))
		at = &(*at)->next;
	return at && *at ? at : NULL;
}

void *__wrap_malloc(size_t size)
{
	return current ? allocate(current, size) : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	if (!current)
		return __real_calloc(count, size);
	if (__builtin_mul_overflow(count, size, &size))
		size = SIZE_MAX;
	return allocate(current, size);
}

void __wrap_free(void *block)
{
	struct arena_piece **at = piece_of(current, block), *piece = at ? *at : NULL;

	if (!at) {
		__real_free(block);
	} else if (piece->large) {
		*at = piece->next;
		munmap(piece, piece->size);
	}
}

/* A large block that stays one is moved by the kernel. */
static void *resize(struct arena_piece **at, void *old, size_t size)
{
	size_t had = header_of(old)->size, whole = round_up(ALIGN + sizeof(struct block) + size, PAGE);
	struct arena_piece *piece = *at;
	void *data;

	if (piece->large && size >= LARGE && size <= PTRDIFF_MAX - PAGE) {
		piece = mremap(piece, piece->size, whole, MREMAP_MAYMOVE);
		if (piece == MAP_FAILED)
			return NULL;
		*at = piece;
		piece->size = piece->used = whole;
		data = (char *)piece + ALIGN + sizeof(struct block);
		header_of(data)->size = size;
		return data;
	}
	data = allocate(current, size);
	if (!data)
		return NULL;
	memcpy(data, old, had < size ? had : size);
	__wrap_free(old);
	return data;
}

void *__wrap_realloc(void *old, size_t size)
{
	struct arena_piece **at = piece_of(current, old);

	if (!old)
		return __wrap_malloc(size);
	return at ? resize(at, old, size) : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	if (__builtin_mul_overflow(count, size, &size)) {
		errno = ENOMEM;
		return NULL;
	}
	return __wrap_realloc(old, size);
}

struct order {
	int (*compare)(const void *, const void *, void *);
	void *context;
	size_t size;
};

/* Merges two neighbouring runs into `to`; equal ones stay in order. */
static void merge(const struct order *order, const char *from, size_t middle, size_t end, char *to)
{
	size_t size = order->size, a = 0, b = middle;

	for (; a < middle || b < end; to += size) {
		bool second = a == middle || (b < end && order->compare(from + b * size, from + a * size,
									order->context) < 0);

		memcpy(to, from + (second ? b++ : a++) * size, size);
	}
}

/* Bottom-up, between the array and one as large; false where there is no memory for that. O(n log n). */
static bool sort(const struct order *order, char *base, size_t count)
{
	char *other = __wrap_malloc(count * order->size), *from = base, *to = other;

	if (!other)
		return false;
	for (size_t run = 1; run < count; run *= 2) {
		char *before = from;

		for (size_t at = 0; at < count; at += 2 * run) {
			size_t left = count - at, end = left < 2 * run ? left : 2 * run;

			merge(order, from + at * order->size, run < end ? run : end, end,
			      to + at * order->size);
		}
		from = to;
		to = before;
	}
	if (from != base)
		memcpy(base, from, count * order->size);
	__wrap_free(other);
	return true;
}

void __wrap_qsort_r(void *base, size_t count, size_t size,
		    int (*compare)(const void *, const void *, void *), void *context)
{
	const struct order order = { .compare = compare, .context = context, .size = size };

	if (!current || !sort(&order, base, count))
		__real_qsort_r(base, count, size, compare, context);
}

struct plain {
	int (*compare)(const void *, const void *);
};

static int by_plain(const void *a, const void *b, void *context)
{
	return ((struct plain *)context)->compare(a, b);
}

void __wrap_qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	struct plain plain = { compare };

	__wrap_qsort_r(base, count, size, by_plain, &plain);
}

/* It keeps the last of what was summed up: addresses, too. */
XXH3_state_t *__wrap_XXH3_createState(void)
{
	XXH3_state_t *state = current ? allocate(current, sizeof(*state)) : __real_XXH3_createState();

	if (current && state)
		XXH3_INITSTATE(state);
	return state;
}

XXH_errorcode __wrap_XXH3_freeState(XXH3_state_t *state)
{
	return piece_of(current, state) ? XXH_OK : __real_XXH3_freeState(state);
}
