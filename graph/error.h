/* Errors are values: a cause and the one remedy, made where the cause is known.
 *
 * NULL is success. The text is printed by main() alone, as
 *   heapgraph: MESSAGE
 *   hint: HINT
 * and the code becomes the exit status, so no other place decides either. */
#pragma once

#include "cleanup.h"

/* Exit codes of docs/INTERFACE.md: a promise to scripts. */
enum hg_exit {
	HG_EXIT_OK = 0,
	HG_EXIT_FAILURE = 1,
	HG_EXIT_USAGE = 2,
	HG_EXIT_NO_PROCESS = 3, /* no such process, or not CPython */
	HG_EXIT_PERMISSION = 4,
	HG_EXIT_UNREADABLE = 5, /* an interpreter, file or core this version cannot read */
	HG_EXIT_INCOMPLETE = 6, /* done, but the snapshot is incomplete */
	HG_EXIT_FAIL_ON = 7,
	HG_EXIT_PIPE = 141, /* who read standard output went away: as a tool that SIGPIPE ends */
};

struct hg_error {
	enum hg_exit code;
	char *message; /* "what failed: why", no final newline */
	char *hint;    /* NULL where there is no remedy */
};

/* Returned when memory for the error itself cannot be had; static, never freed. */
extern struct hg_error hg_error_no_memory;

/* Makes an error; the caller owns it. Never NULL. */
_must_check_ struct hg_error *hg_error_new(enum hg_exit code, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));
/* As above with ": strerror(errnum)" behind the message. */
_must_check_ struct hg_error *hg_error_errno(enum hg_exit code, int errnum, const char *format,
					     ...) __attribute__((__format__(__printf__, 3, 4)));
/* Exit code 1, "cannot write WHAT: ..."; where the disk or the quota is full, with that remedy. */
_must_check_ struct hg_error *hg_error_write(int errnum, const char *what);
/* Sets the hint (replacing one that is there) and returns the same error. NULL stays NULL. */
_must_check_ struct hg_error *hg_error_hint(struct hg_error *error, const char *format, ...)
	__attribute__((__format__(__printf__, 2, 3)));
void hg_error_free(struct hg_error *error);
/* The first of two errors that there is; the other is freed. */
_must_check_ struct hg_error *hg_error_first(struct hg_error *first, struct hg_error *second);

static inline void hg_error_freep(struct hg_error **error) { hg_error_free(*error); }
#define _cleanup_error_ _cleanup_(hg_error_freep)
