/* Modules written into this process's own memory, and real ones: symbols, and damage. */
#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../inspect/elffile.h"
#include "../../inspect/module.h"
#include "unit.h"

/* A small shared object as it lies in memory, with a System V hash table of one bucket. */
struct image {
	Elf64_Ehdr header;
	Elf64_Phdr phdr[3];
	Elf64_Dyn dynamic[7];
	Elf64_Sym symbols[3];
	uint32_t hash[2 + 1 + 3];
	char strings[64];
};

static struct image *make_image(void)
{
	struct image *m = calloc(1, sizeof(*m));
	static const char strings[] = "\0used\0_PyRuntime\0libx.so.1";

	memcpy(m->header.e_ident, ELFMAG "\2\1\1", 7);
	m->header.e_machine = EM_X86_64;
	m->header.e_phoff = offsetof(struct image, phdr);
	m->header.e_phentsize = sizeof(Elf64_Phdr);
	m->header.e_phnum = 3;
	m->phdr[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = 0, .p_memsz = sizeof(*m) };
	m->phdr[1] = (Elf64_Phdr){ .p_type = PT_DYNAMIC,
				   .p_vaddr = offsetof(struct image, dynamic),
				   .p_memsz = sizeof(m->dynamic) };
	m->phdr[2] = (Elf64_Phdr){ .p_type = PT_GNU_RELRO, .p_vaddr = 0x40, .p_memsz = 0x80 };
	m->dynamic[0] = (Elf64_Dyn){ DT_SYMTAB, { offsetof(struct image, symbols) } };
	m->dynamic[1] = (Elf64_Dyn){ DT_STRTAB, { offsetof(struct image, strings) } };
	m->dynamic[2] = (Elf64_Dyn){ DT_STRSZ, { sizeof(m->strings) } };
	m->dynamic[3] = (Elf64_Dyn){ DT_HASH, { offsetof(struct image, hash) } };
	m->dynamic[4] = (Elf64_Dyn){ DT_SONAME, { 17 } };
	m->dynamic[5] = (Elf64_Dyn){ DT_FLAGS_1, { DF_1_NODELETE } };
	memcpy(m->strings, strings, sizeof(strings));
	m->symbols[1] = (Elf64_Sym){ .st_name = 1, .st_shndx = SHN_UNDEF };
	m->symbols[2] = (Elf64_Sym){ .st_name = 6, .st_shndx = 5, .st_value = 0x30, .st_size = 99 };
	m->hash[0] = 1; /* buckets */
	m->hash[1] = 3; /* symbols */
	m->hash[2] = 1; /* bucket 0 -> symbol 1 -> symbol 2 */
	m->hash[3 + 1] = 2;
	return m;
}

static void image_is_read(void **state)
{
	const struct memory self = { .pid = getpid() };
	struct image *image = make_image();
	struct module_symbol symbol;
	struct module module;
	char soname[32];

	assert_true(module_read(&self, (uintptr_t)image, &module));
	assert_int_equal(module.bias, (uintptr_t)image);
	assert_int_equal(module.high - module.low, sizeof(*image));
	assert_int_equal(module.relro, 0x40);
	assert_int_equal(module.flags_1, DF_1_NODELETE);
	assert_int_equal(memory_read_string(&self, module.soname, soname, sizeof(soname)), 0);
	assert_string_equal(soname, "libx.so.1");
	assert_true(module_symbol(&self, &module, "_PyRuntime", &symbol));
	assert_int_equal(symbol.address, (uintptr_t)image + 0x30);
	assert_int_equal(symbol.size, 99);
	assert_false(module_symbol(&self, &module, "used", &symbol));
	assert_false(module_symbol(&self, &module, "_PyRuntim", &symbol));
	assert_true(module_defines_prefix(&self, &module, "_Py"));
	assert_false(module_defines_prefix(&self, &module, "us"));
	free(image);
}

/* Two pieces, and two pages between them that belong to nobody. */
static void holes_are_not_its_own(void **state)
{
	const struct memory self = { .pid = getpid() };
	struct image *image = make_image();
	struct module module;
	uint64_t base = (uintptr_t)image;

	image->phdr[2] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = 0x4010, .p_memsz = 0x1000 };
	image->phdr[0].p_memsz = 0x1001;
	assert_true(module_read(&self, base, &module));
	assert_int_equal(module.high, base + 0x5010);
	assert_true(module_loads(&self, &module, base));
	assert_true(module_loads(&self, &module, base + 0x1fff));
	assert_false(module_loads(&self, &module, base + 0x2000));
	assert_false(module_loads(&self, &module, base + 0x3fff));
	assert_true(module_loads(&self, &module, base + 0x4000));
	assert_true(module_loads(&self, &module, base + 0x5fff));
	assert_false(module_loads(&self, &module, base + 0x6000));
	assert_false(module_loads(&self, &(struct module){ .phdr = base, .phnum = 129 }, base));
	free(image);
}

