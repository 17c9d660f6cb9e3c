/* ELF cores by libelf. Notes as in the kernel's fs/binfmt_elf.c and <sys/procfs.h>; gdb's gcore and
 * systemd-coredump write the same. libelf reads, it does not map: a core that is cut short while we
 * look at it is an error of read(), not a fault. */
#include "core_file.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where user memory ends (TASK_SIZE_MAX of x86-64 with four levels of page tables, the most that a
 * process gets unasked); the kernel's own vsyscall page lies above and may be in a core. */
#define USER_END UINT64_C(0x7ffffffff000)
#define KERNEL_START (UINT64_C(1) << 63)
/* Notes are some kilobytes a thread; what is beyond this is no note. */
#define MOST_NOTES (UINT64_C(1) << 30)

static void elf_endp(Elf **elf)
{
	if (*elf)
		elf_end(*elf);
}

struct hg_error *core_damaged(const char *name, const char *why)
{
	return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE, "cannot read %s: %s", name, why),
			     "make another core: gcore PID, or ulimit -c unlimited before the crash");
}

bool core_is_one(int fd)
{
	Elf64_Ehdr header; /* e_type lies at the same place in both classes */

	return pread(fd, &header, sizeof(header), 0) == sizeof(header) &&
	       !memcmp(header.e_ident, ELFMAG, SELFMAG) && header.e_type == ET_CORE;
}

static uint64_t whole_pages(uint64_t size)
{
	return (size + CORE_PAGE - 1) & -(uint64_t)CORE_PAGE;
}

static uint32_t prot_of(uint32_t flags)
{
	return (flags & PF_R ? 1 : 0) | (flags & PF_W ? 2 : 0) | (flags & PF_X ? 4 : 0);
}

static struct hg_error *add_segment(struct core_file *core, const GElf_Phdr *p)
{
	if (p->p_vaddr >= KERNEL_START || !p->p_memsz)
		return NULL;
	if (p->p_vaddr % CORE_PAGE || p->p_vaddr >= USER_END || p->p_memsz > USER_END - p->p_vaddr ||
	    p->p_filesz > p->p_memsz)
		return core_damaged(core->name, "a segment lies where no memory can be");
	if (p->p_filesz && (p->p_offset > core->size || p->p_filesz > core->size - p->p_offset))
		return core_damaged(core->name, "it is truncated: a segment reaches beyond its end");
	core->segments[core->num_segments++] = (struct core_segment){
		.start = p->p_vaddr,
		.end = p->p_vaddr + whole_pages(p->p_memsz),
		.offset = p->p_offset,
		.stored = p->p_filesz,
		.prot = prot_of(p->p_flags),
	};
	return NULL;
}

