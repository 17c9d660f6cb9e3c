/* The findings: their codes and severities (docs/INTERFACE.md), how one is put together, and their
 * order. What is found stands in findings_*.c, one subject each. */
#include "findings.h"

#include <stdarg.h>
#include <string.h>

static const struct {
	const char *name;
	enum severity severity;
} codes[FINDING_CODES] = {
	[FINDING_DANGLING_HANDLE] = {"dangling-handle", SEVERITY_ERROR},
	[FINDING_DANGLING_FUNCTION] = {"dangling-function", SEVERITY_ERROR},
	[FINDING_ALIASED_HANDLE] = {"aliased-handle", SEVERITY_ERROR},
	[FINDING_LEAKED_OPEN] = {"leaked-open", SEVERITY_ERROR},
	[FINDING_CYCLE_PINS_HANDLE] = {"cycle-pins-handle", SEVERITY_WARNING},
	[FINDING_ROOT_PINS_HANDLE] = {"root-pins-handle", SEVERITY_NOTE},
	[FINDING_STILL_MAPPED] = {"still-mapped", SEVERITY_NOTE},
	[FINDING_NATIVE_CALLBACK] = {"native-callback", SEVERITY_WARNING},
	[FINDING_REFERENCE_SURPLUS] = {"reference-surplus", SEVERITY_WARNING},
	[FINDING_UNOWNED_DESCRIPTOR] = {"unowned-descriptor", SEVERITY_WARNING},
	[FINDING_NATIVE_POINTER] = {"native-pointer", SEVERITY_NOTE},
	[FINDING_RESURRECTED] = {"resurrected", SEVERITY_WARNING},
	[FINDING_UNTRAVERSABLE_TYPE] = {"untraversable-type", SEVERITY_WARNING},
	[FINDING_GC_OFF] = {"gc-off", SEVERITY_WARNING},
	/* of a diff, in rows of its own */
	[FINDING_GROWTH] = {"growth", SEVERITY_WARNING},
	[FINDING_HANDLE_GROWTH] = {"handle-growth", SEVERITY_WARNING},
	[FINDING_DESCRIPTOR_GROWTH] = {"descriptor-growth", SEVERITY_WARNING},
};

const char *finding_code_name(enum finding_code code)
{
	return codes[code].name;
}

int finding_code_parse(const char *name)
{
	for (int i = 0; i < FINDING_CODES; i++)
		if (strcmp(codes[i].name, name) == 0)
			return i;
	return -1;
}

const struct holder *finding_holder(const struct answer *answer, const struct finding *finding)
{
	uint32_t own;

	if (finding->holder != HGS_NONE)
		return &answer->holders[finding->holder];
	if (finding->cycle == HGS_NONE)
		return NULL;
	own = answer->cycles[finding->cycle].holder;
	if (own != HGS_NONE && answer->holders[own].library == finding->library)
		return &answer->holders[own];
	for (uint32_t i = 0; i < answer->num_holders; i++)
		if (answer->holders[i].cycle == finding->cycle &&
		    answer->holders[i].library == finding->library &&
		    answer->holders[i].fact->kind == HGS_HOLDER_HANDLE)
			return &answer->holders[i];
	return NULL;
}

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {"error", "warning", "note"};

	return names[severity];
}

struct hg_error *finding_add(struct answer *answer, enum finding_code code, struct finding **ret)
{
	size_t size = ((size_t)answer->num_findings + 1) * sizeof(*answer->findings);
	struct finding *grown = realloc(answer->findings, size);

	if (!grown)
		return &hg_error_no_memory;
	answer->findings = grown;
	*ret = &grown[answer->num_findings++];
	**ret = (struct finding){.code = code,
				 .severity = codes[code].severity,
				 .library = HGS_NONE,
				 .holder = HGS_NONE,
				 .cycle = HGS_NONE};
	return NULL;
}

void finding_about(const struct answer *answer, struct finding *finding, uint32_t library)
{
	finding->library = library;
	finding->library_name = library == HGS_NONE ? NULL : answer->libraries[library].name;
}

