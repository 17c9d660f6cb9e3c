/* glibc, malloc/malloc.c (2.31 to 2.43 alike): in front of a block is its chunk's size, a multiple of 16,
 * with three flags: 1 the chunk before is in use, 2 the chunk is a mapping of its own, 4 it is of an arena
 * other than the main one. The next chunk's first flag says whether this one is in use; blocks in a
 * thread's cache count as in use, so that a block may be freed, which is never claimed to be known. Two
 * chunks beyond must be sound as well. The main arena is [heap] alone as far as it is taken here. */
#include "blocks.h"

#include <stdlib.h>
#include <string.h>

#include "inside.h"
#include "maps.h"

#define CHUNK_FLAGS UINT64_C(7)
#define PREV_INUSE UINT64_C(1)
#define IS_MMAPPED UINT64_C(2)
#define NON_MAIN_ARENA UINT64_C(4)

enum { HEADER = 16, LEAST = 32, CHAIN = 3, ALIGNMENT = 16, PAGE = 4096 };

static bool read_size(const struct memory *memory, uint64_t chunk, uint64_t *ret)
{
	return !memory_read_u64(memory, chunk + 8, ret);
}

/* A mapping of its own: the chunk begins on a page, and the size is that of whole pages. */
static bool is_mapped(const struct mapping *m, uint64_t chunk, uint64_t size)
{
	return !(size & (PREV_INUSE | NON_MAIN_ARENA)) && chunk % PAGE == 0 &&
	       (size & ~CHUNK_FLAGS) % PAGE == 0 && (size & ~CHUNK_FLAGS) &&
	       (size & ~CHUNK_FLAGS) <= m->end - chunk;
}

/* Follows the chunks behind: each sound, the first of them saying that ours is in use. The arena's top ends
 * the mapping, and has no flag of its arena. */
static bool is_chained(const struct memory *memory, const struct mapping *m, uint64_t chunk,
		       uint64_t arena)
{
	uint64_t head;

	for (unsigned i = 0; i < CHAIN; i++) {
		uint64_t size;

		if (!read_size(memory, chunk, &head))
			return false;
		size = head & ~CHUNK_FLAGS;
		if (size % ALIGNMENT || size < LEAST || size > m->end - chunk ||
		    (i == 1 && !(head & PREV_INUSE)))
			return false;
		if (i > 0 && size == m->end - chunk)
			return !(head & IS_MMAPPED);
		if ((head & (IS_MMAPPED | NON_MAIN_ARENA)) != arena)
			return false;
		chunk += size;
	}
	return true;
}

static uint64_t block_size(const struct memory *memory, const struct linkmap *map, uint64_t address)
{
	const struct mapping *m = maps_find(map->maps, map->num_segments, address);
	uint64_t chunk = address - HEADER, size;
	bool heap = m && !strcmp(m->path, "[heap]");

	if (!m || m->shared || (m->prot & 3) != 3 || (m->path[0] && !heap) ||
	    chunk < m->start || !read_size(memory, chunk, &size))
		return 0;
	if (size & IS_MMAPPED ? heap || !is_mapped(m, chunk, size)
			      : !is_chained(memory, m, chunk, heap ? 0 : NON_MAIN_ARENA))
		return 0;
	return size & ~CHUNK_FLAGS;
}

static int by_address(const void *a, const void *b)
{
	const struct hgs_block *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (x->object > y->object) - (x->object < y->object);
}

struct hg_error *blocks_prove(const struct snapshot *heap, const struct memory *memory,
			      const struct linkmap *map, struct hgs_block *rows, uint32_t count,
			      uint32_t *kept)
{
	_cleanup_free_ uint64_t *addresses = calloc((size_t)count + 1, sizeof(*addresses));
	_cleanup_free_ uint32_t *objects = calloc((size_t)count + 1, sizeof(*objects));

	if (!addresses || !objects)
		return &hg_error_no_memory;
	if (count)
		qsort(rows, count, sizeof(*rows), by_address);
	for (uint32_t i = 0; i < count; i++)
		addresses[i] = rows[i].address;
	inside_objects(heap, addresses, count, objects);
	*kept = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (objects[i] != HGS_NONE)
			continue;
		rows[i].size = block_size(memory, map, rows[i].address);
		if (rows[i].size)
			rows[(*kept)++] = rows[i];
	}
	return NULL;
}