static int by_start(const void *a, const void *b)
{
	const struct core_segment *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static int by_mapping(const void *a, const void *b)
{
	const struct core_mapping *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static struct hg_error *add_thread(struct core_file *core, const char *desc, size_t size)
{
	struct elf_prstatus status;
	struct user_regs_struct r;
	struct freeze_thread *threads;
	uint32_t *tids;

	if (size < sizeof(status))
		return core_damaged(core->name, "the note of a thread is too short");
	memcpy(&status, desc, sizeof(status));
	memcpy(&r, &status.pr_reg, sizeof(r));
	threads = reallocarray(core->threads, core->num_threads + 1, sizeof(*threads));
	if (threads)
		core->threads = threads;
	tids = reallocarray(core->tids, core->num_threads + 1, sizeof(*tids));
	if (tids)
		core->tids = tids;
	if (!threads || !tids)
		return &hg_error_no_memory;
	if (!core->num_threads)
		core->thread_pointer = r.fs_base;
	threads[core->num_threads] = (struct freeze_thread){
		.sp = r.rsp,
		.ip = r.rip,
		.registers = { r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi, r.rbp, r.r8, r.r9, r.r10, r.r11,
			       r.r12, r.r13, r.r14, r.r15 },
	};
	tids[core->num_threads++] = (uint32_t)status.pr_pid;
	return NULL;
}

static struct hg_error *take_process(struct core_file *core, const char *desc, size_t size)
{
	struct elf_prpsinfo info;

	if (size < sizeof(info))
		return core_damaged(core->name, "the note of the process is too short");
	memcpy(&info, desc, sizeof(info));
	core->pid = info.pr_pid;
	memcpy(core->program, info.pr_fname, sizeof(info.pr_fname));
	memcpy(core->arguments, info.pr_psargs, sizeof(info.pr_psargs));
	for (size_t n = strlen(core->arguments); n && core->arguments[n - 1] == ' ';)
		core->arguments[--n] = '\0';
	return NULL;
}

static struct hg_error *take_auxv(struct core_file *core, const char *desc, size_t size)
{
	free(core->auxv);
	core->auxv = malloc(size + 1);
	if (!core->auxv)
		return &hg_error_no_memory;
	memcpy(core->auxv, desc, size);
	core->auxv_size = size;
	return NULL;
}

/* Count, unit of the offsets (the kernel's is a page, gdb's a byte), {start, end, offset} of each, then
 * their paths. */
static struct hg_error *take_mappings(struct core_file *core, const char *desc, size_t size)
{
	uint64_t head[2], row[3];
	const char *path, *end;

	if (core->mappings)
		return core_damaged(core->name, "its list of files is there twice");
	if (size < sizeof(head))
		return core_damaged(core->name, "its list of files is too short");
	memcpy(head, desc, sizeof(head));
	if ((head[1] != CORE_PAGE && head[1] != 1) ||
	    head[0] > (size - sizeof(head)) / sizeof(row))
		return core_damaged(core->name, "its list of files is not what it says");
	core->mappings = calloc(head[0] + 1, sizeof(*core->mappings));
	core->paths = malloc(size + 1);
	if (!core->mappings || !core->paths)
		return &hg_error_no_memory;
	memcpy(core->paths, desc, size);
	core->paths[size] = '\0';
	path = core->paths + sizeof(head) + head[0] * sizeof(row);
	end = core->paths + size;
	for (uint64_t i = 0; i < head[0]; i++, path += strlen(path) + 1) {
		memcpy(row, desc + sizeof(head) + i * sizeof(row), sizeof(row));
		if (path >= end || row[0] % CORE_PAGE || row[1] % CORE_PAGE || row[0] >= row[1] ||
		    row[1] > USER_END || row[2] > INT64_MAX / CORE_PAGE ||
		    row[2] * head[1] % CORE_PAGE)
			return core_damaged(core->name, "its list of files is not what it says");
		core->mappings[core->num_mappings++] = (struct core_mapping){
			.start = row[0], .end = row[1], .offset = row[2] * head[1], .path = path };
	}
	return NULL;
}

static struct hg_error *take_note(struct core_file *core, const GElf_Nhdr *note, const char *desc)
{
	switch (note->n_type) {
	case NT_PRSTATUS: return add_thread(core, desc, note->n_descsz);
	case NT_PRPSINFO: return take_process(core, desc, note->n_descsz);
	case NT_AUXV: return take_auxv(core, desc, note->n_descsz);
	case NT_FILE: return take_mappings(core, desc, note->n_descsz);
	}
	return NULL;
}

static struct hg_error *read_notes(struct core_file *core, Elf *elf, const GElf_Phdr *p)
{
	struct hg_error *error = NULL;
	size_t at = 0, name, desc;
	Elf_Data *data;
	GElf_Nhdr note;

	if (p->p_offset > core->size || p->p_filesz > core->size - p->p_offset)
		return core_damaged(core->name, "it is truncated: its notes reach beyond its end");
	if (!p->p_filesz)
		return NULL;
	if (p->p_filesz > MOST_NOTES)
		return core_damaged(core->name, "its notes are larger than notes can be");
	data = elf_getdata_rawchunk(elf, (int64_t)p->p_offset, p->p_filesz,
				    p->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	if (!data)
		return core_damaged(core->name, "its notes cannot be read");
	while (!error && (at = gelf_getnote(data, at, &note, &name, &desc)) > 0) {
		const char *bytes = data->d_buf;

		if (note.n_namesz == 5 && !memcmp(bytes + name, "CORE", 5))
			error = take_note(core, &note, bytes + desc);
	}
	return error;
}

/* What lies over something else is no memory of a process. */
static struct hg_error *put_in_order(struct core_file *core)
{
	qsort(core->segments, core->num_segments, sizeof(*core->segments), by_start);
	for (size_t i = 1; i < core->num_segments; i++)
		if (core->segments[i].start < core->segments[i - 1].end)
			return core_damaged(core->name, "two of its segments overlap");
	if (core->mappings)
		qsort(core->mappings, core->num_mappings, sizeof(*core->mappings), by_mapping);
	for (size_t i = 1; i < core->num_mappings; i++)
		if (core->mappings[i].start < core->mappings[i - 1].end)
			return core_damaged(core->name, "two files are mapped at one place");
	return NULL;
}

static struct hg_error *read_headers(struct core_file *core, Elf *elf)
{
	struct hg_error *error = NULL;
	size_t count = 0;

	if (elf_getphdrnum(elf, &count) < 0 || count > core->size / sizeof(Elf64_Phdr))
		return core_damaged(core->name, "its table of segments cannot be read");
	core->segments = calloc(count + 1, sizeof(*core->segments));
	if (!core->segments)
		return &hg_error_no_memory;
	for (size_t i = 0; !error && i < count; i++) {
		GElf_Phdr p;

		if (!gelf_getphdr(elf, (int)i, &p))
			return core_damaged(core->name, "its table of segments cannot be read");
		if (p.p_type == PT_NOTE)
			error = read_notes(core, elf, &p);
		else if (p.p_type == PT_LOAD)
			error = add_segment(core, &p);
	}
	if (!error)
		error = put_in_order(core);
	if (!error && !core->num_segments)
		error = core_damaged(core->name, "it holds no memory");
	if (!error && !core->num_threads)
		error = core_damaged(core->name, "it has no threads: no core of a process");
	return error;
}

static struct hg_error *check_kind(const struct core_file *core)
{
	Elf64_Ehdr header;

	if (pread(core->fd, &header, sizeof(header), 0) != sizeof(header))
		return core_damaged(core->name, "it is truncated");
	if (header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB &&
	    header.e_machine == EM_X86_64 && header.e_phentsize == sizeof(Elf64_Phdr))
		return NULL;
	return hg_error_hint(hg_error_new(HG_EXIT_UNREADABLE, "cannot read %s: a core of another machine",
					  core->name), "heapgraph reads cores of 64-bit x86 processes");
}

struct hg_error *core_file_read(int fd, const char *name, struct core_file *ret)
{
	_cleanup_(elf_endp) Elf *elf = NULL;
	struct hg_error *error;
	struct stat st;

	*ret = (struct core_file){ .fd = fd, .pagemap = -1, .name = name };
	if (fstat(fd, &st) < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read %s", name);
	ret->size = (uint64_t)st.st_size;
	error = check_kind(ret);
	if (error)
		return error;
	elf = elf_version(EV_CURRENT) == EV_NONE ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	error = elf ? read_headers(ret, elf) : core_damaged(name, "it is no ELF file that libelf reads");
	if (!error && ret->pid <= 0)
		ret->pid = (pid_t)ret->tids[0];
	if (!error && ret->pid < 0)
		error = core_damaged(name, "it does not say which process it is of");
	if (error)
		core_file_deinit(ret);
	return error;
}

void core_file_deinit(struct core_file *core)
{
	if (core->pagemap >= 0)
		close(core->pagemap);
	free(core->segments);
	free(core->mappings);
	free(core->paths);
	free(core->auxv);
	free(core->threads);
	free(core->tids);
	*core = (struct core_file){ .fd = -1, .pagemap = -1 };
}

static const struct core_segment *segment_at(const struct core_file *core, uint64_t address)
{
	size_t low = 0, high = core->num_segments;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address < core->segments[middle].start)
			high = middle;
		else if (address >= core->segments[middle].end)
			low = middle + 1;
		else
			return &core->segments[middle];
	}
	return NULL;
}

int core_file_memory(const struct core_file *core, uint64_t address, void *buffer, size_t size)
{
	const struct core_segment *s = segment_at(core, address);
	uint64_t from = s ? address - s->start : 0;

	if (!s || from > s->stored || size > s->stored - from)
		return -1;
	return pread(core->fd, buffer, size, (off_t)(s->offset + from)) == (ssize_t)size ? 0 : -1;
}

uint64_t core_file_auxv(const struct core_file *core, uint64_t type)
{
	for (size_t i = 0; i + 16 <= core->auxv_size; i += 16) {
		uint64_t entry[2];

		memcpy(entry, core->auxv + i, sizeof(entry));
		if (entry[0] == type)
			return entry[1];
	}
	return 0;
}
