#include "baseline.h"

#include <errno.h>
#include <string.h>

#include "list.h"
#include "pattern.h"
#include "utf8.h"

struct entry {
	enum finding_code code;
	uint64_t signature;
};

struct baseline {
	struct entry *entry; /* ascending */
	size_t count;
};

static int by_value(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->code != y->code)
		return x->code < y->code ? -1 : 1;
	return (x->signature > y->signature) - (x->signature < y->signature);
}

/* Without code: the line is empty or a comment. */
static bool parse_line(char *line, struct entry *entry, bool *empty)
{
	char *save = NULL, *code = strtok_r(line, " \t\r\n", &save);
	char *signature = code ? strtok_r(NULL, " \t\r\n", &save) : NULL;
	char *end;
	int number;

	*empty = !code || *code == '#';
	if (*empty)
		return true;
	number = finding_code_parse(code);
	if (number < 0 || !signature || strlen(signature) != SIGNATURE_SIZE - 1)
		return false;
	entry->code = (enum finding_code)number;
	entry->signature = strtoull(signature, &end, 16);
	return strspn(signature, "0123456789abcdef") == SIGNATURE_SIZE - 1;
}

static struct hg_error *add(struct baseline *baseline, const struct entry *entry)
{
	struct entry *row = list_add(&baseline->entry, &baseline->count);

	if (!row)
		return &hg_error_no_memory;
	*row = *entry;
	return NULL;
}

static struct hg_error *parse(FILE *in, const char *name, struct baseline *baseline)
{
	_cleanup_free_ char *line = NULL;
	struct hg_error *error = NULL;
	size_t capacity = 0;

	for (unsigned number = 1; !error && getline(&line, &capacity, in) >= 0; number++) {
		struct entry entry;
		bool empty;

		if (!parse_line(line, &entry, &empty))
			return hg_error_hint(hg_error_new(HG_EXIT_USAGE,
							  "cannot read the baseline %s: line %u is not "
							  "CODE SIGNATURE",
							  name, number),
					     "heapgraph report or diff writes one: -o FILE.baseline");
		if (!empty)
			error = add(baseline, &entry);
	}
	if (!error && ferror(in))
		error = hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read the baseline %s", name);
	return error;
}

struct hg_error *baseline_parse(FILE *in, const char *name, struct baseline **ret)
{
	struct baseline *baseline = calloc(1, sizeof(*baseline));
	struct hg_error *error = baseline ? parse(in, name, baseline) : &hg_error_no_memory;

	if (error) {
		baseline_destroy(baseline);
		return error;
	}
	if (baseline->count)
		qsort(baseline->entry, baseline->count, sizeof(*baseline->entry), by_value);
	*ret = baseline;
	return NULL;
}

struct hg_error *baseline_read(const char *path, struct baseline **ret)
{
	_cleanup_fclose_ FILE *in = fopen(path, "re");

	if (!in)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read the baseline %s", path);
	return baseline_parse(in, path, ret);
}

void baseline_destroy(struct baseline *baseline)
{
	if (baseline)
		free(baseline->entry);
	free(baseline);
}

bool baseline_knows(const struct baseline *baseline, enum finding_code code, uint64_t signature)
{
	struct entry wanted = {code, signature};

	return baseline->count && bsearch(&wanted, baseline->entry, baseline->count,
					  sizeof(wanted), by_value);
}

static bool is_known(const struct baseline *baseline, const struct finding *finding)
{
	return baseline_knows(baseline, finding->code, finding->signature);
}

/* Known ones bubble behind, each past the unknown ones that follow it: few findings are there. */
void baseline_mute(const struct baseline *baseline, struct answer *answer)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < answer->num_findings; i++) {
		struct finding finding = answer->findings[i];

		if (is_known(baseline, &finding))
			continue;
		memmove(&answer->findings[kept + 1], &answer->findings[kept],
			(i - kept) * sizeof(finding));
		answer->findings[kept++] = finding;
	}
	answer->num_known = answer->num_findings - kept;
	answer->num_findings = kept;
}

void baseline_mark(const struct baseline *baseline, struct diff *diff)
{
	for (uint32_t i = 0; i < diff->num_growth; i++)
		diff->growth[i].known =
			baseline_knows(baseline, FINDING_GROWTH, diff->growth[i].signature);
	for (uint32_t i = 0; i < diff->num_libraries; i++)
		diff->libraries[i].known = baseline_knows(baseline, FINDING_HANDLE_GROWTH,
							  diff->libraries[i].signature);
	for (uint32_t i = 0; i < diff->num_descriptors; i++)
		diff->descriptors[i].known = baseline_knows(baseline, FINDING_DESCRIPTOR_GROWTH,
							    diff->descriptors[i].signature);
}

static bool write_line(FILE *out, enum finding_code code, uint64_t signature, const char *words)
{
	_cleanup_free_ char *safe = text_escape(words, true);
	char text[SIGNATURE_SIZE];

	if (!safe)
		return false;
	fprintf(out, "%s %s %s\n", finding_code_name(code), signature_text(signature, text), safe);
	return true;
}

static struct hg_error *finish(FILE *out, bool ok)
{
	if (!ok)
		return &hg_error_no_memory;
	if (fflush(out) || ferror(out))
		return hg_error_write(errno, "the baseline");
	return NULL;
}

static void write_heading(FILE *out)
{
	fputs("# Findings that heapgraph --baseline does not mention: code, signature, and what it is.\n",
	      out);
}

struct hg_error *baseline_write(FILE *out, const struct answer *answer)
{
	bool ok = true;

	write_heading(out);
	for (uint32_t i = 0; i < answer->num_findings + answer->num_known && ok; i++)
		ok = write_line(out, answer->findings[i].code, answer->findings[i].signature,
				answer->findings[i].pattern);
	return finish(out, ok);
}

struct hg_error *baseline_write_diff(FILE *out, const struct diff *diff)
{
	bool ok = true;

	write_heading(out);
	for (uint32_t i = 0; i < diff->num_growth && ok; i++)
		if (diff->growth[i].growing)
			ok = write_line(out, FINDING_GROWTH, diff->growth[i].signature,
					diff->growth[i].words);
	for (uint32_t i = 0; i < diff->num_libraries && ok; i++)
		ok = write_line(out, FINDING_HANDLE_GROWTH, diff->libraries[i].signature,
				diff->libraries[i].words);
	for (uint32_t i = 0; i < diff->num_descriptors && ok; i++)
		ok = write_line(out, FINDING_DESCRIPTOR_GROWTH, diff->descriptors[i].signature,
				diff->descriptors[i].words);
	return finish(out, ok);
}
