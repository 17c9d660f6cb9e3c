/* Reading the memory of a process, live or frozen, behind one interface.
 *
 * process_vm_readv first: no stop, no file. An address that cannot be read is
 * an error value, never a fault here. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "../graph/error.h"

struct memory {
	pid_t pid;
};

/* Reads exactly `size` bytes; -1 where any of them is unreadable (errno says why). */
int memory_read(const struct memory *memory, uint64_t address, void *buffer, size_t size);

static inline int memory_read_u64(const struct memory *memory, uint64_t address, uint64_t *ret)
{
	return memory_read(memory, address, ret, sizeof(*ret));
}
static inline int memory_read_u32(const struct memory *memory, uint64_t address, uint32_t *ret)
{
	return memory_read(memory, address, ret, sizeof(*ret));
}
/* Reads a NUL-terminated string of at most `size - 1` bytes; -1 where unreadable. */
int memory_read_string(const struct memory *memory, uint64_t address, char *buffer, size_t size);
