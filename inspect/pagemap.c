/* See pagemap.h. */
#include "pagemap.h"

#include <sys/types.h>
#include <unistd.h>

enum { PAGE = 4096 };

#define PRESENT (UINT64_C(1) << 63)
#define SWAPPED (UINT64_C(1) << 62)
#define OF_FILE (UINT64_C(1) << 61)
#define GUARD (UINT64_C(1) << 58) /* swapped as well; Linux 6.13 and 6.14 have them and do not say it */

void pagemap_own(int pagemap, uint64_t start, size_t pages, uint64_t *own)
{
	size_t size = pages * sizeof(*own);
	ssize_t got = pagemap < 0 ? -1 :
		pread(pagemap, own, size, (off_t)(start / PAGE * sizeof(*own)));

	for (size_t i = 0; i < pages; i++) {
		if (got < (ssize_t)size)
			own[i] = 1;
		else
			own[i] = (own[i] & (SWAPPED | GUARD)) == SWAPPED ||
				 (own[i] & (PRESENT | OF_FILE)) == PRESENT;
	}
}
