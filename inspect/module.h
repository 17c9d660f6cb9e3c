/* A mapped ELF file (a module) as it lies in a process's memory: its dynamic section and symbols,
 * read there, so that neither section headers nor the file are needed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"

/* Linkers size hash tables for chains of a few symbols; a longer one than this is damage. */
enum { MODULE_MAX_CHAIN = 4096 };

struct module {
	uint64_t base; /* where its ELF header is mapped */
	uint64_t bias; /* load bias: add it to the file's virtual addresses */
	uint64_t phdr; /* address of its program headers */
	unsigned phnum; /* and how many there are */
	uint64_t dynamic; /* address of its dynamic section; 0: none (static executable) */
	uint64_t symbols, strings, strings_size;
	uint64_t gnu_hash, hash; /* addresses; 0: none */
	uint64_t soname; /* address of the string; 0: none */
	uint64_t low, high; /* extent of its PT_LOADs, addresses */
	uint64_t relro, relro_size; /* PT_GNU_RELRO's virtual address (no bias) and size */
	uint64_t debug; /* value of DT_DEBUG: address of struct r_debug */
	uint64_t flags_1; /* DT_FLAGS_1 */
};

struct module_symbol {
	uint64_t address;
	uint64_t size;
	unsigned type; /* STT_* */
};

/* Reads the module whose ELF header is at `base`. False where there is none that we can use
 * (x86-64, little-endian). */
bool module_read(const struct memory *memory, uint64_t base, struct module *ret);

/* As above, told by the program headers (AT_PHDR of an executable). */
bool module_read_phdr(const struct memory *memory, uint64_t phdr, unsigned count,
		      struct module *ret);

/* Whether a page that one of its PT_LOADs lies in has the address. Between them there may be holes, into
 * which anything may have been mapped: the kernel, which loads the executable and ld.so, keeps none of
 * them free (elf_map() of fs/binfmt_elf.c), as glibc does for the rest. O(program headers). */
bool module_loads(const struct memory *memory, const struct module *module, uint64_t address);

/* The definition of a dynamic symbol, through the hash table. O(1). */
bool module_symbol(const struct memory *memory, const struct module *module, const char *name,
		   struct module_symbol *ret);

/* Whether any dynamic symbol is defined whose name begins with `prefix`. O(symbols). */
bool module_defines_prefix(const struct memory *memory, const struct module *module,
			   const char *prefix);
