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
	pid_t of; /* the process of a core, where `pid` holds its memory; else 0 */
};

/* The process as messages name it. */
static inline pid_t memory_owner(const struct memory *memory)
{
	return memory->of ? memory->of : memory->pid;
}

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
/* Reads `size` bytes from each of `count` addresses, at most MEMORY_GATHER, into pieces that follow each
 * other. How many pieces are whole: those before the first that cannot be read. One system call. */
enum { MEMORY_GATHER = 512 }; /* below IOV_MAX */
size_t memory_gather(const struct memory *memory, const uint64_t *addresses, size_t count, size_t size,
		     void *buffer);
/* Reads a NUL-terminated string of at most `size - 1` bytes; -1 where unreadable. */
int memory_read_string(const struct memory *memory, uint64_t address, char *buffer, size_t size);