struct hg_error *finding_list(struct finding *finding, uint64_t count)
{
	uint32_t listed = count < FINDING_OBJECTS ? (uint32_t)count : FINDING_OBJECTS;

	finding->count = count;
	finding->objects = malloc(listed * sizeof(*finding->objects));
	if (!finding->objects)
		return &hg_error_no_memory;
	finding->num_objects = listed;
	return NULL;
}

struct hg_error *finding_of_group(struct answer *answer, enum finding_code code,
				  const struct group *group, struct finding **ret)
{
	struct hg_error *error = finding_add(answer, code, ret);
	struct finding *finding;

	if (error)
		return error;
	finding = *ret;
	finding->holder = group->holders[0];
	error = finding_list(finding, group->count);
	if (error)
		return error;
	for (uint32_t i = 0; i < finding->num_objects; i++)
		finding->objects[i] = answer->holders[group->holders[i]].fact->object;
	return NULL;
}

struct hg_error *finding_of_library(struct answer *answer, enum finding_code code,
				    const struct group *group, struct finding **ret)
{
	const struct holder *holder = &answer->holders[group->holders[0]];
	struct hg_error *error = finding_of_group(answer, code, group, ret);

	if (error)
		return error;
	finding_about(answer, *ret, holder->library);
	(*ret)->cycle = holder->cycle;
	return NULL;
}

char *finding_text(const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return text;
}

struct hg_error *finding_done(const struct finding *finding)
{
	return finding->title && finding->evidence && finding->advice ? NULL : &hg_error_no_memory;
}

struct pick {
	uint64_t key;
	uint32_t holder;
};

static int by_key(const void *a, const void *b)
{
	const struct pick *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->holder > y->holder) - (x->holder < y->holder);
}

struct hg_error *findings_group(struct making *making, const struct grouping *grouping)
{
	const struct answer *answer = making->answer;
	size_t room = (size_t)answer->num_holders + 1;
	_cleanup_free_ struct pick *picks = malloc(room * sizeof(*picks));
	_cleanup_free_ uint32_t *holders = malloc(room * sizeof(*holders));
	struct hg_error *error = NULL;
	uint32_t count = 0;

	if (!picks || !holders)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < answer->num_holders; i++)
		if (grouping->key(making, &answer->holders[i], &picks[count].key))
			picks[count++].holder = i;
	qsort(picks, count, sizeof(*picks), by_key);
	for (uint32_t first = 0, end; !error && first < count; first = end) {
		for (end = first; end < count && picks[end].key == picks[first].key; end++)
			holders[end] = picks[end].holder;
		error = grouping->report(making, &(struct group){&holders[first], end - first});
	}
	return error;
}

bool is_pinned(const struct answer *answer, const struct holder *holder)
{
	return holder->fact->kind == HGS_HOLDER_HANDLE && holder->state == HOLDER_GARBAGE &&
	       holder->library != HGS_NONE && is_opened(&answer->libraries[holder->library]);
}

static int by_severity(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity < y->severity ? -1 : 1;
	if (x->code != y->code)
		return x->code < y->code ? -1 : 1;
	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->title, y->title);
}

struct hg_error *findings_make(struct making *making)
{
	static struct hg_error *(*const parts[])(struct making *) = {
		findings_stale, findings_opens, findings_cycles, findings_roots, findings_gc,
		findings_descriptors, findings_resurrected, findings_references,
		findings_callbacks, findings_pointers, findings_untraversable,
	};
	struct answer *answer = making->answer;
	struct hg_error *error = NULL;

	for (size_t i = 0; !error && i < sizeof(parts) / sizeof(*parts); i++)
		error = parts[i](making);
	if (!error)
		error = findings_sign(making);
	if (!error && answer->num_findings)
		qsort(answer->findings, answer->num_findings, sizeof(*answer->findings),
		      by_severity);
	return error;
}
