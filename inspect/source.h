/* SOURCE: a PID, a snapshot or a core file, told by what it is. */
#pragma once

#include "../graph/snapshot.h"
#include "core.h"

/* Whether the word is a PID (digits alone). */
bool source_is_pid(const char *source, pid_t *pid);

/* The process behind a PID, ready to be captured; wrong words have exit code 2 or 3. */
_must_check_ struct hg_error *source_process(const char *source, struct process **ret);

/* *fd becomes an open descriptor on an ELF core (core.h), unpacked where it is compressed; -1 where the file
 * is none. */
_must_check_ struct hg_error *source_open_core(const char *path, const struct interrupt *interrupt,
					       int *fd);

/* Opens a file: a snapshot. What it is instead is said (exit 5). */
_must_check_ struct hg_error *source_file(const char *path, struct snapshot **ret);

/* The same of a file that may be a core as well, which is walked at once. */
_must_check_ struct hg_error *source_snapshot(const char *path, const struct core_places *places,
					      bool redact, const struct interrupt *interrupt,
					      struct progress *progress, struct snapshot **ret);
