/* See elffile.h. Needed for interpreters linked into a program that does not export its symbols,
 * and for files whose headers are mapped nowhere (text moved to huge pages). */
#include "elffile.h"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../graph/cleanup.h"

static void elf_endp(Elf **elf)
{
	if (*elf)
		elf_end(*elf);
}
#define _cleanup_elf_ _cleanup_(elf_endp)

static Elf *open_elf(int fd)
{
	if (elf_version(EV_CURRENT) == EV_NONE)
		return NULL;
	return elf_begin(fd, ELF_C_READ_MMAP, NULL);
}

static bool search_section(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, const char *name,
			   struct elffile_symbol *ret)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;

	for (size_t i = 0; i < count && i <= INT32_MAX; i++) {
		GElf_Sym symbol;
		const char *text;

		if (!gelf_getsym(data, (int)i, &symbol) || symbol.st_shndx == SHN_UNDEF)
			continue;
		text = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (text && strcmp(text, name) == 0) {
			ret->address = symbol.st_value;
			ret->size = symbol.st_size;
			return true;
		}
	}
	return false;
}

bool elffile_symbol(int fd, const char *name, struct elffile_symbol *ret)
{
	_cleanup_elf_ Elf *elf = open_elf(fd);
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while (elf && (section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &header) &&
		    (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM) &&
		    search_section(elf, section, &header, name, ret))
			return true;
	return false;
}

/* The PT_LOAD of which a mapping begins at the offset. Pages are mapped whole, and lld has the end of one
 * PT_LOAD and the beginning of the next in one page of the file, which is mapped twice: a mapping that
 * begins there is the next one's. */
static bool load_at(Elf *elf, uint64_t offset, GElf_Phdr *ret)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	size_t count = 0;
	bool found = false;
	GElf_Phdr p;

	if (!elf || elf_getphdrnum(elf, &count) < 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!gelf_getphdr(elf, (int)i, &p) || p.p_type != PT_LOAD ||
		    offset < (p.p_offset & ~(page - 1)) || offset >= p.p_offset + p.p_filesz)
			continue;
		*ret = p;
		found = true;
	}
	return found;
}

bool elffile_bias(int fd, uint64_t offset, uint64_t address, uint64_t *ret)
{
	_cleanup_elf_ Elf *elf = open_elf(fd);
	GElf_Phdr p;

	if (!load_at(elf, offset, &p))
		return false;
	*ret = address - (p.p_vaddr + (offset - p.p_offset));
	return true;
}

/* What the loader protects from writing once it has relocated it, in whole pages (elf/dl-reloc.c,
 * _dl_protect_relro). */
static bool in_relro(Elf *elf, uint64_t offset)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	size_t count = 0;
	bool found = false;
	GElf_Phdr p;

	if (elf_getphdrnum(elf, &count) < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		found |= gelf_getphdr(elf, (int)i, &p) && p.p_type == PT_GNU_RELRO &&
			 offset >= (p.p_offset & ~(page - 1)) &&
			 offset < p.p_offset - p.p_vaddr + ((p.p_vaddr + p.p_memsz) & ~(page - 1));
	return found;
}

bool elffile_prot(int fd, uint64_t offset, uint32_t *prot)
{
	_cleanup_elf_ Elf *elf = open_elf(fd);
	GElf_Phdr p;

	if (!load_at(elf, offset, &p))
		return false;
	*prot = (p.p_flags & PF_R ? 1 : 0) | (p.p_flags & PF_W ? 2 : 0) | (p.p_flags & PF_X ? 4 : 0);
	if (in_relro(elf, offset))
		*prot &= ~2u;
	return true;
}

bool elffile_is_whole(int fd)
{
	_cleanup_elf_ Elf *elf = open_elf(fd);
	size_t count = 0;
	struct stat st;
	GElf_Phdr p;

	if (!elf || elf_getphdrnum(elf, &count) < 0 || fstat(fd, &st) < 0)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!gelf_getphdr(elf, (int)i, &p))
			return false;
		if (p.p_type == PT_LOAD && ((p.p_flags & PF_X && !p.p_filesz) ||
					    p.p_offset > (uint64_t)st.st_size ||
					    p.p_filesz > (uint64_t)st.st_size - p.p_offset))
			return false;
	}
	return true;
}

static bool id_among(Elf_Data *notes, struct elffile_build_id *ret)
{
	size_t at = 0, name, desc;
	GElf_Nhdr note;

	while (notes && (at = gelf_getnote(notes, at, &note, &name, &desc)) > 0) {
		const char *bytes = notes->d_buf;

		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 ||
		    memcmp(bytes + name, ELF_NOTE_GNU, 4) || note.n_descsz > sizeof(ret->bytes))
			continue;
		ret->size = note.n_descsz;
		memcpy(ret->bytes, bytes + desc, note.n_descsz);
		return true;
	}
	return false;
}

bool elffile_build_id(int fd, struct elffile_build_id *ret)
{
	_cleanup_elf_ Elf *elf = open_elf(fd);
	size_t count = 0;
	GElf_Phdr p;

	if (!elf || elf_getphdrnum(elf, &count) < 0)
		return false;
	for (size_t i = 0; i < count; i++)
		if (gelf_getphdr(elf, (int)i, &p) && p.p_type == PT_NOTE &&
		    id_among(elf_getdata_rawchunk(elf, (int64_t)p.p_offset, p.p_filesz,
						  p.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR), ret))
			return true;
	return false;
}

enum elffile_kind elffile_kind(int fd)
{
	Elf64_Ehdr header;

	if (pread(fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return ELFFILE_NONE;
	if (header.e_ident[EI_CLASS] == ELFCLASS32)
		return ELFFILE_32;
	return header.e_machine == EM_X86_64 ? ELFFILE_64 : ELFFILE_OTHER_MACHINE;
}
