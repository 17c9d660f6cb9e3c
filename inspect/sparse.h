/* A file without a name for what is large and used once: nothing of it stays, however we end. Zeros become
 * holes, and the file system is not filled up. */
#pragma once

#include <stdint.h>

#include "../graph/error.h"

struct sparse {
	int fd;
	const char *folder; /* where it lies: $TMPDIR or /var/tmp */
	uint64_t size;	    /* bytes written, holes included */
	uint64_t stored;    /* of them not in holes */
};

/* Makes one, mode 0600. */
_must_check_ struct hg_error *sparse_open(struct sparse *ret);
/* Appends. Exit code 1 where the file system would be left without room. O(size). */
_must_check_ struct hg_error *sparse_write(struct sparse *file, const char *data, size_t size);
/* Ends writing: the file is as long as what was written. The caller closes *fd, which is no longer the
 * file's. */
_must_check_ struct hg_error *sparse_finish(struct sparse *file, int *fd);
void sparse_deinit(struct sparse *file);
