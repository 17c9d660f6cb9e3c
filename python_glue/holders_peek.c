/* Looking at objects that may come in millions, data objects of cffi and numbers, many at a time: a
 * system call for each would take longer than the walk. Of both, two words behind the object's head
 * say all: c_type and c_data; the size of an int and its first two digits, 60 bits. */
#include "holders_parts.h"

#include <string.h>

enum { HEAD = 16 };

static struct hg_error *look_at(struct finder *f, uint32_t object, const uint64_t words[2])
{
	return role_of(f, object) == ROLE_INT ? holder_integer(f, object, words)
					      : holder_cffi_data(f, object, words);
}

struct hg_error *peek_flush(struct finder *f)
{
	uint64_t addresses[PEEK_MAX], words[PEEK_MAX][2];
	uint32_t count = f->peek.count, done = 0;
	struct hg_error *error = NULL;

	f->peek.count = 0;
	for (uint32_t i = 0; i < count; i++)
		addresses[i] = f->heap->addr[f->peek.object[i]] + HEAD;
	while (!error && done < count) {
		uint32_t end = done + (uint32_t)memory_gather(f->source->memory, addresses + done,
							     count - done, sizeof(words[0]),
							     words[done]);

		for (; !error && done < end; done++)
			error = look_at(f, f->peek.object[done], words[done]);
		done++; /* what cannot be read is left out */
	}
	return error;
}

struct hg_error *peek_at(struct finder *f, uint32_t object)
{
	f->peek.object[f->peek.count++] = object;
	return f->peek.count < PEEK_MAX ? NULL : peek_flush(f);
}
