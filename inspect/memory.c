/* Reading another process's memory with process_vm_readv(2). See memory.h. */
#include "memory.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

enum { PAGE = 4096 };

int memory_read(const struct memory *memory, uint64_t address, void *buffer, size_t size)
{
	size_t done = 0;

	while (done < size) {
		struct iovec local = { (char *)buffer + done, size - done };
		struct iovec remote = { (void *)(uintptr_t)(address + done), size - done };
		ssize_t n = process_vm_readv(memory->pid, &local, 1, &remote, 1, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = EFAULT;
			return -1;
		}
		done += (size_t)n;
	}
	return 0;
}

size_t memory_gather(const struct memory *memory, const uint64_t *addresses, size_t count, size_t size,
		     void *buffer)
{
	struct iovec local = { buffer, count * size }, remote[MEMORY_GATHER];
	ssize_t n;

	for (size_t i = 0; i < count; i++)
		remote[i] = (struct iovec){ (void *)(uintptr_t)addresses[i], size };
	do {
		n = process_vm_readv(memory->pid, &local, 1, remote, count, 0);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? 0 : (size_t)n / size;
}

/* Reads page by page: a string may end right before an unmapped page. */
int memory_read_string(const struct memory *memory, uint64_t address, char *buffer, size_t size)
{
	size_t done = 0;

	while (done + 1 < size) {
		size_t piece = PAGE - (address + done) % PAGE;

		if (piece > size - 1 - done)
			piece = size - 1 - done;
		if (piece > 256)
			piece = 256;
		if (memory_read(memory, address + done, buffer + done, piece) < 0)
			return -1;
		if (memchr(buffer + done, '\0', piece))
			return 0;
		done += piece;
	}
	if (size)
		buffer[done] = '\0';
	return 0;
}
