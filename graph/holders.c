/* Holders: what each object that holds something native is today, and what keeps it. */
#include <string.h>

#include "answer_parts.h"
#include "words.h"

static int by_object(const void *a, const void *b, void *context)
{
	const struct hgs_holder *facts = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (facts[x].object != facts[y].object)
		return facts[x].object < facts[y].object ? -1 : 1;
	return (x > y) - (x < y);
}

static struct hg_error *sort_owners(struct making *making)
{
	const struct snapshot *s = making->answer->s;
	struct owners *owners = &making->owners;

	owners->sorted = malloc((s->num_holders + 1) * sizeof(*owners->sorted));
	if (!owners->sorted)
		return &hg_error_no_memory;
	owners->count = s->num_holders;
	for (uint32_t i = 0; i < s->num_holders; i++)
		owners->sorted[i] = i;
	qsort_r(owners->sorted, owners->count, sizeof(*owners->sorted), by_object,
		(void *)s->holders);
	return NULL;
}

const struct holder *holder_at(const struct making *making, uint32_t object, uint32_t kind)
{
	const struct owners *owners = &making->owners;
	const struct holder *holders = making->answer->holders;
	uint32_t low = 0, high = owners->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (holders[owners->sorted[middle]].fact->object < object)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < owners->count && holders[owners->sorted[low]].fact->object == object; low++)
		if (holders[owners->sorted[low]].fact->kind == kind)
			return &holders[owners->sorted[low]];
	return NULL;
}

/* Length of the part of a file name that a version or a platform tag does not change: "libfoo" of
 * libfoo.so.1.2 and of libfoo.cpython-311-x86_64-linux-gnu.so. */
static size_t stem(const char *name)
{
	return strcspn(name, ".");
}

/* The object names one library, and its handle is another's now: malloc gave the link map's address
 * away again. A version behind the stem is no difference: a handle by any name stays the same. */
static bool names_another(const struct snapshot *s, const struct hgs_holder *fact)
{
	const struct hgs_library *library = &s->libraries[fact->library];
	const char *named = base_name(snapshot_string(s, fact->names));
	const char *now = base_name(snapshot_string(s, library->path));

	if (!*named || !*now || (library->flags & HGS_LIB_MAIN))
		return false;
	return stem(named) != stem(now) || strncmp(named, now, stem(named)) != 0;
}

/* Whether code can run at the address; so it is taken to be where the mappings are not known.
 * O(log segments). */
static bool is_executable(const struct snapshot *s, uint64_t code)
{
	uint32_t low = 0, high = s->num_segments;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (s->segments[middle].end <= code)
			low = middle + 1;
		else
			high = middle;
	}
	if (!s->num_segments)
		return true;
	return low < s->num_segments && s->segments[low].start <= code &&
	       s->segments[low].prot & 4;
}

static bool is_loaded(const struct snapshot *s, const char *named)
{
	for (uint32_t i = 0; i < s->num_libraries; i++) {
		const char *loaded = base_name(snapshot_string(s, s->libraries[i].path));

		if (stem(named) == stem(loaded) && !strncmp(named, loaded, stem(named)))
			return true;
	}
	return false;
}

/* A function of a library that is gone, whose address another library has now. dlsym() also looks
 * into what a library depends on, so a function that lies in a library which others need, or which
 * came with the process, may always have been there. */
static bool lies_in_another(const struct snapshot *s, const struct hgs_holder *fact)
{
	const uint32_t foreign = HGS_LIB_STARTUP | HGS_LIB_MAIN | HGS_LIB_PYTHON | HGS_LIB_NEEDED |
				 HGS_LIB_VDSO | HGS_LIB_LOADER;
	const struct hgs_library *library = &s->libraries[fact->library];
	const char *named = base_name(snapshot_string(s, fact->names));

	return *named && !(library->flags & foreign) && library->opens &&
	       library->opens != HGS_NONE && !is_loaded(s, named);
}

/* The address of code in a library. That of a callback is a closure's, which libffi made. */
static bool has_code(const struct hgs_holder *fact)
{
	return fact->code && (fact->kind == HGS_HOLDER_FUNCTION || fact->kind == HGS_HOLDER_TYPE ||
			      fact->kind == HGS_HOLDER_CAPSULE);
}

static enum holder_state state_of(const struct answer *answer, const struct hgs_holder *fact)
{
	if (has_code(fact)) {
		if (!is_executable(answer->s, fact->code))
			return HOLDER_DANGLING;
		if (fact->kind == HGS_HOLDER_FUNCTION && fact->library != HGS_NONE &&
		    lies_in_another(answer->s, fact))
			return HOLDER_ALIASED;
	}
	if (fact->kind == HGS_HOLDER_HANDLE && fact->handle) {
		if (fact->library == HGS_NONE)
			return HOLDER_DANGLING;
		if (names_another(answer->s, fact))
			return HOLDER_ALIASED;
	}
	return unreached(answer, fact->object) ? HOLDER_GARBAGE : HOLDER_LIVE;
}

static enum held_by held_by_of(const struct answer *answer, uint32_t object)
{
	switch (answer->reach->state[object]) {
	case REACH_ROOT:
		return HELD_BY_ROOT;
	case REACH_NATIVE:
		return HELD_BY_NATIVE;
	default:
		return HELD_BY_CYCLE;
	}
}

struct hg_error *object_path(const struct answer *answer, uint32_t object, char **ret)
{
	struct hg_error *error;
	struct chain chain;

	if (unreached(answer, object))
		return NULL;
	error = chain_of(answer->s, answer->reach, object, &chain);
	if (error)
		return error;
	*ret = path_text(answer->s, &chain);
	chain_deinit(&chain);
	return *ret ? NULL : &hg_error_no_memory;
}

struct hg_error *holders_make(struct making *making)
{
	struct answer *answer = making->answer;
	const struct snapshot *s = answer->s;
	struct hg_error *error;

	answer->holders = calloc((size_t)s->num_holders + 1, sizeof(*answer->holders));
	if (!answer->holders)
		return &hg_error_no_memory;
	answer->num_holders = s->num_holders;
	for (uint32_t i = 0; i < s->num_holders; i++) {
		struct holder *holder = &answer->holders[i];

		holder->fact = &s->holders[i];
		holder->state = state_of(answer, holder->fact);
		holder->held_by = held_by_of(answer, holder->fact->object);
		holder->library = holder->fact->library;
		if (holder->state == HOLDER_DANGLING || holder->state == HOLDER_ALIASED)
			holder->library = HGS_NONE;
		holder->cycle = HGS_NONE;
		holder->chain.root = holder->tail.root = HGS_NONE;
		if (unreached(answer, holder->fact->object))
			continue;
		error = chain_of(s, answer->reach, holder->fact->object, &holder->chain);
		if (error)
			return error;
		holder->path = path_text(s, &holder->chain);
		if (!holder->path)
			return &hg_error_no_memory;
	}
	return sort_owners(making);
}
