#include "own_search.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arena.h"

bool own_search_ask(struct own_search *search, int file, const struct scan *scan,
		    const struct scan_range *ranges, size_t count)
{
	size_t size = count * sizeof(*ranges);
	off_t end;

	search->num_ranges = count;
	search->hits = search->searched = search->waiting = 0;
	search->failed = true; /* until it is done */
	if (file < 0 || ftruncate(file, 0) || lseek(file, 0, SEEK_SET) ||
	    write(file, ranges, size) != (ssize_t)size || !scan_save(scan, file))
		return false;
	end = lseek(file, 0, SEEK_CUR);
	search->asked = (uint64_t)end;
	return end > 0;
}

struct run {
	struct own_search *search;
	int file;
};

static struct hg_error *flush(const struct run *run)
{
	struct own_search *search = run->search;
	size_t size = search->waiting * sizeof(*search->batch);
	off_t at = (off_t)(search->asked + search->hits * sizeof(*search->batch));

	if (pwrite(run->file, search->batch, size, at) != (ssize_t)size)
		return &hg_error_no_memory;
	search->hits += search->waiting;
	search->waiting = 0;
	return NULL;
}

static struct hg_error *keep(void *context, uint64_t at, uint64_t value, uint32_t id)
{
	const struct run *run = context;
	struct own_search *search = run->search;

	search->batch[search->waiting++] = (struct scan_hit){ .at = at, .value = value, .id = id };
	return search->waiting < OWN_SEARCH_BATCH ? NULL : flush(run);
}

static bool look(struct run *run)
{
	struct own_search *search = run->search;
	const struct scan_range *ranges = mmap(NULL, search->asked, PROT_READ, MAP_SHARED, run->file, 0);
	struct hg_error *error;
	struct scan *scan;

	if (ranges == MAP_FAILED)
		return false;
	error = scan_load(ranges + search->num_ranges, &scan);
	for (uint64_t i = 0; i < search->num_ranges && !error; i++)
		error = scan_run(scan, &ranges[i], keep, run, &search->searched);
	return !error && !flush(run);
}

/* What it allocates is in an arena of its own: the copy's heap is locked for ever where another thread was
 * in malloc() at its birth, and the arena of the capture did not come with it (arena.c). */
void own_search_run(struct own_search *search, int file)
{
	struct run run = { search, file };
	struct arena arena = { 0 };

	arena_enter(&arena);
	search->failed = !look(&run);
	arena_leave(&arena);
}

struct hg_error *own_search_answer(const struct own_search *search, int file, struct scan_hits *ret)
{
	size_t size = search->hits * sizeof(*ret->hit);

	ret->done = false;
	if (search->failed)
		return NULL;
	ret->hit = malloc(size + 1);
	if (!ret->hit)
		return &hg_error_no_memory;
	for (size_t done = 0; done < size;) {
		ssize_t got = pread(file, (char *)ret->hit + done, size - done,
				    (off_t)(search->asked + done));

		if (got <= 0)
			return NULL;
		done += (size_t)got;
	}
	ret->count = search->hits;
	ret->searched = search->searched;
	ret->done = true;
	return NULL;
}
