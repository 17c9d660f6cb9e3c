/* /proc/PID/maps, format as in proc_pid_maps(5):
 *   start-end perms offset major:minor inode   path[ (deleted)]
 * The kernel writes a newline inside a path as \012, so a line is a mapping. */
#include "maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char deleted_suffix[] = " (deleted)";

/* A number and the character that must follow it. */
static bool take_number(char **p, int base, char end, uint64_t *ret)
{
	char *after;

	errno = 0;
	*ret = strtoull(*p, &after, base);
	if (after == *p || errno || *after != end)
		return false;
	*p = after + 1;
	return true;
}

static void take_path(char *p, struct mapping *m)
{
	size_t length, suffix = sizeof(deleted_suffix) - 1;

	p += strspn(p, " ");
	length = strlen(p);
	if (length >= suffix && strcmp(p + length - suffix, deleted_suffix) == 0) {
		p[length - suffix] = '\0';
		m->deleted = true;
	}
	m->path = p;
}

static bool parse_line(char *p, struct mapping *m)
{
	uint64_t major, minor;
	char *after;

	*m = (struct mapping){ 0 };
	if (!take_number(&p, 16, '-', &m->start) || !take_number(&p, 16, ' ', &m->end) ||
	    strlen(p) < 5 || p[4] != ' ' || m->end <= m->start)
		return false;
	m->prot = (p[0] == 'r' ? 1 : 0) | (p[1] == 'w' ? 2 : 0) | (p[2] == 'x' ? 4 : 0);
	m->shared = p[3] == 's';
	p += 5;
	if (!take_number(&p, 16, ' ', &m->offset) || !take_number(&p, 16, ':', &major) ||
	    !take_number(&p, 16, ' ', &minor))
		return false;
	m->major = (uint32_t)major;
	m->minor = (uint32_t)minor;
	errno = 0;
	m->inode = strtoull(p, &after, 10);
	if (after == p || errno || (*after && *after != ' '))
		return false;
	take_path(after, m);
	return true;
}

int maps_parse(char *text, struct mapping **ret, size_t *count)
{
	_cleanup_free_ struct mapping *maps = NULL;
	size_t used = 0, lines = 0;
	char *save = NULL;

	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	maps = calloc(lines + 1, sizeof(*maps));
	if (!maps)
		return -1;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!parse_line(line, &maps[used])) {
			errno = EINVAL;
			return -1;
		}
		used++;
	}
	*count = used;
	*ret = take_ptr(maps);
	return 0;
}

const struct mapping *maps_find(const struct mapping *maps, size_t count, uint64_t address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address < maps[middle].start)
			high = middle;
		else if (address >= maps[middle].end)
			low = middle + 1;
		else
			return &maps[middle];
	}
	return NULL;
}
