/* The filter is what a word costs: a table of a quarter megabyte, by the word's page, says for nearly
 * all words at once that nobody wants them; the few that pass are looked up.
 *
 * Only resident pages are read (pagemap.h): reading others would make the kernel supply them, which for a
 * reserved terabyte takes for ever. A private page of a file that was never written holds what the file
 * holds, which is no address.
 *
 * A page of zeros is as good as one that nobody has touched, and is not counted: a debugger that reads
 * the latter makes it the former, and a core may have either. */
#include "scan.h"

#include <fcntl.h>
#include <stdio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pagemap.h"
#include "ranges.h"

enum { FILTER_BITS = 18, PAGE_SHIFT = 12, PAGES = 512, BLOCK = 8 };
enum { WANTS_VALUE = 1, WANTS_RANGE = 2 };
#define PAGE (UINT64_C(1) << PAGE_SHIFT)
#define PIECE (PAGES * PAGE)
#define READ (64 * PAGE) /* what a processor's second cache keeps from the reading to the looking */
#define WORDS (PAGE / sizeof(uint64_t))

struct slot {
	uint64_t value; /* 0: empty */
	uint32_t id, pad;
};

struct scan {
	const struct memory *memory; /* NULL: our own */
	int pagemap; /* -1: not to be had, every page is read */
	int mem;     /* /proc/PID/mem; -1: not to be had */
	struct slot *slots;
	size_t mask;
	struct range *ranges; /* ascending */
	size_t num_ranges;
	uint8_t filter[1u << FILTER_BITS];
	uint64_t words[READ / sizeof(uint64_t)];
};

static uint64_t hash(uint64_t key)
{
	return key * UINT64_C(0x9e3779b97f4a7c15);
}

static size_t filter_place(uint64_t value)
{
	return hash(value >> PAGE_SHIFT) >> (64 - FILTER_BITS);
}

static uint8_t *filter_of(struct scan *scan, uint64_t value)
{
	return &scan->filter[filter_place(value)];
}

struct hg_error *scan_create(const struct memory *memory, size_t values, struct scan **ret)
{
	struct scan *scan = calloc(1, sizeof(*scan));
	char path[64];
	size_t room = 64;

	while (room < values * 2)
		room *= 2;
	if (scan)
		scan->slots = calloc(room, sizeof(*scan->slots));
	if (!scan || !scan->slots) {
		free(scan);
		return &hg_error_no_memory;
	}
	scan->memory = memory;
	scan->mask = room - 1;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", memory->pid);
	scan->pagemap = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/mem", memory->pid);
	scan->mem = open(path, O_RDONLY | O_CLOEXEC);
	*ret = scan;
	return NULL;
}

void scan_destroy(struct scan *scan)
{
	if (!scan)
		return;
	if (scan->pagemap >= 0)
		close(scan->pagemap);
	if (scan->mem >= 0)
		close(scan->mem);
	if (scan->memory) { /* otherwise they are where scan_save() wrote them */
		free(scan->slots);
		free(scan->ranges);
	}
	free(scan);
}

/* In front of the slots and the ranges, as scan_save() writes them. */
struct saved {
	uint64_t mask, num_ranges;
	uint8_t filter[1u << FILTER_BITS];
};

bool scan_save(const struct scan *scan, int file)
{
	const struct saved head = { .mask = scan->mask, .num_ranges = scan->num_ranges };
	const struct {
		const void *data;
		size_t size;
	} pieces[] = {
		{ &head, offsetof(struct saved, filter) },
		{ scan->filter, sizeof(scan->filter) },
		{ scan->slots, (scan->mask + 1) * sizeof(*scan->slots) },
		{ scan->ranges, scan->num_ranges * sizeof(*scan->ranges) },
	};

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		if (pieces[i].size &&
		    write(file, pieces[i].data, pieces[i].size) != (ssize_t)pieces[i].size)
			return false;
	return true;
}

struct hg_error *scan_load(const void *saved, struct scan **ret)
{
	const struct saved *head = saved;
	struct scan *scan = calloc(1, sizeof(*scan));

	if (!scan)
		return &hg_error_no_memory;
	scan->mask = head->mask;
	scan->num_ranges = head->num_ranges;
	scan->slots = (struct slot *)(head + 1);
	scan->ranges = (struct range *)(scan->slots + scan->mask + 1);
	memcpy(scan->filter, head->filter, sizeof(scan->filter));
	scan->pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	scan->mem = -1;
	*ret = scan;
	return NULL;
}

static size_t slot_of(const struct scan *scan, uint64_t value)
{
	size_t i = hash(value) >> 20 & scan->mask;

	while (scan->slots[i].value && scan->slots[i].value != value)
		i = (i + 1) & scan->mask;
	return i;
}

void scan_want(struct scan *scan, uint64_t value, uint32_t id)
{
	size_t i = slot_of(scan, value);

	*filter_of(scan, value) |= WANTS_VALUE;
	if (!scan->slots[i].value) {
		scan->slots[i].value = value;
		scan->slots[i].id = id;
	}
}

uint32_t scan_lookup(struct scan *scan, uint64_t value)
{
	uint64_t aligned = value & ~UINT64_C(7);
	size_t slot;

	if (!aligned || !(*filter_of(scan, value) & WANTS_VALUE))
		return SCAN_NO_VALUE;
	slot = slot_of(scan, aligned);
	return scan->slots[slot].value ? scan->slots[slot].id : SCAN_NO_VALUE;
}

