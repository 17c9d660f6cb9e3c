/* Reading /proc. See proc.h. */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../graph/cleanup.h"

/* /proc files have no size: read until nothing comes. maps is one consistent text only as far as
 * one read() goes, so the buffer starts large. */
static char *read_all(int fd, size_t *size)
{
	size_t capacity = 1 << 16, used = 0;
	_cleanup_free_ char *buffer = malloc(capacity);

	while (buffer) {
		ssize_t n = read(fd, buffer + used, capacity - used - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return NULL;
		if (n == 0) {
			buffer[used] = '\0';
			if (size)
				*size = used;
			return_ptr(buffer);
		}
		used += (size_t)n;
		if (capacity - used < capacity / 2) {
			char *larger = realloc(buffer, capacity * 2);

			if (!larger)
				return NULL;
			buffer = larger;
			capacity *= 2;
		}
	}
	return NULL;
}

char *proc_read(pid_t pid, const char *name, size_t *size)
{
	char path[64];
	_cleanup_close_ int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? NULL : read_all(fd, size);
}

char *proc_link(pid_t pid, const char *name)
{
	char path[64], target[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	n = readlink(path, target, sizeof(target) - 1);
	if (n < 0)
		return NULL;
	target[n] = '\0';
	return strdup(target);
}

void proc_name(pid_t pid, char name[64])
{
	_cleanup_free_ char *text = proc_read(pid, "comm", NULL);

	snprintf(name, 64, "%s", text ? text : "?");
	name[strcspn(name, "\n")] = '\0';
}

/* The value behind "NAME:" at the start of a line, blanks skipped; NULL where it is missing. */
static const char *value_of(const char *text, const char *name)
{
	size_t length = strlen(name);

	while (text && *text) {
		if (strncmp(text, name, length) == 0 && text[length] == ':')
			return text + length + 1 + strspn(text + length + 1, " \t");
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	return NULL;
}

static long number_of(const char *text, const char *name, long missing)
{
	const char *value = value_of(text, name);

	return value ? strtol(value, NULL, 10) : missing;
}

static uint64_t mask_of(const char *text, const char *name)
{
	const char *value = value_of(text, name);

	return value ? strtoull(value, NULL, 16) : 0;
}

static bool ids_of(const char *text, const char *name, unsigned ids[4])
{
	const char *value = value_of(text, name);

	return value && sscanf(value, "%u %u %u %u", &ids[0], &ids[1], &ids[2], &ids[3]) == 4;
}

static int words_of(const char *text, const char *name)
{
	const char *p = value_of(text, name);
	int words = 0;

	while (p && *p && *p != '\n') {
		words++;
		p += strcspn(p, " \t\n");
		p += strspn(p, " \t");
	}
	return words;
}

bool proc_status_parse(const char *text, struct proc_status *ret)
{
	const char *state = value_of(text, "State");

	*ret = (struct proc_status){ 0 };
	if (!state || !*state || *state == '\n' || !ids_of(text, "Uid", ret->uid) ||
	    !ids_of(text, "Gid", ret->gid))
		return false;
	ret->state = *state;
	ret->has_memory = value_of(text, "VmSize") != NULL;
	ret->tgid = (pid_t)number_of(text, "Tgid", 0);
	ret->parent = (pid_t)number_of(text, "PPid", 0);
	/* Linux says so itself since 6.11; before, they are kthreadd (PID 2) and its children. */
	ret->kernel_thread = number_of(text, "Kthread", !ret->has_memory &&
				       (ret->parent == 2 || ret->tgid == 2)) == 1;
	ret->tracer = (pid_t)number_of(text, "TracerPid", 0);
	ret->seccomp = (int)number_of(text, "Seccomp", 0);
	ret->capabilities_permitted = mask_of(text, "CapPrm");
	ret->capabilities_effective = mask_of(text, "CapEff");
	ret->capabilities_bounding = mask_of(text, "CapBnd");
	ret->namespaces = words_of(text, "NSpid");
	ret->switches = (uint64_t)number_of(text, "voluntary_ctxt_switches", 0) +
			(uint64_t)number_of(text, "nonvoluntary_ctxt_switches", 0);
	return true;
}

static int read_status(pid_t pid, const char *name, struct proc_status *ret)
{
	_cleanup_free_ char *text = proc_read(pid, name, NULL);

	if (!text)
		return -1;
	if (!proc_status_parse(text, ret)) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

int proc_status_read(pid_t pid, struct proc_status *ret)
{
	return read_status(pid, "status", ret);
}

int proc_status_read_thread(pid_t pid, const char *tid, struct proc_status *ret)
{
	char name[64];

	snprintf(name, sizeof(name), "task/%s/status", tid);
	return read_status(pid, name, ret);
}

void proc_make_expendable(pid_t pid)
{
	_cleanup_close_ int fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "1000", 4) < 0)
		return;
}
