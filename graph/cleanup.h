/* Scope-bound release of resources, after drgn's cleanup.h.
 *
 * A variable marked _cleanup_free_ (or one of its kin) is released when it
 * leaves scope; return_ptr() hands ownership to the caller instead. This
 * replaces goto ladders: each resource names its release where it is born. */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((__cleanup__(fn)))
#define _must_check_ __attribute__((__warn_unused_result__))

static inline void hg_freep(void *p) { free(*(void **)p); }
static inline void hg_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
static inline void hg_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}
static inline void hg_closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define _cleanup_free_ _cleanup_(hg_freep)
#define _cleanup_close_ _cleanup_(hg_closep)
#define _cleanup_fclose_ _cleanup_(hg_fclosep)
#define _cleanup_closedir_ _cleanup_(hg_closedirp)

#define take_ptr(p)                     \
	({                              \
		__typeof__(p) _p = (p); \
		(p) = NULL;             \
		_p;                     \
	})
#define take_fd(fd)           \
	({                    \
		int _fd = (fd); \
		(fd) = -1;    \
		_fd;          \
	})
#define return_ptr(p) return take_ptr(p)
