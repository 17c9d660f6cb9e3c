/* Symbols of an ELF file that its dynamic section does not export (.symtab), through libelf. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct elffile_symbol {
	uint64_t address; /* virtual address in the file: add the load bias */
	uint64_t size;
};

/* The first defined symbol `name` in .symtab or .dynsym of the file open at `fd`. O(symbols). */
bool elffile_symbol(int fd, const char *name, struct elffile_symbol *ret);

/* The load bias of a file of which `offset` is mapped at `address`. False where no PT_LOAD holds
 * that offset. */
bool elffile_bias(int fd, uint64_t offset, uint64_t address, uint64_t *ret);

enum elffile_kind { ELFFILE_NONE, ELFFILE_64, ELFFILE_32, ELFFILE_OTHER_MACHINE };
/* What kind of program the file is, from its first bytes. */
enum elffile_kind elffile_kind(int fd);
