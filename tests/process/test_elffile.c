/* Program headers of files written here, laid out as linkers do. */
#include <elf.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../inspect/elffile.h"
#include "unit.h"

/* As lld has it: the code's PT_LOAD begins in the middle of the page that the first one ends in. */
static const Elf64_Phdr loads[] = {
	{ .p_type = PT_LOAD, .p_flags = PF_R, .p_offset = 0, .p_vaddr = 0, .p_filesz = 0x2810 },
	{ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = 0x2810, .p_vaddr = 0x3810,
	  .p_filesz = 0x1c00 },
	{ .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = 0x4410, .p_vaddr = 0x6410,
	  .p_filesz = 0x1000 },
	{ .p_type = PT_GNU_RELRO, .p_flags = PF_R, .p_offset = 0x4410, .p_vaddr = 0x6410,
	  .p_filesz = 0xbf0, .p_memsz = 0xbf0 },
};

static int write_file(void)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);
	Elf64_Ehdr header = { .e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			      .e_phoff = sizeof(header), .e_ehsize = sizeof(header),
			      .e_phentsize = sizeof(loads[0]), .e_phnum = 4 };

	memcpy(header.e_ident, ELFMAG, SELFMAG);
	header.e_ident[EI_CLASS] = ELFCLASS64;
	header.e_ident[EI_DATA] = ELFDATA2LSB;
	header.e_ident[EI_VERSION] = EV_CURRENT;
	assert_int_equal(write(fd, &header, sizeof(header)), sizeof(header));
	assert_int_equal(write(fd, loads, sizeof(loads)), sizeof(loads));
	assert_int_equal(ftruncate(fd, 0x6000), 0);
	return fd;
}

static void a_shared_page_is_of_the_one_that_begins(void **state)
{
	int fd = write_file();
	uint32_t prot = 0;
	uint64_t bias = 0;

	assert_int_equal(elffile_kind(fd), ELFFILE_64);
	assert_true(elffile_prot(fd, 0, &prot));
	assert_int_equal(prot, 1);
	assert_true(elffile_prot(fd, 0x1000, &prot));
	assert_int_equal(prot, 1);
	assert_true(elffile_prot(fd, 0x2000, &prot));
	assert_int_equal(prot, 5);
	assert_true(elffile_prot(fd, 0x4000, &prot));
	assert_int_equal(prot, 1); /* read-only after relocation */
	assert_true(elffile_prot(fd, 0x5000, &prot));
	assert_int_equal(prot, 3);
	assert_true(elffile_bias(fd, 0x2000, 0x10003000, &bias));
	assert_int_equal(bias, 0x10000000);
	assert_false(elffile_prot(fd, 0x8000, &prot));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shared_page_is_of_the_one_that_begins),
	};

	return RUN(tests);
}