static void use(const struct memory *self, const struct image *image)
{
	struct module_symbol symbol;
	struct module module;

	if (!module_read(self, (uintptr_t)image, &module))
		return;
	module_symbol(self, &module, "_PyRuntime", &symbol);
	module_symbol(self, &module, "nothing", &symbol);
	module_defines_prefix(self, &module, "PyInit_");
}

/* Any byte changed: an answer or none, and an end. */
static void damaged_images_are_survived(void **state)
{
	static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
	const struct memory self = { .pid = getpid() };

	for (size_t i = 0; i < sizeof(struct image); i++) {
		for (unsigned v = 0; v < sizeof(values); v++) {
			struct image *image = make_image();

			((uint8_t *)image)[i] = values[v];
			use(&self, image);
			free(image);
		}
	}
}

static int find_libc(struct dl_phdr_info *info, size_t size, void *result)
{
	if (strstr(info->dlpi_name, "libc.so"))
		*(uint64_t *)result = info->dlpi_addr;
	return 0;
}

/* A real library with a GNU hash table: every lookup agrees with the dynamic linker's. */
static void libc_is_read(void **state)
{
	const struct memory self = { .pid = getpid() };
	struct module_symbol symbol;
	struct module module;
	uint64_t base = 0;

	dl_iterate_phdr(find_libc, &base);
	if (!base)
		skip();
	assert_true(module_read(&self, base, &module));
	assert_true(module_symbol(&self, &module, "getpid", &symbol));
	assert_int_equal(symbol.address, (uintptr_t)&getpid);
	assert_true(module_symbol(&self, &module, "environ", &symbol));
	assert_false(module_symbol(&self, &module, "_PyRuntime", &symbol));
	assert_true(module_defines_prefix(&self, &module, "getpi"));
	assert_false(module_defines_prefix(&self, &module, "PyInit_"));
}

static void nothing_is_found_in_nothing(void **state)
{
	const struct memory self = { .pid = getpid() };
	struct elffile_symbol symbol;
	struct module module;
	char text[] = "this is no ELF file, though it is long enough to hold a header";

	assert_false(module_read(&self, 16, &module));
	assert_false(module_read(&self, (uintptr_t)text, &module));
	assert_false(module_read_phdr(&self, 16, 4, &module));
	assert_int_equal(elffile_kind(-1), ELFFILE_NONE);
	assert_false(elffile_symbol(-1, "x", &symbol));
}

/* A string that ends right before unreadable memory. */
static void strings_at_the_edge_are_read(void **state)
{
	const struct memory self = { .pid = getpid() };
	long page = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * (size_t)page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char text[16];

	assert_ptr_not_equal(pages, MAP_FAILED);
	mprotect(pages + page, (size_t)page, PROT_NONE);
	memcpy(pages + page - 4, "abc", 4);
	assert_int_equal(memory_read_string(&self, (uintptr_t)pages + page - 4, text, 16), 0);
	assert_string_equal(text, "abc");
	assert_int_equal(memory_read_string(&self, (uintptr_t)pages + page - 4, text, 3), 0);
	assert_string_equal(text, "ab");
	pages[page - 1] = 'd';
	assert_int_equal(memory_read_string(&self, (uintptr_t)pages + page - 4, text, 16), -1);
	munmap(pages, 2 * (size_t)page);
}

static void pieces_are_read_up_to_the_first_bad_one(void **state)
{
	const struct memory self = { .pid = getpid() };
	long page = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * (size_t)page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const uint64_t addresses[] = { (uintptr_t)pages + 8, (uintptr_t)pages,
				       (uintptr_t)pages + (uintptr_t)page - 4, (uintptr_t)pages };
	char text[32] = "";

	assert_ptr_not_equal(pages, MAP_FAILED);
	mprotect(pages + page, (size_t)page, PROT_NONE);
	memcpy(pages, "first...second..", 16);
	assert_int_equal(memory_gather(&self, addresses, 4, 8, text), 2);
	assert_memory_equal(text, "second..first...", 16);
	assert_int_equal(memory_gather(&self, addresses + 2, 2, 8, text), 0);
	assert_int_equal(memory_gather(&self, addresses + 3, 1, 8, text), 1);
	munmap(pages, 2 * (size_t)page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(image_is_read),
		cmocka_unit_test(holes_are_not_its_own),
		cmocka_unit_test(damaged_images_are_survived),
		cmocka_unit_test(libc_is_read),
		cmocka_unit_test(nothing_is_found_in_nothing),
		cmocka_unit_test(strings_at_the_edge_are_read),
		cmocka_unit_test(pieces_are_read_up_to_the_first_bad_one),
	};

	return RUN(tests);
}
