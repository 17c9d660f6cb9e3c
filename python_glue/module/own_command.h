/* A command that the program does not notice: no SIGCHLD, nothing for a waitpid(-1) of its own.
 *
 * A child without an exit signal would have one again after its execve() (de_thread() in the kernel's
 * fs/exec.c). So there is a middleman: it has no exit signal and shares our memory, starts the command
 * as its own child, waits for it, and ends. Whoever of the three dies takes those below with it. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "../../graph/error.h"

struct own_command {
	pid_t middleman;      /* 0: none */
	int output, errors;   /* memory files; -1: none */
	struct launch *launch; /* shared with the middleman */
};

/* Starts the program with what descriptors 1 and 2 get in memory files, and /dev/null as 0. `arguments`
 * ends with NULL and must live until the end. */
_must_check_ struct hg_error *own_command_start(const char *program, char *const *arguments,
						struct own_command *ret);
/* Until it has ended, or a signal came (false): call it again then, or own_command_end(). */
bool own_command_wait(struct own_command *command);
/* The status as waitpid() has it, when it has ended; an error where it was never started. */
_must_check_ struct hg_error *own_command_status(const struct own_command *command, int *ret);
/* Kills what still runs, frees all. Idempotent. */
void own_command_end(struct own_command *command);
