/* A core file as a source: its process made again, to be walked like a copy of a live one.
 *
 * No code of that process runs but the types' tp_traverse, and that in a process without rights
 * (core_sandbox.h). */
#pragma once

#include "capture.h"
#include "core_image.h"

struct core;

/* Opens the core in file `fd` (stays the caller's and must stay open; so must `name`), finds the files
 * that stand in for its mappings, makes its process again and finds the interpreter in it. Exit code 5
 * where it cannot be read, 3 where its program was not CPython. */
_must_check_ struct hg_error *core_open(int fd, const char *name, const struct core_places *places,
					const struct interrupt *interrupt, struct core **ret);
/* Ends its process. NULL is allowed. */
void core_close(struct core *core);

/* Walks it and writes the snapshot to `out`, as capture() does. Once. */
_must_check_ struct hg_error *core_capture(struct core *core, bool redact, int out,
					   const char *out_name, const struct interrupt *interrupt,
					   struct progress *progress);
