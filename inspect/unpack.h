/* Compressed files: systemd-coredump keeps cores as .zst, earlier versions as .lz4. */
#pragma once

#include <stdbool.h>

#include "interrupt.h"

/* Whether the file open at `fd` begins like a frame of zstd or lz4. */
bool unpack_is_packed(int fd);
/* Unpacks the core into a file without a name (sparse.h), which the caller closes. Exit code 5 where it is
 * damaged, cut short or no core, 1 where there is no room for it. O(bytes unpacked). */
_must_check_ struct hg_error *unpack(int fd, const char *name, const struct interrupt *interrupt,
				     int *ret);
