/* Who refers to what, written down once and asked often. Knows addresses only, no object.
 *
 * A source is written down, then what it refers to: of each target a key, 32 bits of its address, in
 * two halves that lie apart. The first questions read the lower halves of all, a fifth of a
 * millisecond for 2.5M references, and the upper half where the lower one fits. A search that goes on
 * has them sorted, and a question takes a microsecond. The answer is blocks of sources of which one
 * may refer to the target: which one does is for the caller to see.
 *
 * The memory is mapped for it, in huge pages where the system has them: of all that a search does,
 * to be given small pages would take longest. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_BLOCK 16
#define HEAP_CHUNK 1024

struct heap_block {
	size_t first;		   /* how many targets were written down before */
	void *sources[HEAP_BLOCK]; /* NULL behind the last one */
};

struct heap_chunk {
	uint16_t low[HEAP_CHUNK], high[HEAP_CHUNK];
};

struct heap_edge {
	uint32_t key, block;
};

struct heap_index {
	struct heap_block *blocks;
	size_t sources;
	struct heap_chunk *chunks; /* NULL: sorted */
	size_t num_chunks;	   /* in use */
	uint16_t *low, *end;	   /* where the next target is written in the last of them */
	struct heap_edge *edges;   /* bucket after bucket, within a bucket block after block */
	size_t *bucket_ends;
	size_t mapped_blocks, mapped_chunks, mapped_edges; /* bytes */
	unsigned asked;
};

/* An index begins as { 0 }. */
void heap_index_deinit(struct heap_index *index);

bool heap_index_add_block(struct heap_index *index);
bool heap_index_add_chunk(struct heap_index *index);

/* A source. What heap_index_target() is told belongs to it until the next one. Both: O(1), false
 * where there is no memory. */
static inline bool heap_index_source(struct heap_index *index, void *source)
{
	size_t at = index->sources % HEAP_BLOCK;

	if (!at && !heap_index_add_block(index))
		return false;
	index->blocks[index->sources++ / HEAP_BLOCK].sources[at] = source;
	return true;
}

/* Objects are 16 bytes apart at least (pymalloc, glibc): all of 64 GB differ. */
static inline uint32_t heap_index_key(const void *target)
{
	return (uint32_t)((uintptr_t)target >> 4);
}

static inline bool heap_index_target(struct heap_index *index, const void *target)
{
	uint32_t key = heap_index_key(target);

	if (index->low == index->end && !heap_index_add_chunk(index))
		return false;
	index->low[HEAP_CHUNK] = (uint16_t)(key >> 16); /* struct heap_chunk.high */
	*index->low++ = (uint16_t)key;
	return true;
}

/* A question while it is answered. */
struct heap_question {
	const struct heap_index *index;
	uint32_t key;
	size_t next;   /* target, or edge */
	size_t before; /* sorted: the block that was answered last */
};

void heap_index_ask(struct heap_index *index, const void *target, struct heap_question *ret);

/* The next block, each once, in the order in which they were written down; NULL behind the last. */
const struct heap_block *heap_question_next(struct heap_question *question);
