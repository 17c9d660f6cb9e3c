/* Where this process's glibc keeps the private fields of struct link_map.
 *
 * The struct changes with every few releases and debug information is rarely there. But each map
 * holds words that are known from elsewhere, and the fields wanted lie at fixed distances from
 * them; every map votes, and votes that differ mean that nothing is known. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINKMAP_BYTES = 1408 }; /* more than the largest seen: 1192 in glibc 2.43 */

/* One link map, and what is known of its library. Zero: not known. */
struct linkmap_view {
	uint64_t address;
	uint8_t bytes[LINKMAP_BYTES];
	size_t size;		      /* how many of them could be read */
	uint64_t phdr;		      /* run-time address of the program headers: l_phdr */
	uint64_t gnu_hash;	      /* run-time address of DT_GNU_HASH */
	uint64_t relro, relro_size;   /* PT_GNU_RELRO's p_vaddr and p_memsz */
};

/* Offsets in struct link_map; -1 where they could not be told. */
struct linkmap_offsets {
	int open_count; /* l_direct_opencount (u32); l_type follows it in 2 bits */
	int initfini;	/* l_initfini: struct link_map **, NULL-terminated */
	int reldeps;	/* l_reldeps: struct { unsigned act; struct link_map *list[]; } * */
	int tls_dtors;	/* l_tls_dtor_count (size_t) */
	const char *why; /* where open_count is -1 */
};

/* Reads the word at an address of the process; false where it cannot. */
typedef bool linkmap_reader(void *context, uint64_t address, uint64_t *ret);

/* O(views * LINKMAP_BYTES). */
void linkmap_calibrate(const struct linkmap_view *views, size_t count, linkmap_reader *read,
		       void *context, struct linkmap_offsets *ret);

static inline uint64_t linkmap_word(const struct linkmap_view *view, int offset)
{
	return offset < 0 || (size_t)offset + 8 > view->size ?
		       0 :
		       *(const uint64_t *)(const void *)(view->bytes + offset);
}
