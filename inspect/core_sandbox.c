/* The child begins as a fork of us, so that it has the descriptors of all files. One page of its own
 * is put where the core has nothing; from there system calls are made in it by ptrace: first all else
 * is unmapped, then the core's pieces are mapped, then the rights are taken. See core_sandbox.h.
 *
 * Pages of the core are written through /proc/PID/mem, not mapped from the core: gcore does not align
 * them, and a page that the kernel shows as a file's would not be searched (scan.h). Pages of zeros
 * are left as they are, which are zeros too. */
#include "core_sandbox.h"

#include <asm/prctl.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core_seal.h"
#include "pagemap.h"

enum {
	PIECE = 1 << 20,
	ROOM = 16 * CORE_PAGE, /* around our page: the hook's memory is found by the kernel elsewhere */
	SEAL_AT = 256,	       /* in our page, behind the instruction */
};
#define GET_RSEQ_CONFIGURATION ((enum __ptrace_request)0x420f)
#define LOWEST UINT64_C(0x10000)	   /* vm.mmap_min_addr, or above it */
#define USER_END UINT64_C(0x7ffffffff000)

struct sandbox {
	const struct core_file *core;
	struct core_image *image;
	struct freeze *freeze;
	uint64_t page;	 /* ours */
	uint64_t region; /* behind the last one counted */
};

static struct hg_error *call(struct sandbox *s, const char *what, long number, uint64_t a, uint64_t b,
			     uint64_t c, uint64_t d, uint64_t e, uint64_t f)
{
	const uint64_t arguments[6] = { a, b, c, d, e, f };

	return core_call(s->core, s->freeze, what, number, arguments);
}

/* A page in a gap of the core, and of what the child has still mapped. */
static struct hg_error *take_page(struct sandbox *s)
{
	uint64_t from = LOWEST;

	for (size_t i = 0; i <= s->image->num_pieces; i++) {
		bool last = i == s->image->num_pieces;
		uint64_t end = last ? USER_END : s->image->pieces[i].start;
		uint64_t at = from + ROOM;
		const uint64_t arguments[6] = { at, CORE_PAGE, PROT_READ | PROT_EXEC,
						MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
						(uint64_t)-1, 0 };
		int64_t result = -1;

		if (end > from && end - from > 2 * ROOM) {
			struct hg_error *error = freeze_syscall(s->freeze, &result, SYS_mmap, arguments);

			if (error || result == (int64_t)at) {
				s->page = at;
				return error;
			}
		}
		if (!last && s->image->pieces[i].end > from)
			from = s->image->pieces[i].end;
	}
	return core_damaged(s->core->name, "it leaves no room for a page of our own");
}

/* glibc (2.35 and newer) has registered a place where the kernel writes whenever the child is
 * interrupted; see rseq(2) and ptrace(2). Older headers know neither. */
static struct hg_error *forget_rseq(struct sandbox *s)
{
	enum { UNREGISTER = 1, RSEQ = 334 };
	struct {
		uint64_t address;
		uint32_t size, signature, flags, pad;
	} seen = { 0 };

	if (ptrace(GET_RSEQ_CONFIGURATION, s->freeze->copy, sizeof(seen), &seen) < 0 || !seen.address)
		return NULL;
	return call(s, "rseq cannot be ended", RSEQ, seen.address, seen.size, UNREGISTER,
		    seen.signature, 0, 0);
}

static struct hg_error *empty(struct sandbox *s)
{
	static const uint8_t gadget[] = { 0x0f, 0x05, 0xc3 }; /* syscall; ret */
	struct hg_error *error = take_page(s);

	if (!error)
		error = freeze_write(s->freeze, s->page, gadget, sizeof(gadget));
	if (!error)
		error = forget_rseq(s);
	if (error)
		return error;
	freeze_fresh_gadget(s->freeze, s->page);
	error = call(s, "munmap", SYS_munmap, 0, s->page, 0, 0, 0, 0);
	if (!error)
		error = call(s, "munmap", SYS_munmap, s->page + CORE_PAGE,
			     USER_END - s->page - CORE_PAGE, 0, 0, 0, 0);
	return error;
}

