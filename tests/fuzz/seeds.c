/* Writes small sound inputs for the fuzzers of cores: seeds FOLDER. Without them a fuzzer would have to
 * guess the magic numbers of four formats. */
#include <fcntl.h>
#include <lz4frame.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "../core/made_core.h"

enum { START = 0x10000000, MOST = 1 << 16 };

/* An ELF file's beginning, with a build id. */
static const char *elf_page(void)
{
	static char page[CORE_PAGE];
	Elf64_Ehdr header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, 1 },
			      .e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = 1,
			      .e_phoff = sizeof(header), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2 };
	Elf64_Phdr p[2] = { { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = CORE_PAGE,
			      .p_memsz = CORE_PAGE },
			    { .p_type = PT_NOTE, .p_offset = 512, .p_filesz = 36 } };
	Elf64_Nhdr note = { 4, 20, NT_GNU_BUILD_ID };

	memcpy(page, &header, sizeof(header));
	memcpy(page + sizeof(header), p, sizeof(p));
	memcpy(page + 512, &note, sizeof(note));
	memcpy(page + 512 + sizeof(note), "GNU", 4);
	return page;
}

static struct made_core *make(unsigned which)
{
	static const uint64_t rows[3][3] = { { START, START + CORE_PAGE, 0 },
					     { START + CORE_PAGE, START + 4 * CORE_PAGE, 1 },
					     { START + 8 * CORE_PAGE, START + 9 * CORE_PAGE, 0 } };
	static const uint64_t auxv[] = { AT_PHDR, START + 64, AT_PHNUM, 2, AT_BASE, START, AT_NULL, 0 };
	struct made_core *made = made_core_create(START + 16 * CORE_PAGE + 8);

	made_core_segment(made, START, 2 * CORE_PAGE, elf_page(), which ? CORE_PAGE : 700);
	if (which == 0)
		return made;
	made_core_segment(made, START + 2 * CORE_PAGE, 2 * CORE_PAGE, NULL, 0);
	made_core_segment(made, START + 16 * CORE_PAGE, CORE_PAGE, "a stack", 8);
	made_core_note(made, NT_AUXV, auxv, sizeof(auxv));
	made_core_files(made, rows, 3, "/usr/bin/python\0/usr/bin/python\0/lib/a (deleted)", 49);
	if (which == 2)
		made_core_note(made, NT_PRSTATUS, made->notes + 20, 336);
	return made;
}

static void put(const char *folder, const char *fuzzer, unsigned number, const void *data, size_t size)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, fuzzer);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/seed-%u", folder, fuzzer, number);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		perror(path);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	static char core[MOST], packed[2 * MOST];

	for (unsigned i = 0; argc == 2 && i < 3; i++) {
		int fd = made_core_write(make(i));
		ssize_t size = pread(fd, core, sizeof(core), 0);

		close(fd);
		put(argv[1], "fuzz_core", i, core, (size_t)size);
		put(argv[1], "fuzz_unpack", 2 * i, packed,
		    ZSTD_compress(packed, sizeof(packed), core, (size_t)size, 1));
		put(argv[1], "fuzz_unpack", 2 * i + 1, packed,
		    LZ4F_compressFrame(packed, sizeof(packed), core, (size_t)size, NULL));
	}
	return argc == 2 ? 0 : 2;
}
