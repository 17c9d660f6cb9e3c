/* Files of /proc/PID, read whole and taken apart. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads /proc/PID/NAME whole, NUL-terminated; the caller frees. NULL with errno. `size` may be NULL
 * and does not count the final NUL. */
char *proc_read(pid_t pid, const char *name, size_t *size);

/* Where the link /proc/PID/NAME points; the caller frees. NULL with errno. */
char *proc_link(pid_t pid, const char *name);

/* The name of a process (comm), "?" where it cannot be had. */
void proc_name(pid_t pid, char name[64]);

/* /proc/PID/status, as far as we ask. */
struct proc_status {
	char state;	/* R S D T t Z X I */
	bool has_memory; /* a VmSize line: kernel threads, zombies and processes about to end have none */
	bool kernel_thread;
	pid_t tgid, tracer, parent;
	uid_t uid[4];	/* real, effective, saved, file system */
	gid_t gid[4];
	uint64_t capabilities_permitted, capabilities_effective, capabilities_bounding;
	int seccomp;	/* 0 none, 1 strict, 2 filter */
	int namespaces; /* pid namespaces it is seen in, 1: ours alone; 0: not said */
	uint64_t switches; /* how often it was put on a processor: the same again where it has not run */
};

/* False where the text is no status file. O(size). */
bool proc_status_parse(const char *text, struct proc_status *ret);

/* Reads and parses; -1 with errno. */
int proc_status_read(pid_t pid, struct proc_status *ret);
int proc_status_read_thread(pid_t pid, const char *tid, struct proc_status *ret);

/* So that this copy, not the process that it is of, is what the kernel kills where memory is short. Where
 * that is refused, one is as likely to be chosen as the other. Not for a process that shares the other's
 * memory: the kernel would apply it to both. */
void proc_make_expendable(pid_t pid);
