/* Compressed files: systemd-coredump keeps cores as .zst, earlier versions as .lz4. */
#pragma once

#include <stdbool.h>

#include "interrupt.h"

/* Whether the file open at `fd` begins like a frame of zstd or lz4. */
bool unpack_is_packed(int fd);
/* Unpacks the file into one without a name, in $TMPDIR or /var/tmp; zeros become holes. The caller closes
 * *ret. Damaged or cut short: exit code 5. O(bytes unpacked). */
_must_check_ struct hg_error *unpack(int fd, const char *name, const struct interrupt *interrupt,
				     int *ret);
