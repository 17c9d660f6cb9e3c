#include "heap_index.h"

#include <stdlib.h>
#include <sys/mman.h>

#define FEW 48 /* questions that cost as much as sorting does */
#define BUCKET_BITS 11
#define BUCKETS (1u << BUCKET_BITS) /* as many open ends as the first caches hold while sorting */
#define FIRST (1u << 24) /* bytes mapped; of these only what is written takes memory */

/* Room for `wanted` bytes and for some more, which are 0. */
static void *grow(void *data, size_t *mapped, size_t wanted)
{
	size_t size = *mapped ? *mapped : FIRST;
	void *grown;

	if (wanted <= *mapped)
		return data;
	while (size < wanted)
		size *= 4;
	grown = data ? mremap(data, *mapped, size, MREMAP_MAYMOVE) :
		       mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (grown == MAP_FAILED)
		return NULL;
	madvise(grown, size, MADV_HUGEPAGE); /* where there are none, it goes without */
	*mapped = size;
	return grown;
}

static void unmap(void *data, size_t *mapped)
{
	if (*mapped)
		munmap(data, *mapped);
	*mapped = 0;
}

void heap_index_deinit(struct heap_index *index)
{
	unmap(index->sources, &index->mapped_sources);
	unmap(index->firsts, &index->mapped_firsts);
	unmap(index->chunks, &index->mapped_chunks);
	unmap(index->edges, &index->mapped_edges);
	free(index->bucket_ends);
	*index = (struct heap_index){ 0 };
}

bool heap_index_add_room(struct heap_index *index)
{
	size_t wanted = index->num_sources + 1;
	void **sources = grow(index->sources, &index->mapped_sources, wanted * sizeof(*sources));
	uint32_t *firsts;

	if (!sources)
		return false;
	index->sources = sources;
	wanted = index->mapped_sources / sizeof(*sources);
	firsts = grow(index->firsts, &index->mapped_firsts, wanted * sizeof(*firsts));
	if (!firsts)
		return false;
	index->firsts = firsts;
	index->room = wanted;
	return true;
}

bool heap_index_add_chunk(struct heap_index *index)
{
	struct heap_chunk *chunks;

	if (index->num_chunks == UINT32_MAX / HEAP_CHUNK)
		return false;
	chunks = grow(index->chunks, &index->mapped_chunks, (index->num_chunks + 1) * sizeof(*chunks));
	if (!chunks)
		return false;
	index->chunks = chunks;
	index->low = chunks[index->num_chunks++].low;
	index->end = index->low + HEAP_CHUNK;
	return true;
}

/* Where the targets of a source end. */
static size_t end_of(const struct heap_index *index, size_t source)
{
	return source + 1 < index->num_sources ? index->firsts[source + 1] : heap_index_targets(index);
}

static uint32_t key_at(const struct heap_index *index, size_t i)
{
	const struct heap_chunk *chunk = &index->chunks[i / HEAP_CHUNK];

	return chunk->low[i % HEAP_CHUNK] | (uint32_t)chunk->high[i % HEAP_CHUNK] << 16;
}

static uint32_t bucket_of(uint32_t key)
{
	return key * 2654435769u >> (32 - BUCKET_BITS);
}

/* Without memory for it, questions go on reading all keys. */
static void sort(struct heap_index *index)
{
	size_t *ends = calloc(BUCKETS + 1, sizeof(*ends)), n = heap_index_targets(index);
	size_t at = 0;
	struct heap_edge *edges = grow(NULL, &index->mapped_edges, n * sizeof(*edges));

	if (!ends || !edges) {
		unmap(edges, &index->mapped_edges);
		free(ends);
		return;
	}
	for (size_t i = 0; i < n; i++)
		ends[bucket_of(key_at(index, i)) + 1]++;
	for (size_t i = 0; i < BUCKETS; i++)
		ends[i + 1] += ends[i];
	for (size_t source = 0; source < index->num_sources; source++) {
		for (; at < end_of(index, source); at++) {
			uint32_t key = key_at(index, at);

			edges[ends[bucket_of(key)]++] = (struct heap_edge){ key, (uint32_t)source };
		}
	}
	unmap(index->chunks, &index->mapped_chunks);
	index->chunks = NULL;
	index->edges = edges;
	index->bucket_ends = ends;
}

void heap_index_ask(struct heap_index *index, const void *target, struct heap_question *ret)
{
	uint32_t key = heap_index_key(target), bucket = bucket_of(key);

	if (index->chunks && ++index->asked > FEW)
		sort(index);
	*ret = (struct heap_question){ .index = index, .key = key, .before = SIZE_MAX };
	if (index->edges && bucket)
		ret->next = index->bucket_ends[bucket - 1];
}

static void *next_edge(struct heap_question *question)
{
	const struct heap_index *index = question->index;
	size_t end = index->bucket_ends[bucket_of(question->key)];

	while (question->next < end) {
		const struct heap_edge *edge = &index->edges[question->next++];

		if (edge->key != question->key || edge->source == question->before)
			continue;
		question->before = edge->source;
		return index->sources[edge->source];
	}
	return NULL;
}

/* Without a branch for each of them, so that the compiler compares many at once. */
static bool in_chunk(const uint16_t low[static HEAP_CHUNK], uint16_t key)
{
	uint16_t found = 0;

	for (unsigned i = 0; i < HEAP_CHUNK; i++)
		found |= low[i] == key;
	return found;
}

/* The source that a target belongs to: the last that begins where it is or before. */
static size_t source_of(const struct heap_index *index, size_t target)
{
	size_t low = 0, high = index->num_sources;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (index->firsts[middle] <= target)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void *next_target(struct heap_question *question)
{
	const struct heap_index *index = question->index;
	size_t n = heap_index_targets(index);

	while (question->next < n) {
		size_t i = question->next++, source;

		if (i % HEAP_CHUNK == 0 &&
		    !in_chunk(index->chunks[i / HEAP_CHUNK].low, (uint16_t)question->key))
			question->next = i + HEAP_CHUNK;
		else if (key_at(index, i) == question->key) {
			source = source_of(index, i);
			question->next = end_of(index, source);
			return index->sources[source];
		}
	}
	return NULL;
}

void *heap_question_next(struct heap_question *question)
{
	return question->index->edges ? next_edge(question) : next_target(question);
}
