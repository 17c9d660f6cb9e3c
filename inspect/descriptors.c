/* Descriptors by the links and fdinfo files of /proc (proc(5)). Files are compared by what their link
 * says, which has the inode of a socket or pipe: a stat() could hang on a dead file server. See
 * descriptors.h. */
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "../graph/list.h"
#include "proc.h"

/* PF_FORKNOEXEC (include/linux/sched.h), in the field `flags` of /proc/PID/stat. */
enum { FORKED_NO_EXEC = 0x40 };

static uint32_t open_flags(pid_t pid, uint32_t fd)
{
	_cleanup_free_ char *text = NULL;
	const char *flags;
	char name[32];

	snprintf(name, sizeof(name), "fdinfo/%u", fd);
	text = proc_read(pid, name, NULL);
	flags = text ? strstr(text, "flags:\t") : NULL;
	return flags ? (uint32_t)strtoul(flags + 7, NULL, 8) : 0;
}

static struct hg_error *add(struct descriptors *list, pid_t pid, uint32_t fd)
{
	_cleanup_free_ char *target = NULL;
	void *facts, *targets;
	char name[32];

	snprintf(name, sizeof(name), "fd/%u", fd);
	target = proc_link(pid, name);
	if (!target)
		return NULL; /* closed meanwhile */
	facts = list_room(list->fact, list->count, sizeof(*list->fact));
	if (facts)
		list->fact = facts;
	targets = list_room(list->target, list->count, sizeof(*list->target));
	if (targets)
		list->target = targets;
	if (!facts || !targets)
		return &hg_error_no_memory;
	list->fact[list->count] = (struct hgs_descriptor){
		.fd = fd, .flags = open_flags(pid, fd), .owner = HGS_NONE };
	list->target[list->count++] = take_ptr(target);
	return NULL;
}

/* The kernel lists them in ascending order (fs/proc/fd.c, proc_readfd_common). */
struct hg_error *descriptors_read(pid_t pid, struct descriptors *ret)
{
	_cleanup_closedir_ DIR *directory = NULL;
	struct hg_error *error = NULL;
	struct dirent *entry;
	char path[64];

	*ret = (struct descriptors){ 0 };
	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	while (directory && !error && (entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			error = add(ret, pid, (uint32_t)strtoul(entry->d_name, NULL, 10));
	if (error)
		descriptors_deinit(ret);
	return error;
}

void descriptors_deinit(struct descriptors *descriptors)
{
	for (size_t i = 0; i < descriptors->count; i++)
		free(descriptors->target[i]);
	free(descriptors->target);
	free(descriptors->fact);
	*descriptors = (struct descriptors){ 0 };
}

void descriptors_keep(struct descriptors *now, const struct descriptors *before)
{
	size_t kept = 0, k = 0;

	for (size_t i = 0; i < now->count; i++) {
		while (k < before->count && before->fact[k].fd < now->fact[i].fd)
			k++;
		if (k < before->count && before->fact[k].fd == now->fact[i].fd &&
		    !strcmp(before->target[k], now->target[i])) {
			now->fact[kept] = now->fact[i];
			now->target[kept++] = now->target[i];
		} else {
			free(now->target[i]);
		}
	}
	now->count = kept;
}

static bool is_open_in(const struct descriptors *list, const char *target)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->target[i], target))
			return true;
	return false;
}

static bool forked_without_exec(pid_t pid)
{
	_cleanup_free_ char *text = proc_read(pid, "stat", NULL);
	const char *at = text ? strrchr(text, ')') : NULL;
	unsigned flags = 0;

	return !at || sscanf(at, ") %*c %*d %*d %*d %*d %*d %u", &flags) != 1 ||
	       flags & FORKED_NO_EXEC;
}

/* A descriptor that has FD_CLOEXEC was opened by this very program: execve() would have closed it.
 * Another one may come from the parent; where init has taken the parent's place, which one was that
 * cannot be asked any more. */
struct hg_error *descriptors_ancestry(pid_t pid, struct descriptors *descriptors)
{
	struct descriptors parent = { 0 };
	bool forked = forked_without_exec(pid);
	struct proc_status status;
	struct hg_error *error = NULL;
	pid_t ppid = proc_status_read(pid, &status) < 0 ? 0 : status.parent;

	if (ppid > 1)
		error = descriptors_read(ppid, &parent);
	for (size_t i = 0; i < descriptors->count; i++) {
		bool own = descriptors->fact[i].flags & O_CLOEXEC;

		if (forked || is_open_in(&parent, descriptors->target[i]) ||
		    (!own && !parent.count))
			descriptors->fact[i].traits |= HGS_FD_INHERITED;
	}
	descriptors_deinit(&parent);
	return error;
}
