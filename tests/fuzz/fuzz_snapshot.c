/* libFuzzer: any bytes to the reader, and an answer and a diff from what it takes. Checksums would keep the
 * fuzzer out, so they are made right first where the table allows. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include "../../graph/diff.h"
#include "../../graph/gather.h"
#include "../../graph/kinds.h"
#include "../../graph/retained.h"
#include "../../graph/suspects.h"
#include "../unit/heap.h"

static void sign(unsigned char *bytes, size_t size)
{
	struct hgs_header *header = (void *)bytes;
	struct hgs_section *table = (void *)(header + 1);
	size_t room = size < sizeof(*header) ? 0 : (size - sizeof(*header)) / sizeof(*table);

	if (size < sizeof(*header) || header->sections > room)
		return;
	header->magic = HGS_MAGIC;
	header->version = HGS_VERSION;
	header->file_size = size;
	for (uint32_t i = 0; i < header->sections; i++)
		if (table[i].offset <= size && table[i].size <= size - table[i].offset)
			table[i].checksum =
				XXH3_64bits(bytes + table[i].offset, table[i].size);
	header->checksum = 0;
	header->checksum =
		XXH3_64bits(bytes, sizeof(*header) + header->sections * sizeof(*table));
}

static void words(const struct answer *answer)
{
	static const char *const expressions[] = {"__main__.a['b'].c", "type:dict#2", "lib:foo"};

	for (size_t i = 0; i < sizeof(expressions) / sizeof(*expressions); i++) {
		uint32_t *objects = NULL, count;
		uint64_t total;

		hg_error_free(select_objects(answer, expressions[i], 3, &objects, &count, &total));
		free(objects);
	}
	for (uint32_t i = 0; i < answer->s->n && i < 64; i++)
		for (uint64_t e = answer->s->start[i]; e < answer->s->start[i + 1]; e++)
			free(edge_text(answer->s, i, answer->s->name[e]));
	for (uint32_t i = 0; i < answer->s->n && i < 64; i++)
		free(object_text(answer->s, i));
}

/* With itself, in which everything is the same, and after a sound heap, in which everything is new. */
static void compare(const struct answer *answer)
{
	static struct answer *sound;
	const struct answer *pairs[][2] = {{answer, answer}, {sound, answer}, {answer, sound}};
	const struct sequence sequence = {0};

	if (!sound) {
		struct heap *heap = heap_create();

		hg_error_free(answer_create(heap_snapshot(heap), &sound));
		heap_destroy(heap);
	}
	pairs[1][0] = pairs[2][1] = sound;
	for (size_t i = 0; sound && i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct diff *diff = NULL;

		hg_error_free(diff_create(pairs[i], 2, &sequence, &diff));
		diff_destroy(diff);
	}
}

/* What retained, why and report ask of the dominators, with every object in the question. */
static void sizes(const struct answer *answer)
{
	const struct snapshot *s = answer->s;
	_cleanup_free_ uint32_t *all = calloc(s->n + 1ul, sizeof(*all));
	_cleanup_dominators_ struct dominators *d = NULL;
	_cleanup_suspects_ struct suspects suspects = {0};
	_cleanup_free_ struct crowd *crowd = NULL;
	struct together together = {0};
	struct gathering point;
	uint32_t crowds;

	if (!all || retained_dominators(answer, &d))
		return;
	for (uint32_t i = 0; i < s->n; i++)
		all[i] = i;
	hg_error_free(suspects_create(answer, d, &suspects));
	hg_error_free(crowds_create(answer, all, s->n, &crowd, &crowds));
	hg_error_free(gather(answer, d, all, s->n, &point));
	hg_error_free(retained_together(answer, all, s->n / 2, &together));
	free(together.freed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);
	_cleanup_free_ unsigned char *copy = malloc(size + 1);
	struct answer *answer = NULL;
	struct snapshot *s = NULL;
	struct hg_error *error;

	if (fd < 0 || !copy)
		return 0;
	memcpy(copy, data, size);
	sign(copy, size);
	if (write(fd, copy, size) != (ssize_t)size)
		return 0;
	error = snapshot_open_fd(fd, "fuzz", &s);
	if (!error)
		error = answer_create(s, &answer);
	if (!error) {
		words(answer);
		compare(answer);
		sizes(answer);
	}
	hg_error_free(error);
	answer_destroy(answer);
	snapshot_close(s);
	return 0;
}