static bool is_zero(const char *bytes, size_t size)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, size - 1);
}

/* Pieces come in ascending order. */
static void count(struct sandbox *s, uint64_t start, uint64_t size)
{
	uint64_t first = start >> CORE_REGION_SHIFT, end = ((start + size - 1) >> CORE_REGION_SHIFT) + 1;

	s->image->bytes += size;
	if (end > s->region) {
		s->image->regions += end - (first > s->region ? first : s->region);
		s->region = end;
	}
}

/* Runs of pages that are not zeros. */
static struct hg_error *write_pages(struct sandbox *s, uint64_t address, const char *bytes, size_t size)
{
	struct hg_error *error = NULL;
	size_t at = 0;

	while (!error && at < size) {
		size_t end = at;

		while (end < size) {
			size_t page = size - end < CORE_PAGE ? size - end : CORE_PAGE;

			if (is_zero(bytes + end, page))
				break;
			end += page;
		}
		if (end > at) {
			count(s, address + at, end - at);
			error = freeze_write(s->freeze, address + at, bytes + at, end - at);
		}
		at = end + CORE_PAGE;
	}
	return error;
}

/* From a place in a piece on to where the file has data: what it does not even keep is zeros. */
static uint64_t behind_hole(const struct sandbox *s, const struct core_piece *piece, uint64_t done)
{
	off_t data = lseek(s->core->fd, (off_t)(piece->offset + done), SEEK_DATA);

	if (data < 0) /* none follows; or a file system that does not tell */
		return errno == ENXIO ? piece->stored : done;
	if ((uint64_t)data - piece->offset >= piece->stored)
		return piece->stored;
	return ((uint64_t)data - piece->offset) & -(uint64_t)CORE_PAGE;
}

static struct hg_error *fill(struct sandbox *s, const struct core_piece *piece, char *buffer,
			     const struct interrupt *interrupt)
{
	struct hg_error *error = NULL;

	for (uint64_t done = 0; !error && (done = behind_hole(s, piece, done)) < piece->stored;) {
		size_t size = piece->stored - done < PIECE ? piece->stored - done : PIECE;
		ssize_t got = pread(s->core->fd, buffer, size, (off_t)(piece->offset + done));

		if (got != (ssize_t)size)
			return got < 0 ? hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read %s",
							s->core->name)
				       : core_damaged(s->core->name, "it has become shorter meanwhile");
		error = write_pages(s, piece->start + done, buffer, size);
		done += size;
		if (!error)
			error = interrupt_check(interrupt);
	}
	return error;
}

/* A page that cannot be read is not readable in the copy either: that is no zero. */
static struct hg_error *copy_pages(struct sandbox *s, uint64_t address, char *buffer, size_t size,
				   bool over_file)
{
	struct hg_error *error = NULL;
	ssize_t got;

	for (size_t done = 0; !error && done < size; done += (size_t)got) {
		got = pread(s->core->fd, buffer, size - done, (off_t)(address + done));
		if (got < 0 && errno != EIO)
			return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read %s at 0x%" PRIx64,
					      s->core->name, address + done);
		if (got < CORE_PAGE) {
			got = CORE_PAGE;
			error = call(s, "its memory cannot be protected", SYS_mprotect, address + done,
				     CORE_PAGE, 0, 0, 0, 0);
		} else if (over_file) { /* zeros too: the file has others there */
			count(s, address + done, (size_t)got);
			error = freeze_write(s->freeze, address + done, buffer, (size_t)got);
		} else {
			error = write_pages(s, address + done, buffer, (size_t)got);
		}
	}
	return error;
}

