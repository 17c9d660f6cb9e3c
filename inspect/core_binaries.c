/* By build id (NT_GNU_BUILD_ID, which linkers write near the beginning of a file, where kernel and
 * gcore keep the page of the ELF header for it). A core can name any path: only regular files are
 * opened, and only files whose build id the core has, or ELF files where it has none. */
#include "core_binaries.h"

#include <elf.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "elffile.h"

enum { MOST_HEADERS = 64 };

bool core_binary_is_elf(const struct core_file *core, const struct core_mapping *mapping)
{
	char magic[SELFMAG];

	return !mapping->offset && !core_file_memory(core, mapping->start, magic, SELFMAG) &&
	       !memcmp(magic, ELFMAG, SELFMAG);
}

static size_t aligned(size_t size)
{
	return (size + 3) & ~(size_t)3;
}

/* The build id among notes in memory. */
static bool find_id(const struct core_file *core, uint64_t at, uint64_t size,
		    struct elffile_build_id *ret)
{
	Elf64_Nhdr note;
	char name[4];

	for (uint64_t end = at + size; at + sizeof(note) + 4 <= end;
	     at += sizeof(note) + aligned(note.n_namesz) + aligned(note.n_descsz)) {
		if (core_file_memory(core, at, &note, sizeof(note)))
			return false;
		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != 4 ||
		    core_file_memory(core, at + sizeof(note), name, 4) || memcmp(name, "GNU", 4))
			continue;
		ret->size = note.n_descsz;
		return note.n_descsz <= sizeof(ret->bytes) &&
		       !core_file_memory(core, at + sizeof(note) + 4, ret->bytes, note.n_descsz);
	}
	return false;
}

/* The build id that the core has of the file mapped there. */
static bool id_in_core(const struct core_file *core, const struct core_mapping *mapping,
		       struct elffile_build_id *ret)
{
	Elf64_Ehdr header;
	Elf64_Phdr p;

	if (mapping->offset || core_file_memory(core, mapping->start, &header, sizeof(header)) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_phentsize != sizeof(p))
		return false;
	for (unsigned i = 0; i < header.e_phnum && i < MOST_HEADERS; i++) {
		if (header.e_phoff > mapping->end - mapping->start ||
		    core_file_memory(core, mapping->start + header.e_phoff + i * sizeof(p), &p, sizeof(p)))
			return false;
		if (p.p_type == PT_NOTE && p.p_offset < mapping->end - mapping->start &&
		    p.p_filesz < mapping->end - mapping->start &&
		    find_id(core, mapping->start + p.p_offset, p.p_filesz, ret))
			return true;
	}
	return false;
}

/* Under a sysroot, links and ".." stay in it. */
static int open_under(const char *root, const char *path)
{
	_cleanup_close_ int directory = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };

	return directory < 0 ? -1
			     : (int)syscall(SYS_openat2, directory, path, &how, sizeof(how));
}

/* A device or a pipe is not opened at all: that alone may do something. */
static int open_regular(const char *root, const char *path)
{
	_cleanup_close_ int handle = root ? open_under(root, path) : open(path, O_PATH | O_CLOEXEC);
	struct stat st;
	char link[64];

	if (handle < 0 || fstat(handle, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", handle);
	return open(link, O_RDONLY | O_CLOEXEC);
}

void core_binary_open(struct core_binary *binary, const struct core_file *core,
		      const struct core_mapping *mapping, const struct core_places *places)
{
	struct elffile_build_id known, own;
	_cleanup_free_ char *path = strdup(binary->path);
	_cleanup_close_ int fd = -1;
	char *suffix = path ? strstr(path, " (deleted)") : NULL;

	if (suffix && !suffix[strlen(" (deleted)")])
		*suffix = '\0';
	if (binary->is_program && places->exe)
		fd = open_regular(NULL, places->exe);
	else if (path && path[0] == '/')
		fd = open_regular(places->sysroot, path);
	binary->missing = "not found";
	if (fd < 0)
		return;
	binary->missing = "no ELF file of 64-bit x86";
	if (elffile_kind(fd) != ELFFILE_64)
		return;
	binary->missing = "no code in it: debug symbols alone, or cut short";
	if (!elffile_is_whole(fd))
		return;
	binary->missing = "another build";
	if (!id_in_core(core, mapping, &known))
		binary->is_unproved = true;
	else if (!elffile_build_id(fd, &own) || own.size != known.size ||
		 memcmp(own.bytes, known.bytes, own.size))
		return;
	binary->missing = NULL;
	binary->fd = take_fd(fd);
}
