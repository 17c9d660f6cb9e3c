/* Going through all dynamic symbols of a module. The dynamic section does not say how many there
 * are: the hash tables do (DT_HASH's nchain; the end of the last chain of a GNU hash table). */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "../graph/cleanup.h"
#include "module.h"
#include "module_uses.h"

enum { CHUNK = 1024 };

struct symbols {
	uint32_t first, end; /* indices: those before the first are only used, not defined */
};

/* A table that leaves its module is damage, and its size no reason to allocate. */
static void *read_array(const struct memory *memory, const struct module *m, uint64_t address,
			uint64_t count, size_t size)
{
	bool inside = address >= m->low && address < m->high && count <= (m->high - address) / size;
	_cleanup_free_ void *array = inside && count ? calloc(count, size) : NULL;

	if (!array || memory_read(memory, address, array, count * size) < 0)
		return NULL;
	return_ptr(array);
}

static bool range_gnu(const struct memory *memory, const struct module *m, struct symbols *ret)
{
	uint32_t head[4], last = 0, entry; /* buckets, first symbol, bloom words, bloom shift */
	_cleanup_free_ uint32_t *buckets = NULL;
	uint64_t chains, start;

	if (memory_read(memory, m->gnu_hash, head, sizeof(head)) < 0)
		return false;
	start = m->gnu_hash + sizeof(head) + (uint64_t)head[2] * 8;
	chains = start + (uint64_t)head[0] * 4;
	buckets = read_array(memory, m, start, head[0], sizeof(*buckets));
	for (uint32_t i = 0; buckets && i < head[0]; i++)
		if (buckets[i] > last)
			last = buckets[i];
	if (last < head[1] || !last)
		return false;
	for (unsigned i = 0; i < MODULE_MAX_CHAIN; i++) {
		if (memory_read_u32(memory, chains + (uint64_t)(last - head[1]) * 4, &entry) < 0)
			return false;
		last++;
		if (entry & 1) {
			*ret = (struct symbols){ head[1], last };
			return true;
		}
	}
	return false;
}

static bool range_of(const struct memory *memory, const struct module *m, struct symbols *ret)
{
	uint32_t head[2];

	if (!m->symbols || !m->strings || !m->strings_size)
		return false;
	if (m->gnu_hash)
		return range_gnu(memory, m, ret);
	if (!m->hash || memory_read(memory, m->hash, head, sizeof(head)) < 0)
		return false;
	*ret = (struct symbols){ 0, head[1] };
	return true;
}

bool module_defines_prefix(const struct memory *memory, const struct module *m, const char *prefix)
{
	_cleanup_free_ char *strings = NULL;
	size_t length = strlen(prefix);
	struct symbols range;

	if (!range_of(memory, m, &range))
		return false;
	strings = read_array(memory, m, m->strings, m->strings_size, 1);
	for (uint32_t i = range.first; strings && i < range.end; i += CHUNK) {
		uint32_t n = range.end - i < CHUNK ? range.end - i : CHUNK;
		_cleanup_free_ Elf64_Sym *symbols =
			read_array(memory, m, m->symbols + i * sizeof(*symbols), n, sizeof(*symbols));

		for (uint32_t k = 0; symbols && k < n; k++)
			if (symbols[k].st_shndx != SHN_UNDEF &&
			    symbols[k].st_name + length < m->strings_size &&
			    strncmp(strings + symbols[k].st_name, prefix, length) == 0)
				return true;
		if (!symbols)
			return false;
	}
	return false;
}

static uint32_t mask_of(const struct module_use *uses, unsigned count, const char *name)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(uses[i].name, name) == 0)
			return uses[i].mask;
	return 0;
}

/* Symbols that are only used stand before those that a GNU hash table covers. */
uint32_t module_uses(const struct memory *memory, const struct module *m,
		     const struct module_use *uses, unsigned count)
{
	_cleanup_free_ Elf64_Sym *symbols = NULL;
	_cleanup_free_ char *strings = NULL;
	struct symbols range;
	uint32_t end, ret = 0;

	if (!range_of(memory, m, &range))
		return UINT32_MAX;
	end = range.first ? range.first : range.end;
	symbols = read_array(memory, m, m->symbols, end, sizeof(*symbols));
	strings = read_array(memory, m, m->strings, m->strings_size, 1);
	if (!symbols || !strings || strings[m->strings_size - 1])
		return UINT32_MAX;
	for (uint32_t i = 0; i < end; i++)
		if (symbols[i].st_shndx == SHN_UNDEF && symbols[i].st_name < m->strings_size)
			ret |= mask_of(uses, count, strings + symbols[i].st_name);
	return ret;
}
