/* By the mappings' names, the libraries' extents and the threads' stack pointers. */
#include "regions.h"

#include <elf.h>
#include <string.h>

#include "maps.h"

enum { RED_ZONE = 128 }; /* below a stack pointer, of the psABI */

/* p_filesz of the writable PT_LOAD ends the initialised data; what follows is .bss. */
static uint64_t end_of_data(const struct memory *memory, const struct hgs_library *library)
{
	uint64_t end = UINT64_MAX;
	Elf64_Phdr phdr;
	Elf64_Ehdr ehdr;

	if (memory_read(memory, library->start, &ehdr, sizeof(ehdr)) ||
	    memcmp(ehdr.e_ident, ELFMAG, SELFMAG) || ehdr.e_phentsize != sizeof(phdr))
		return end;
	for (unsigned i = 0; i < ehdr.e_phnum; i++) {
		if (memory_read(memory, library->start + ehdr.e_phoff + i * sizeof(phdr), &phdr,
				sizeof(phdr)))
			return end;
		if (phdr.p_type == PT_LOAD && phdr.p_flags & PF_W)
			end = library->base + phdr.p_vaddr + phdr.p_filesz;
	}
	return end;
}

struct hg_error *regions_init(const struct memory *memory, const struct linkmap *map,
			      const struct freeze_thread *threads, size_t num_threads,
			      const struct snapshot *heap, struct regions *ret)
{
	*ret = (struct regions){ .map = map, .threads = threads, .num_threads = num_threads,
				 .heap = heap };
	ret->bss = calloc(map->num_libraries + 1, sizeof(*ret->bss));
	if (!ret->bss)
		return &hg_error_no_memory;
	for (size_t i = 0; i < map->num_libraries; i++)
		ret->bss[i] = end_of_data(memory, &map->libraries[i].fact);
	return NULL;
}

void regions_deinit(struct regions *regions)
{
	free(regions->bss);
}

uint64_t regions_live(const struct regions *regions, size_t i)
{
	const struct hgs_segment *segment = &regions->map->segments[i];
	uint64_t lowest = 0;

	for (size_t k = 0; k < regions->num_threads; k++) {
		uint64_t sp = regions->threads[k].sp;

		if (sp >= segment->start && sp < segment->end && (!lowest || sp - RED_ZONE < lowest))
			lowest = sp - RED_ZONE;
	}
	return lowest;
}

/* A stack that glibc allocates has the thread's descriptor at its top (nptl/allocatestack.c); the main
 * thread's descriptor is elsewhere. */
static bool is_stack(const struct regions *regions, size_t i)
{
	const struct hgs_segment *segment = &regions->map->segments[i];
	bool found = !strcmp(regions->map->maps[i].path, "[stack]") || regions_live(regions, i);

	for (uint32_t k = 0; k < regions->heap->num_threads && !found; k++) {
		const struct hgs_thread *thread = &regions->heap->threads[k];

		found = !(thread->flags & HGS_THREAD_MAIN) && thread->pthread >= segment->start &&
			thread->pthread < segment->end;
	}
	return found;
}

enum hgs_place regions_use(const struct regions *regions, size_t i)
{
	const struct linkmap *map = regions->map;

	if ((map->segments[i].prot & 7) != 3 || map->maps[i].shared)
		return 0;
	if (map->segments[i].library != HGS_NONE)
		return HGS_PLACE_DATA;
	if (is_stack(regions, i))
		return HGS_PLACE_STACK;
	return strcmp(map->maps[i].path, "[heap]") ? HGS_PLACE_ANONYMOUS : HGS_PLACE_HEAP;
}

/* Where a word lies. The kernel makes one mapping of a library's .bss and what is mapped next to it, on
 * either side. */
void regions_locate(const struct regions *regions, enum hgs_place use, struct hgs_word *word)
{
	const struct linkmap *map = regions->map;

	word->place = use;
	word->library = HGS_NONE;
	if (use != HGS_PLACE_DATA && use != HGS_PLACE_ANONYMOUS)
		return;
	for (size_t i = 0; i < map->num_libraries && word->library == HGS_NONE; i++)
		if (word->at >= map->libraries[i].fact.start && word->at < map->libraries[i].fact.end)
			word->library = (uint32_t)i;
	if (word->library == HGS_NONE)
		word->place = HGS_PLACE_ANONYMOUS;
	else
		word->place = word->at >= regions->bss[word->library] ? HGS_PLACE_BSS : HGS_PLACE_DATA;
}
