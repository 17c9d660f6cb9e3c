/* libffi has them in one of two forms (src/closures.c, src/tramp.c, src/x86/ffi64.c).
 *
 * In memory that can be written and executed: 16 or 24 bytes of code, then the address of
 * ffi_closure_unix64() or the like, which freeing leaves in place. Or, from 3.4 on where it is built with
 * static trampolines, in further mappings of its own text (of a memory file where that is not to be had):
 * pieces of code that load their parameters from the page of data behind, all of one beginning; struct
 * tramp in the heap has their addresses. */
#include "closures.h"

#include <string.h>

#include "maps.h"

enum { TABLE = 4096 }; /* bytes of code in a table of trampolines, and of parameters behind it */

/* endbr64; sub $16,%rsp; mov %r10,(%rsp); mov ...(%rip),%r10 (src/x86/unix64.S) */
static const uint8_t trampoline[] = { 0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x83, 0xec, 0x10,
				      0x4c, 0x89, 0x14, 0x24, 0x4c, 0x8b, 0x15 };

static bool has_libffi(const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	return !strncmp(name, "libffi", 6) || !strcmp(name, "memfd:libffi") || !strncmp(name, "_ctypes", 7) ||
	       !strncmp(name, "_cffi_backend", 13);
}

bool closures_segment(const struct linkmap *map, size_t segment)
{
	return map->segments[segment].prot & 4 && map->segments[segment].library == HGS_NONE &&
	       map->maps[segment].path[0] != '[';
}

bool closures_at(const struct linkmap *map, const struct memory *memory, uint64_t code)
{
	const struct mapping *own = maps_find(map->maps, map->num_segments, code);
	uint64_t words[4];

	if (!own || !closures_segment(map, (size_t)(own - map->maps)) || code & 7 ||
	    memory_read(memory, code, words, sizeof(words)))
		return false;
	if (has_libffi(own->path) && !memcmp(words, trampoline, sizeof(trampoline)))
		return true;
	for (unsigned i = 2; i < 4; i++) {
		const struct mapping *entry = maps_find(map->maps, map->num_segments, words[i]);

		if (entry && entry->prot & 4 && has_libffi(entry->path))
			return true;
	}
	return false;
}

bool closures_record(const struct memory *memory, uint64_t at, uint64_t code)
{
	uint64_t parameters;

	return !memory_read_u64(memory, at + 8, &parameters) && parameters - code == TABLE;
}
