/* ELF modules read from memory. Formats: System V gABI chapter 5 (program headers, dynamic section,
 * DT_HASH) and the GNU hash table as glibc's elf/dl-lookup.c reads it.
 *
 * Everything read here comes from another process and may be damaged: counts are bounded, no
 * pointer is followed except through memory_read(). */
#include "module.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "../graph/cleanup.h"

enum { MAX_PHDRS = 128, MAX_DYNAMIC = 512, MAX_NAME = 256 };

/* glibc relocates the pointers of a dynamic section in place, musl and the kernel's vdso do not. */
static uint64_t relocated(const struct module *m, uint64_t value)
{
	return value >= m->low && value < m->high ? value : value + m->bias;
}

static void take_dynamic(struct module *m, const Elf64_Dyn *d, uint64_t *soname)
{
	switch (d->d_tag) {
	case DT_SYMTAB:
		m->symbols = relocated(m, d->d_un.d_ptr);
		break;
	case DT_STRTAB:
		m->strings = relocated(m, d->d_un.d_ptr);
		break;
	case DT_STRSZ:
		m->strings_size = d->d_un.d_val;
		break;
	case DT_GNU_HASH:
		m->gnu_hash = relocated(m, d->d_un.d_ptr);
		break;
	case DT_HASH:
		m->hash = relocated(m, d->d_un.d_ptr);
		break;
	case DT_SONAME:
		*soname = d->d_un.d_val + 1;
		break;
	case DT_DEBUG:
		m->debug = d->d_un.d_ptr;
		break;
	case DT_FLAGS_1:
		m->flags_1 = d->d_un.d_val;
		break;
	}
}

static bool read_dynamic(const struct memory *memory, struct module *m, uint64_t size)
{
	_cleanup_free_ Elf64_Dyn *dynamic = NULL;
	size_t count = size / sizeof(*dynamic);
	uint64_t soname = 0;

	if (count > MAX_DYNAMIC)
		count = MAX_DYNAMIC;
	dynamic = calloc(count + 1, sizeof(*dynamic));
	if (!dynamic || memory_read(memory, m->dynamic, dynamic, count * sizeof(*dynamic)) < 0)
		return false;
	for (size_t i = 0; i < count && dynamic[i].d_tag != DT_NULL; i++)
		take_dynamic(m, &dynamic[i], &soname);
	if (soname && m->strings)
		m->soname = m->strings + soname - 1;
	return true;
}

/* `self` is the run-time address of the program headers, which fixes the bias where PT_PHDR tells
 * their virtual one; else the first PT_LOAD, mapped at `base`, does. */
static bool take_phdrs(const struct memory *memory, const Elf64_Phdr *phdr, unsigned count,
		       uint64_t base, struct module *m)
{
	const Elf64_Phdr *dynamic = NULL, *first = NULL;
	uint64_t low = UINT64_MAX, high = 0;

	for (unsigned i = 0; i < count; i++) {
		const Elf64_Phdr *p = &phdr[i];

		if (p->p_type == PT_LOAD && !first)
			first = p;
		if (p->p_type == PT_LOAD && p->p_vaddr < low)
			low = p->p_vaddr;
		if (p->p_type == PT_LOAD && p->p_vaddr + p->p_memsz > high)
			high = p->p_vaddr + p->p_memsz;
		if (p->p_type == PT_DYNAMIC)
			dynamic = p;
		if (p->p_type == PT_GNU_RELRO) {
			m->relro = p->p_vaddr;
			m->relro_size = p->p_memsz;
		}
	}
	if (!first || high <= low)
		return false;
	if (base)
		m->bias = base + first->p_offset - first->p_vaddr;
	m->base = m->bias + first->p_vaddr - first->p_offset;
	m->low = low + m->bias;
	m->high = high + m->bias;
	if (!dynamic)
		return true;
	m->dynamic = dynamic->p_vaddr + m->bias;
	return read_dynamic(memory, m, dynamic->p_memsz);
}

bool module_read(const struct memory *memory, uint64_t base, struct module *ret)
{
	_cleanup_free_ Elf64_Phdr *phdr = NULL;
	Elf64_Ehdr header;

	*ret = (struct module){ 0 };
	if (memory_read(memory, base, &header, sizeof(header)) < 0 ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
	    header.e_machine != EM_X86_64 || header.e_phentsize != sizeof(*phdr) ||
	    header.e_phnum == 0 || header.e_phnum > MAX_PHDRS)
		return false;
	ret->phdr = base + header.e_phoff;
	ret->phnum = header.e_phnum;
	phdr = calloc(header.e_phnum, sizeof(*phdr));
	if (!phdr || memory_read(memory, ret->phdr, phdr, header.e_phnum * sizeof(*phdr)) < 0)
		return false;
	return take_phdrs(memory, phdr, header.e_phnum, base, ret);
}

bool module_read_phdr(const struct memory *memory, uint64_t address, unsigned count,
		      struct module *ret)
{
	_cleanup_free_ Elf64_Phdr *phdr = NULL;

