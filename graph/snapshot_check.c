/* The proof that a snapshot is sound: what the analyses rely on without looking.
 *
 * A file may be damaged, or made to do harm. Each loop here folds its findings into one flag
 * instead of leaving early, so that the compiler can vectorise the passes over the big columns. */
#include "snapshot_check.h"

#define KIND(id, type, required, records, field) \
	{ id, sizeof(type), required, records, offsetof(struct snapshot, field), #field }

const struct section_kind section_kinds[] = {
	KIND(HGS_META, struct hgs_meta, true, true, meta),
	KIND(HGS_STRINGS, char, true, false, strings),
	KIND(HGS_OBJ_ADDR, uint64_t, true, false, addr),
	KIND(HGS_OBJ_TYPE, uint32_t, true, false, type),
	KIND(HGS_OBJ_REFS, uint32_t, true, false, refs),
	KIND(HGS_OBJ_SIZE, uint64_t, true, false, size),
	KIND(HGS_OBJ_FLAGS, uint32_t, true, false, flags),
	KIND(HGS_OBJ_TEXT, uint32_t, true, false, text),
	KIND(HGS_REF_START, uint64_t, true, false, start),
	KIND(HGS_REF_TARGET, uint32_t, true, false, target),
	KIND(HGS_REF_NAME, uint32_t, true, false, name),
	KIND(HGS_ROOTS, struct hgs_root, false, true, roots),
	KIND(HGS_THREADS, struct hgs_thread, false, true, threads),
	KIND(HGS_FRAMES, struct hgs_frame, false, true, frames),
	KIND(HGS_LIBRARIES, struct hgs_library, false, true, libraries),
	KIND(HGS_SEGMENTS, struct hgs_segment, false, true, segments),
	KIND(HGS_HOLDERS, struct hgs_holder, false, true, holders),
	KIND(HGS_INCOMPLETE, uint32_t, false, false, incomplete),
	KIND(HGS_DESCRIPTORS, struct hgs_descriptor, false, true, descriptors),
	KIND(HGS_CAPSULES, struct hgs_capsule, false, true, capsules),
	KIND(HGS_THREAD_LOCALS, struct hgs_thread_local, false, true, thread_locals),
	KIND(HGS_PROCESS, struct hgs_process, false, true, process),
	KIND(HGS_SEARCH, struct hgs_search, false, true, search),
	KIND(HGS_SURPLUS, struct hgs_surplus, false, true, surplus),
	KIND(HGS_WORDS, struct hgs_word, false, true, words),
	KIND(HGS_INFERRED, struct hgs_inferred, false, true, inferred),
	KIND(HGS_POINTERS, struct hgs_pointer, false, true, pointers),
	KIND(HGS_BLOCKS, struct hgs_block, false, true, blocks),
	KIND(HGS_BUFFERS, struct hgs_buffer, false, true, buffers),
};
const size_t num_section_kinds = sizeof(section_kinds) / sizeof(section_kinds[0]);

const struct section_kind *section_kind_find(uint32_t id)
{
	for (size_t i = 0; i < num_section_kinds; i++)
		if (section_kinds[i].id == id)
			return &section_kinds[i];
	return NULL;
}

/* The count that a section determines or shares; NULL for those with a count of another width. */
static uint32_t *count_of(struct snapshot *s, uint32_t id)
{
	switch (id) {
	case HGS_ROOTS:
		return &s->num_roots;
	case HGS_THREADS:
		return &s->num_threads;
	case HGS_FRAMES:
		return &s->num_frames;
	case HGS_LIBRARIES:
		return &s->num_libraries;
	case HGS_SEGMENTS:
		return &s->num_segments;
	case HGS_HOLDERS:
		return &s->num_holders;
	case HGS_INCOMPLETE:
		return &s->num_incomplete;
	case HGS_DESCRIPTORS:
		return &s->num_descriptors;
	case HGS_CAPSULES:
		return &s->num_capsules;
	case HGS_THREAD_LOCALS:
		return &s->num_thread_locals;
	case HGS_PROCESS:
		return &s->num_processes;
	case HGS_SURPLUS:
		return &s->num_surplus;
	case HGS_WORDS:
		return &s->num_words;
	case HGS_BUFFERS:
		return &s->num_buffers;
	case HGS_INFERRED:
		return &s->num_inferred;
	case HGS_POINTERS:
		return &s->num_pointers;
	case HGS_BLOCKS:
		return &s->num_blocks;
	default:
		return NULL;
	}
}

/* There are hundreds of roots, nearly all of them static types, and "is it sys.modules?" is asked of
 * every dict. */
static void find_tables(struct snapshot *s)
{
	s->first_table = s->end_tables = 0;
	for (uint32_t i = 0; i < s->num_roots; i++) {
		if (s->roots[i].kind != HGS_ROOT_MODULES)
			continue;
		if (!s->end_tables)
			s->first_table = i;
		s->end_tables = i + 1;
	}
}

bool section_attach(struct snapshot *s, const struct section_kind *kind, const void *data,
		    uint64_t count)
{
	uint32_t *known = count_of(s, kind->id);

	*(const void **)((char *)s + kind->column) = data;
	if (known) {
		*known = (uint32_t)count;
		if (kind->id == HGS_ROOTS)
			find_tables(s);
		return count < HGS_NONE && (kind->id != HGS_PROCESS || count <= 1);
	}
	switch (kind->id) {
	case HGS_META:
	case HGS_SEARCH:
		return count == 1;
	case HGS_STRINGS:
		s->strings_size = count;
		return count >= 1 && count <= UINT32_MAX;
	case HGS_OBJ_ADDR: /* comes first of the columns in the table above */
		s->n = (uint32_t)count;
		return count <= HGS_EDGE_MAX_PAYLOAD;
	case HGS_REF_START:
		return count == (uint64_t)s->n + 1;
	case HGS_REF_TARGET:
		s->m = count;
		return count < UINT32_MAX;
	case HGS_REF_NAME:
		return count == s->m;
	default:
		return count == s->n;
	}
}

static bool index_ok(uint32_t index, uint32_t count)
{
	return index < count || index == HGS_NONE;
}

static const char *check_objects(const struct snapshot *s)
{
	bool bad = false;

	for (uint32_t i = 0; i < s->n; i++) {
		bad |= s->type[i] >= s->n && s->type[i] != HGS_NONE;
		bad |= s->text[i] >= s->strings_size;
	}
	if (bad)
		return "an object's type or text is out of range";
	for (uint32_t i = 0; i < s->n; i++)
		bad |= s->start[i] > s->start[i + 1];
	if (bad || s->start[0] || s->start[s->n] != s->m)
		return "the references' offsets do not ascend";
	return NULL;
}

static const char *check_references(const struct snapshot *s)
{
	bool bad = false;

	for (uint64_t e = 0; e < s->m; e++)
		bad |= s->target[e] >= s->n;
	if (bad)
		return "a reference's target is out of range";
	for (uint64_t e = 0; e < s->m; e++) {
		uint32_t payload = HGS_EDGE_PAYLOAD(s->name[e]);

		switch (HGS_EDGE_KIND(s->name[e])) {
		case HGS_EDGE_ATTR:
		case HGS_EDGE_KEY:
		case HGS_EDGE_LOCAL:
		case HGS_EDGE_CELL:
			bad |= payload >= s->n;
			break;
		case HGS_EDGE_MEMBER:
			bad |= payload >= s->strings_size;
			break;
		default: /* a number, or nothing */
			break;
		}
	}
	return bad ? "an edge name is out of range" : NULL;
}

static const char *check_roots(const struct snapshot *s)
{
	bool bad = false;

	for (uint32_t i = 0; i < s->num_roots; i++) {
		const struct hgs_root *root = &s->roots[i];

		bad |= root->object >= s->n || root->name >= s->strings_size ||
		       !index_ok(root->thread, s->num_threads);
	}
	for (uint32_t i = 0; i < s->num_threads; i++)
		bad |= !index_ok(s->threads[i].object, s->n) ||
		       s->threads[i].name >= s->strings_size;
	for (uint32_t i = 0; i < s->num_frames; i++) {
		const struct hgs_frame *frame = &s->frames[i];

		bad |= frame->object >= s->n || !index_ok(frame->code, s->n) ||
		       frame->name >= s->strings_size || frame->file >= s->strings_size ||
		       !index_ok(frame->thread, s->num_threads);
	}
	for (uint32_t i = 0; i < s->num_thread_locals; i++)
		bad |= s->thread_locals[i].dict >= s->n ||
		       !index_ok(s->thread_locals[i].thread, s->num_threads);
	return bad ? "a root, thread or frame is out of range" : NULL;
}

static const char *check_native(const struct snapshot *s)
{
	bool bad = false;

	for (uint32_t i = 0; i < s->num_libraries; i++) {
		const struct hgs_library *library = &s->libraries[i];

		bad |= library->path >= s->strings_size ||
		       !index_ok(library->needed_by, s->num_libraries) ||
		       !index_ok(library->bound_by, s->num_libraries);
	}
	for (uint32_t i = 0; i < s->num_segments; i++)
		bad |= s->segments[i].path >= s->strings_size ||
		       !index_ok(s->segments[i].library, s->num_libraries);
	for (uint32_t i = 0; i < s->num_holders; i++)
		bad |= s->holders[i].object >= s->n || s->holders[i].names >= s->strings_size ||
		       !index_ok(s->holders[i].library, s->num_libraries);
	for (uint32_t i = 0; i < s->num_descriptors; i++)
		bad |= s->descriptors[i].target >= s->strings_size ||
		       !index_ok(s->descriptors[i].owner, s->n);
	for (uint32_t i = 0; i < s->num_capsules; i++)
		bad |= s->capsules[i].object >= s->n || s->capsules[i].name >= s->strings_size ||
		       !index_ok(s->capsules[i].points_into, s->num_libraries) ||
		       !index_ok(s->capsules[i].destructor_in, s->num_libraries);
	return bad ? "a library, mapping, holder, descriptor or capsule is out of range" : NULL;
}

static const char *check_search(const struct snapshot *s)
{
	bool bad = false;

	for (uint32_t i = 0; i < s->num_surplus; i++)
		bad |= s->surplus[i].object >= s->n || !s->surplus[i].surplus;
	for (uint32_t i = 0; i < s->num_words; i++)
		bad |= s->words[i].segment >= s->num_segments ||
		       !index_ok(s->words[i].target, s->n) ||
		       !index_ok(s->words[i].library, s->num_libraries);
	for (uint32_t i = 0; i < s->num_inferred; i++)
		bad |= s->inferred[i].from >= s->n || s->inferred[i].to >= s->n;
	for (uint32_t i = 0; i < s->num_pointers; i++)
		bad |= s->pointers[i].library >= s->num_libraries ||
		       s->pointers[i].segment >= s->num_segments ||
		       !index_ok(s->pointers[i].from, s->num_libraries) ||
		       !index_ok(s->pointers[i].object, s->n);
	for (uint32_t i = 0; i < s->num_blocks; i++)
		bad |= s->blocks[i].object >= s->n;
	for (uint32_t i = 0; i < s->num_buffers; i++)
		bad |= s->buffers[i].object >= s->n;
	return bad ? "a word of memory, an inferred reference or a buffer is out of range" : NULL;
}

static const char *check_strings(const struct snapshot *s)
{
	bool bad = false;

	if (s->strings[0] || s->strings[s->strings_size - 1])
		return "the strings do not begin and end with NUL";
	for (uint32_t i = 0; i < s->num_incomplete; i++)
		bad |= s->incomplete[i] >= s->strings_size;
	if (s->meta)
		bad |= s->meta->exe >= s->strings_size || s->meta->cmdline >= s->strings_size ||
		       s->meta->host >= s->strings_size;
	if (s->num_processes)
		bad |= s->process->boot_id >= s->strings_size;
	return bad ? "a string is out of range" : NULL;
}

const char *snapshot_check(const struct snapshot *s)
{
	const char *wrong = check_strings(s);

	if (!wrong)
		wrong = check_objects(s);
	if (!wrong)
		wrong = check_references(s);
	if (!wrong)
		wrong = check_roots(s);
	if (!wrong)
		wrong = check_native(s);
	if (!wrong)
		wrong = check_search(s);
	return wrong;
}
