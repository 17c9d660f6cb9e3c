/* Symbols of an ELF file that its dynamic section does not export (.symtab), through libelf. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
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

/* How the PT_LOAD is mapped of which a mapping begins at `offset` of the file, as in struct mapping. */
bool elffile_prot(int fd, uint64_t offset, uint32_t *prot);

/* Whether what is loaded of it lies in the file: not where it was cut short, nor in debug symbols that
 * were split off (objcopy --only-keep-debug), which have the program's build id. */
bool elffile_is_whole(int fd);

struct elffile_build_id {
	unsigned char bytes[64]; /* sha1, the linkers' choice, has 20 */
	size_t size;
};
/* NT_GNU_BUILD_ID of the file; false where it has none. */
bool elffile_build_id(int fd, struct elffile_build_id *ret);
