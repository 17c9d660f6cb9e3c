/* What is mapped, and what was not mapped before. See ranges.h. */
#include "ranges.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

struct hg_error *ranges_read(pid_t pid, struct ranges *ret)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[64], line[4352];
	size_t capacity = 0;

	*ret = (struct ranges){ 0 };
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = fopen(path, "re");
	if (!file)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read %s", path);
	while (fgets(line, sizeof(line), file)) {
		struct range range;

		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &range.start, &range.end) != 2)
			continue;
		if (ret->count == capacity) {
			struct range *list;

			capacity = capacity ? 2 * capacity : 256;
			list = reallocarray(ret->list, capacity, sizeof(*list));
			if (!list) {
				free(take_ptr(ret->list));
				return &hg_error_no_memory;
			}
			ret->list = list;
		}
		ret->list[ret->count++] = range;
	}
	return NULL;
}

bool ranges_next_new(const struct ranges *before, struct ranges *after, size_t *cursor,
		     struct range *ret)
{
	size_t old = 0;

	for (; *cursor < after->count; ++*cursor) {
		struct range *range = &after->list[*cursor];

		while (old < before->count && before->list[old].end <= range->start)
			old++;
		/* Cut off what was there before. */
		while (old < before->count && before->list[old].start <= range->start &&
		       range->start < range->end)
			range->start = before->list[old++].end;
		if (range->start >= range->end)
			continue;
		*ret = *range;
		if (old < before->count && before->list[old].start < range->end)
			ret->end = before->list[old].start;
		range->start = ret->end;
		return true;
	}
	return false;
}