	*ret = (struct module){ .phdr = address, .phnum = count };
	if (count == 0 || count > MAX_PHDRS)
		return false;
	phdr = calloc(count, sizeof(*phdr));
	if (!phdr || memory_read(memory, address, phdr, count * sizeof(*phdr)) < 0)
		return false;
	for (unsigned i = 0; i < count; i++)
		if (phdr[i].p_type == PT_PHDR)
			ret->bias = address - phdr[i].p_vaddr;
	return take_phdrs(memory, phdr, count, 0, ret);
}

bool module_loads(const struct memory *memory, const struct module *module, uint64_t address)
{
	Elf64_Phdr phdr[MAX_PHDRS];
	const uint64_t page = 4096, at = address - module->bias;

	if (module->phnum > MAX_PHDRS ||
	    memory_read(memory, module->phdr, phdr, module->phnum * sizeof(*phdr)) < 0)
		return false;
	for (unsigned i = 0; i < module->phnum; i++)
		if (phdr[i].p_type == PT_LOAD && at >= phdr[i].p_vaddr / page * page &&
		    at < (phdr[i].p_vaddr + phdr[i].p_memsz + page - 1) / page * page)
			return true;
	return false;
}

/* Compares a name in the module's string table. */
static bool name_is(const struct memory *memory, const struct module *m, uint32_t offset,
		    const char *name)
{
	char text[MAX_NAME];
	size_t size = strlen(name) + 1;

	return size <= sizeof(text) && offset < m->strings_size &&
	       memory_read(memory, m->strings + offset, text, size) == 0 &&
	       memcmp(text, name, size) == 0;
}

static bool symbol_matches(const struct memory *memory, const struct module *m, uint32_t index,
			   const char *name, struct module_symbol *ret)
{
	Elf64_Sym symbol;

	if (memory_read(memory, m->symbols + index * sizeof(symbol), &symbol, sizeof(symbol)) < 0 ||
	    symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) == STT_TLS ||
	    !name_is(memory, m, symbol.st_name, name))
		return false;
	*ret = (struct module_symbol){ symbol.st_value + m->bias, symbol.st_size,
				       ELF64_ST_TYPE(symbol.st_info) };
	return true;
}

static uint32_t gnu_hash_of(const char *name)
{
	uint32_t h = 5381;

	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

struct gnu_table {
	uint32_t buckets, first_symbol, bloom_words, bloom_shift;
};

static uint64_t buckets_of(const struct module *m, const struct gnu_table *t)
{
	return m->gnu_hash + sizeof(*t) + (uint64_t)t->bloom_words * 8;
}

static uint64_t chain_of(const struct module *m, const struct gnu_table *t, uint32_t symbol)
{
	return buckets_of(m, t) + ((uint64_t)t->buckets + symbol - t->first_symbol) * 4;
}

static bool lookup_gnu(const struct memory *memory, const struct module *m, const char *name,
		       struct module_symbol *ret)
{
	struct gnu_table t;
	uint32_t h = gnu_hash_of(name), symbol, entry;

	if (memory_read(memory, m->gnu_hash, &t, sizeof(t)) < 0 || !t.buckets ||
	    memory_read_u32(memory, buckets_of(m, &t) + (uint64_t)(h % t.buckets) * 4, &symbol) < 0 ||
	    symbol < t.first_symbol)
		return false;
	for (unsigned i = 0; i < MODULE_MAX_CHAIN; i++, symbol++) {
		if (memory_read_u32(memory, chain_of(m, &t, symbol), &entry) < 0)
			return false;
		if ((entry | 1) == (h | 1) && symbol_matches(memory, m, symbol, name, ret))
			return true;
		if (entry & 1)
			return false;
	}
	return false;
}

/* System V hash function, gABI figure 5-13. */
static uint32_t hash_of(const char *name)
{
	uint32_t h = 0;

	for (; *name; name++) {
		uint32_t high;

		h = (h << 4) + (unsigned char)*name;
		high = h & 0xf0000000;
		h = (h ^ high >> 24) & ~high;
	}
	return h;
}

static bool lookup_sysv(const struct memory *memory, const struct module *m, const char *name,
			struct module_symbol *ret)
{
	uint32_t head[2], symbol;

	if (memory_read(memory, m->hash, head, sizeof(head)) < 0 || !head[0] ||
	    memory_read_u32(memory, m->hash + 8 + (uint64_t)(hash_of(name) % head[0]) * 4,
			    &symbol) < 0)
		return false;
	for (unsigned i = 0; symbol && i < MODULE_MAX_CHAIN; i++) {
		if (symbol_matches(memory, m, symbol, name, ret))
			return true;
		if (memory_read_u32(memory, m->hash + 8 + ((uint64_t)head[0] + symbol) * 4,
				    &symbol) < 0)
			return false;
	}
	return false;
}

bool module_symbol(const struct memory *memory, const struct module *m, const char *name,
		   struct module_symbol *ret)
{
	if (!m->symbols || !m->strings)
		return false;
	if (m->gnu_hash)
		return lookup_gnu(memory, m, name, ret);
	return m->hash && lookup_sysv(memory, m, name, ret);
}
