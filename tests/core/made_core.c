/* See made_core.h. */
#include "made_core.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <unistd.h>

struct made_core *made_core_create(uint64_t sp)
{
	struct made_core *made = calloc(1, sizeof(*made));
	struct elf_prstatus status = { .pr_pid = 7 };
	struct user_regs_struct registers = { .rsp = sp };

	assert_non_null(made);
	memcpy(made->header.e_ident, ELFMAG, SELFMAG);
	made->header.e_ident[EI_CLASS] = ELFCLASS64;
	made->header.e_ident[EI_DATA] = ELFDATA2LSB;
	made->header.e_ident[EI_VERSION] = EV_CURRENT;
	made->header.e_type = ET_CORE;
	made->header.e_machine = EM_X86_64;
	made->header.e_version = EV_CURRENT;
	made->header.e_phoff = sizeof(made->header);
	made->header.e_ehsize = sizeof(made->header);
	made->header.e_phentsize = sizeof(made->segments[0]);
	made->segments[0].p_type = PT_NOTE;
	made->count = 1;
	memcpy(&status.pr_reg, &registers, sizeof(registers));
	made_core_note(made, NT_PRSTATUS, &status, sizeof(status));
	return made;
}

Elf64_Phdr *made_core_segment(struct made_core *made, uint64_t start, uint64_t size, const void *contents,
			      uint64_t stored)
{
	assert_true(made->count < MADE_SEGMENTS);
	made->contents[made->count] = contents;
	made->segments[made->count] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_W,
						    .p_vaddr = start, .p_memsz = size,
						    .p_filesz = stored };
	return &made->segments[made->count++];
}

void made_core_note(struct made_core *made, uint32_t type, const void *contents, size_t size)
{
	Elf64_Nhdr note = { .n_namesz = 5, .n_descsz = (uint32_t)size, .n_type = type };
	char *at = made->notes + made->notes_size;

	assert_true(made->notes_size + sizeof(note) + 8 + size + 4 <= MADE_NOTES);
	memcpy(at, &note, sizeof(note));
	memcpy(at + sizeof(note), "CORE", 5);
	if (size)
		memcpy(at + sizeof(note) + 8, contents, size);
	made->notes_size += sizeof(note) + 8 + ((size + 3) & ~(size_t)3);
}

void made_core_files(struct made_core *made, const uint64_t (*rows)[3], size_t count, const char *paths,
		     size_t paths_size)
{
	uint64_t head[2] = { count, CORE_PAGE };
	size_t size = sizeof(head) + count * sizeof(*rows) + paths_size;
	char *contents = malloc(size);

	assert_non_null(contents);
	memcpy(contents, head, sizeof(head));
	memcpy(contents + sizeof(head), rows, count * sizeof(*rows));
	memcpy(contents + sizeof(head) + count * sizeof(*rows), paths, paths_size);
	made_core_note(made, NT_FILE, contents, size);
	free(contents);
}

static void append(int fd, const void *data, size_t size)
{
	assert_int_equal(write(fd, data, size), size);
}

int made_core_write(struct made_core *made)
{
	int fd = memfd_create("core", MFD_CLOEXEC);
	uint64_t at = sizeof(made->header) + made->count * sizeof(made->segments[0]);

	assert_true(fd >= 0);
	made->header.e_phnum = (uint16_t)made->count;
	made->contents[0] = made->notes;
	made->segments[0].p_filesz = made->notes_size;
	for (unsigned i = 0; i < made->count; at += made->segments[i++].p_filesz)
		if (!made->segments[i].p_offset) /* else it lies where the test wants it */
			made->segments[i].p_offset = at;
	append(fd, &made->header, sizeof(made->header));
	append(fd, made->segments, made->count * sizeof(made->segments[0]));
	for (unsigned i = 0; i < made->count; i++) {
		if (made->contents[i])
			append(fd, made->contents[i], made->segments[i].p_filesz);
		else
			assert_true(lseek(fd, (off_t)made->segments[i].p_filesz, SEEK_CUR) > 0);
	}
	assert_int_equal(ftruncate(fd, (off_t)(at - made->cut)), 0);
	free(made);
	return fd;
}
