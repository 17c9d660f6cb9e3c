/* Who refers to what, written down once and asked often. Knows addresses only, no object.
 *
 * A source is written down, then what it refers to: of each target a key, 32 bits of its address, in
 * two halves that lie apart. The first questions read the lower halves of all, a third of a
 * millisecond for 2.5M references, and the upper half where the lower one fits. A search that goes on
 * has them sorted, and a question takes a microsecond. The answer is sources that may refer to the
 * target: whether one does is for the caller to see.
 *
 * The memory is mapped for it, in huge pages where the system has them: of all that a search does,
 * to be given small pages would take longest. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_CHUNK 1024

struct heap_chunk {
	uint16_t low[HEAP_CHUNK], high[HEAP_CHUNK];
};

struct heap_edge {
	uint32_t key, source;
};

struct heap_index {
	void **sources;
	uint32_t *firsts; /* for each source, how many targets were written down before */
	size_t num_sources, room;
	struct heap_chunk *chunks; /* NULL: sorted */
	size_t num_chunks;	   /* in use */
	uint16_t *low, *end;	   /* where the next target is written in the last of them */
	struct heap_edge *edges;   /* bucket after bucket, within a bucket source after source */
	size_t *bucket_ends;
	size_t mapped_sources, mapped_firsts, mapped_chunks, mapped_edges; /* bytes */
	unsigned asked;
};

/* An index begins as { 0 }. */
void heap_index_deinit(struct heap_index *index);

bool heap_index_add_room(struct heap_index *index);
bool heap_index_add_chunk(struct heap_index *index);

static inline size_t heap_index_targets(const struct heap_index *index)
{
	return index->num_chunks * HEAP_CHUNK - (size_t)(index->end - index->low);
}

/* A source. What heap_index_target() is told belongs to it until the next one. Both: O(1), false
 * where there is no memory, or there are 2^32 targets. */
static inline bool heap_index_source(struct heap_index *index, void *source)
{
	if (index->num_sources == index->room && !heap_index_add_room(index))
		return false;
	index->sources[index->num_sources] = source;
	index->firsts[index->num_sources++] = (uint32_t)heap_index_targets(index);
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
	size_t before; /* sorted: the source that was answered last */
};

void heap_index_ask(struct heap_index *index, const void *target, struct heap_question *ret);

/* The next source, each once, in the order in which they were written down; NULL behind the last. */
void *heap_question_next(struct heap_question *question);