/* The pages of a process that stands still that are its own. */
static struct hg_error *fill_own(struct sandbox *s, const struct core_piece *piece, char *buffer,
				 const struct interrupt *interrupt)
{
	bool over_file = piece->binary != SIZE_MAX;
	struct hg_error *error = NULL;
	uint64_t own[PIECE / CORE_PAGE];

	for (uint64_t at = piece->start; !error && at < piece->end; at += PIECE) {
		size_t pages = (piece->end - at < PIECE ? piece->end - at : PIECE) / CORE_PAGE, run;

		pagemap_own(s->core->pagemap, at, pages, own);
		for (size_t i = 0; !error && i < pages; i += run ? run : 1) {
			for (run = 0; i + run < pages && own[i + run]; run++)
				;
			if (run)
				error = copy_pages(s, at + i * CORE_PAGE, buffer, run * CORE_PAGE, over_file);
		}
		if (!error)
			error = interrupt_check(interrupt);
	}
	return error;
}

/* Behind its end a file's pages are not there. */
static void count_file(struct sandbox *s, const struct core_piece *piece, int fd)
{
	uint64_t size = piece->end - piece->start;
	struct stat st;

	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size <= piece->file_offset)
		return;
	if ((uint64_t)st.st_size - piece->file_offset < size)
		size = (uint64_t)st.st_size - piece->file_offset;
	count(s, piece->start, size);
}

static struct hg_error *map_piece(struct sandbox *s, const struct core_piece *piece)
{
	int fd = piece->binary == SIZE_MAX ? -1 : s->image->binaries[piece->binary].fd;
	bool of_file = fd >= 0 && (!piece->stored || piece->own_pages);
	int how = MAP_PRIVATE | MAP_FIXED_NOREPLACE | MAP_NORESERVE;
	/* What nobody has cannot be read: that is no zero. */
	uint32_t prot = piece->stored || fd >= 0 ? piece->prot : 0;

	if (piece->start < LOWEST)
		return core_damaged(s->core->name, "a segment lies where no memory can be");
	if (of_file)
		count_file(s, piece, fd);
	if (!of_file)
		return call(s, "its memory cannot be mapped", SYS_mmap, piece->start,
			    piece->end - piece->start, prot, (uint64_t)(how | MAP_ANONYMOUS),
			    (uint64_t)-1, 0);
	return call(s, "a file cannot be mapped", SYS_mmap, piece->start,
		    piece->end - piece->start, prot, (uint64_t)how, (uint64_t)fd, piece->file_offset);
}

static struct hg_error *rebuild(struct sandbox *s, const struct interrupt *interrupt)
{
	_cleanup_free_ char *buffer = malloc(PIECE);
	struct hg_error *error = buffer ? NULL : &hg_error_no_memory;

	for (size_t i = 0; !error && i < s->image->num_pieces; i++) {
		error = map_piece(s, &s->image->pieces[i]);
		if (!error)
			error = (s->image->pieces[i].own_pages ? fill_own : fill)(
				s, &s->image->pieces[i], buffer, interrupt);
	}
	return error;
}

/* tp_traverse may look at variables of its thread: the stack protector does, and PyO3 (Rust) counts there
 * who has the GIL. */
static struct hg_error *become_thread(struct sandbox *s)
{
	return call(s, "its thread's variables are nowhere", SYS_arch_prctl, ARCH_SET_FS,
		    s->core->thread_pointer, 0, 0, 0, 0);
}

struct hg_error *core_sandbox(const struct core_file *core, struct core_image *image,
			      const struct interrupt *interrupt, struct freeze **ret)
{
	struct sandbox s = { .core = core, .image = image };
	struct hg_error *error = freeze_fresh(core->pid, &s.freeze);

	if (!error)
		error = empty(&s);
	if (!error)
		error = rebuild(&s, interrupt);
	if (!error)
		error = become_thread(&s);
	if (!error)
		error = core_seal(core, image, s.freeze, s.page + SEAL_AT);
	if (error) {
		freeze_end(s.freeze);
		return error;
	}
	*ret = s.freeze;
	return NULL;
}
