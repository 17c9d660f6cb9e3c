/* Instructions that the target has already, found by their bytes. See remote.h. */
#include <string.h>

#include "fault.h"
#include "remote.h"

static size_t search(const uint8_t *text, size_t size, const uint8_t *bytes, size_t length)
{
	const uint8_t *found = memmem(text, size, bytes, length);

	return found ? (size_t)(found - text) : SIZE_MAX;
}

static void search_mapping(const struct process *process, const struct mapping *mapping,
			   struct gadgets *ret)
{
	static const uint8_t call[] = { 0x0f, 0x05, 0xc3 };
	static const uint8_t restore[] = { 0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05 };
	size_t size = mapping->end - mapping->start, at;
	_cleanup_free_ uint8_t *text = malloc(size);

	if (!text || memory_read(&process->memory, mapping->start, text, size) < 0)
		return;
	at = search(text, size, call, sizeof(call));
	if (at != SIZE_MAX && !ret->call)
		ret->call = mapping->start + at;
	at = search(text, size, restore, sizeof(restore));
	if (at != SIZE_MAX && !ret->restore_rt)
		ret->restore_rt = mapping->start + at;
}

/* The C library first, which has both; then every other program text (static executables). */
struct hg_error *gadgets_find(const struct process *process, struct gadgets *ret)
{
	*ret = (struct gadgets){ 0 };
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < process->num_maps && (!ret->call || !ret->restore_rt); i++) {
			const struct mapping *mapping = &process->maps[i];
			bool libc = strstr(mapping->path, "/libc") || strstr(mapping->path, "/ld-musl");

			if ((mapping->prot & 5) == 5 && *mapping->path && libc == (pass == 0))
				search_mapping(process, mapping, ret);
		}
	if (ret->call && ret->restore_rt)
		return fault_at(FAULT_GADGETS);
	return hg_error_new(HG_EXIT_UNREADABLE,
			    "cannot work in process %d: no system call instruction found in its C "
			    "library", process->pid);
}
