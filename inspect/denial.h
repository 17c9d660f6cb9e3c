/* Why we may not look into a process: the facts, and the cause that they amount to. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "../graph/error.h"
#include "lsm.h"
#include "proc.h"

struct denial_facts {
	pid_t pid;
	struct proc_status target, self;
	bool in_container;
	bool dumpable;	    /* the files of /proc/PID belong to the target's own user */
	bool outer_user_namespace; /* known to be in a user namespace that ours does not contain */
	bool ptrace_filtered;	   /* a seccomp filter keeps us from ptrace(2) altogether */
	int yama_scope;	    /* 0 to 3; 0 also where yama is absent */
	char modules[LSM_NAMES]; /* security modules that may have refused */
	char tracer[64];    /* name of target.tracer */
	char gdb_command[4096]; /* the file that gives gdb the command `heapgraph`; "": not found */
	char user[64];	    /* name of the target's user */
};

/* The first cause that __ptrace_may_access() (kernel/ptrace.c) and the security modules behind it
 * would refuse for. Never NULL. */
_must_check_ struct hg_error *denial_explain(const struct denial_facts *facts);
