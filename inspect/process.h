/* A process as /proc and its ELF files show it: found, checked and named before
 * anything touches it. Only reading: no ptrace here. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../graph/error.h"
#include "memory.h"

struct mapping {
	uint64_t start, end, offset;
	uint64_t inode;
	uint32_t major, minor;
	uint32_t prot;	  /* 1 read, 2 write, 4 execute */
	bool shared;
	/* owned by the process's path pool; "" for anonymous; " (deleted)" kept off */
	const char *path;
	bool deleted;
};

struct process;
struct threads;

/* What is known of a process beyond its memory comes from /proc or from a core. */
struct process_source {
	/* See process_open_mapping() and threads_read(). */
	int (*open_mapping)(const struct process *process, const struct mapping *mapping);
	struct hg_error *(*threads)(const struct process *process, struct threads *ret);
};

struct process {
	const struct process_source *source;
	const struct core *core; /* of whom it is, where it is one of a core; see core.h */
	pid_t pid;
	struct memory memory;
	/* Its auxiliary vector, another one after execve, addresses being random; NULL: not to be had. */
	char *image;
	size_t image_size;
	char *exe;     /* as the target's namespace names it */
	char *cmdline; /* arguments joined by blanks */
	struct mapping *maps;
	size_t num_maps;
	char *paths;   /* pool behind mapping.path */

	/* The interpreter, found by what it is: _PyRuntime in .dynsym (or .symtab) of a mapped file. */
	uint64_t runtime;	 /* address of _PyRuntime */
	uint64_t runtime_size;	 /* st_size of the symbol, 0 unknown */
	/* PY_VERSION_HEX from Py_Version, or from the file where that does not exist (3.8 to 3.10) */
	uint32_t python_version;
	bool is_static;		 /* interpreter in the executable */
	const struct mapping *python; /* first mapping of that file */
};

/* Opens PID: exists, is no zombie or kernel thread, is 64-bit x86, is CPython of a version we know,
 * may be traced by us and is traced by nobody else. Each failure is one line and one remedy, found
 * on this machine. O(maps). On success the caller owns *ret. */
_must_check_ struct hg_error *process_open(pid_t pid, struct process **ret);
/* What /proc says of a process that another traces: its memory is not read, so that no interpreter is found
 * in it yet. */
_must_check_ struct hg_error *process_describe(pid_t pid, struct process **ret);
/* The process that we are in: nobody's permission is needed, and a tracer is welcome. */
_must_check_ struct hg_error *process_open_self(struct process **ret);
void process_close(struct process *process);

/* NULL as long as the process is there and runs the program that process_open() looked at. After an
 * execve the addresses found in it mean nothing. */
_must_check_ struct hg_error *process_still(const struct process *process);
/* What was found to be wrong with a process that is gone or another program meanwhile is not the
 * news: takes the error and gives that of process_still() instead where it has one. */
_must_check_ struct hg_error *process_news(const struct process *process, struct hg_error *error);
_must_check_ struct hg_error *process_replaced(pid_t pid);

/* The mapping that holds the address, or NULL. O(log maps). */
const struct mapping *process_mapping(const struct process *process, uint64_t address);

/* An open descriptor on the file behind a mapping, replaced, deleted and container-internal files
 * included (map_files, then root). -1 with errno. */
int process_open_mapping(const struct process *process, const struct mapping *mapping);

/* Where a function of the target's libraries is at run time: the first .dynsym definition of `name`
 * in any mapped file whose path contains `in` (NULL: any). 0: not found. */
uint64_t process_symbol(const struct process *process, const char *in, const char *name);

/* Why PTRACE_SEIZE (or reading memory) of this process gave EPERM: uid, yama, capability or
 * dumpable; or who traces it already (PID and name). Also used when a race makes seizing fail. */
_must_check_ struct hg_error *process_denied(pid_t pid);