struct hg_error *scan_want_range(struct scan *scan, uint64_t start, uint64_t end)
{
	struct range *grown = reallocarray(scan->ranges, scan->num_ranges + 1, sizeof(*grown));
	size_t i = scan->num_ranges;

	if (!grown)
		return &hg_error_no_memory;
	scan->ranges = grown;
	for (; i > 0 && grown[i - 1].start > start; i--)
		grown[i] = grown[i - 1];
	grown[i] = (struct range){ start, end };
	scan->num_ranges++;
	for (uint64_t page = start & -PAGE; page < end; page += PAGE)
		*filter_of(scan, page) |= WANTS_RANGE;
	return NULL;
}

static bool in_range(const struct scan *scan, uint64_t value)
{
	size_t low = 0, high = scan->num_ranges;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (scan->ranges[middle].end <= value)
			low = middle + 1;
		else
			high = middle;
	}
	return low < scan->num_ranges && scan->ranges[low].start <= value;
}

static bool is_blank(const uint64_t *page)
{
	size_t i = 0;

	while (i < WORDS && !page[i])
		i++;
	return i == WORDS;
}

static struct hg_error *look_at(struct scan *scan, uint64_t at, uint64_t value, scan_found *found,
				void *context)
{
	uint8_t wants = *filter_of(scan, value);
	uint32_t id = wants & WANTS_VALUE ? scan_lookup(scan, value) : SCAN_NO_VALUE;

	if (id == SCAN_NO_VALUE && !(wants & WANTS_RANGE && in_range(scan, value)))
		return NULL;
	return found(context, at, value, id);
}

/* Without a branch for each word. */
static bool wants_any(const struct scan *scan, const uint64_t words[static BLOCK])
{
	uint8_t wants = 0;

	for (unsigned i = 0; i < BLOCK; i++)
		wants |= scan->filter[filter_place(words[i])];
	return wants;
}

static struct hg_error *look_at_page(struct scan *scan, uint64_t at, const uint64_t *page,
				     scan_found *found, void *context)
{
	struct hg_error *error = NULL;

	for (size_t i = 0; i < WORDS && !error; i += BLOCK) {
		if (!wants_any(scan, &page[i]))
			continue;
		for (size_t k = i; k < i + BLOCK && !error; k++)
			error = look_at(scan, at + k * 8, page[k], found, context);
	}
	return error;
}

/* process_vm_readv() pins the pages that it reads, for which the kernel first gives a forked copy pages
 * of its own (FAULT_FLAG_UNSHARE, mm/gup.c): it would copy all that is searched. Reading by /proc/PID/mem
 * does not. */
static bool read_run(struct scan *scan, uint64_t start, size_t size)
{
	size_t done = 0;

	while (scan->mem >= 0 && done < size) {
		ssize_t got = pread(scan->mem, (char *)scan->words + done, size - done,
				    (off_t)(start + done));

		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done == size || !memory_read(scan->memory, start, scan->words, size);
}

static struct hg_error *look_at_pages(struct scan *scan, uint64_t start, size_t pages,
				      scan_found *found, void *context, uint64_t *searched)
{
	const uint64_t *words = scan->memory ? scan->words : (const uint64_t *)(uintptr_t)start;
	struct hg_error *error = NULL;

	for (size_t i = 0; i < pages && !error; i++) {
		const uint64_t *page = &words[i * WORDS];

		if (is_blank(page))
			continue;
		*searched += PAGE;
		error = look_at_page(scan, start + i * PAGE, page, found, context);
	}
	return error;
}

/* One run of resident pages; a page that cannot be read ends the reading of its run. */
static struct hg_error *look_at_run(struct scan *scan, uint64_t start, size_t pages,
				    scan_found *found, void *context, uint64_t *searched)
{
	struct hg_error *error = NULL;

	for (uint64_t at = start, end = start + pages * PAGE; at < end && !error; at += READ) {
		size_t size = end - at < READ ? end - at : READ;

		if (scan->memory && !read_run(scan, at, size))
			return NULL;
		error = look_at_pages(scan, at, size / PAGE, found, context, searched);
	}
	return error;
}

struct hg_error *scan_run(struct scan *scan, const struct scan_range *range, scan_found *found,
			  void *context, uint64_t *searched)
{
	struct hg_error *error = NULL;
	uint64_t entries[PAGES], end = range->end;

	for (uint64_t at = range->start; at < end && !error; at += PIECE) {
		size_t pages = (end - at < PIECE ? end - at : PIECE) / PAGE, run;

		if (!range->whole)
			pagemap_own(scan->pagemap, at, pages, entries);
		for (size_t i = 0; i < pages && !error; i += run ? run : 1) {
			for (run = 0; i + run < pages && (range->whole || entries[i + run]); run++)
				;
			if (run)
				error = look_at_run(scan, at + i * PAGE, run, found, context, searched);
		}
	}
	return error;
}

uint64_t scan_resident(struct scan *scan, uint64_t start, uint64_t end)
{
	uint64_t entries[PAGES], sum = 0;

	for (uint64_t at = start; at < end; at += PIECE) {
		size_t pages = (end - at < PIECE ? end - at : PIECE) / PAGE;

		pagemap_own(scan->pagemap, at, pages, entries);
		for (size_t i = 0; i < pages; i++)
			sum += entries[i] ? PAGE : 0;
	}
	return sum;
}
