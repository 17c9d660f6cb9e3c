/* Which pages of a process hold data of its own, by /proc/PID/pagemap (the kernel's
 * admin-guide/mm/pagemap.rst): those of no file, and those of a private mapping that it has written. Guard
 * pages (MADV_GUARD_INSTALL, in each thread's stack from glibc 2.42 on), which nobody can read, are none. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* own[i] is not 0 where the i-th page from `start` on is such a one, resident or swapped. Where `pagemap` (a
 * descriptor, or -1) does not say, all are. One system call. */
void pagemap_own(int pagemap, uint64_t start, size_t pages, uint64_t *own);
