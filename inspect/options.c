/* The command line.
 *
 * Verbs and flags stand in two tables; parsing, --help and the check of which
 * flag goes with which verb all read them, so none can disagree. getopt_long
 * does the splitting; the first word that is no flag is the verb. */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <string.h>

#define BIT(verb) (1u << (verb))
#define ALL (BIT(VERBS) - 1)
#define LIVE (BIT(VERB_ATTACH) | BIT(VERB_SNAPSHOT))
#define OBJECTS (BIT(VERB_WHY) | BIT(VERB_REFS) | BIT(VERB_BACKREFS))
#define NEIGHBORS (BIT(VERB_REFS) | BIT(VERB_BACKREFS))
#define TREES (OBJECTS | BIT(VERB_RETAINED))
#define QUERIES (TREES | BIT(VERB_TYPES))
#define FINDERS (BIT(VERB_ATTACH) | BIT(VERB_REPORT) | BIT(VERB_DIFF))
#define ANSWERS (ALL & ~BIT(VERB_SNAPSHOT))
#define HOLDABLE (ALL & ~(BIT(VERB_ATTACH) | BIT(VERB_DIFF)))
#define CORES (ANSWERS & ~BIT(VERB_ATTACH))

static const struct verb_row {
	const char *name, *arguments, *help;
} verbs[VERBS] = {
	[VERB_ATTACH] = { "attach", "PID [-o FILE]...",
			  "look into a running process: report, and a picture of what is wrong" },
	[VERB_SNAPSHOT] = { "snapshot", "PID -o FILE.hgs", "take a snapshot, no analysis" },
	[VERB_REPORT] = { "report", "SOURCE [-o FILE]...", "the report of `attach`, from any source" },
	[VERB_HANDLES] = { "handles", "SOURCE", "loaded libraries, who owns each, what keeps the owner alive" },
	[VERB_CYCLES] = { "cycles", "SOURCE", "reference cycles, those that pin a native handle first" },
	[VERB_TYPES] = { "types", "SOURCE", "count, own and retained size by type" },
	[VERB_RETAINED] = { "retained", "SOURCE [OBJECT]",
			    "who keeps how much alive; what would be freed if OBJECT went" },
	[VERB_WHY] = { "why", "SOURCE OBJECT", "the chain from a root to the object, each edge named" },
	[VERB_REFS] = { "refs", "SOURCE OBJECT", "what the object refers to" },
	[VERB_BACKREFS] = { "backrefs", "SOURCE OBJECT", "what refers to the object" },
	[VERB_DIFF] = { "diff", "OLD NEW [NEWER]",
			"what grew between snapshots or cores of a process, and what keeps it" },
};

/* Flags without a short form get a number above any character. */
enum { FLAG_JSON = 256, FLAG_COLOR, FLAG_LIMIT, FLAG_REDACT, FLAG_TIMEOUT, FLAG_FAIL_ON,
       FLAG_BASELINE, FLAG_MODE, FLAG_DEPTH, FLAG_MAX_NODES, FLAG_DARK, FLAG_ALL_EDGES,
       FLAG_SHOW, FLAG_FILTER, FLAG_HIGHLIGHT, FLAG_UNLOAD, FLAG_WHERE, FLAG_TSV, FLAG_EXE, FLAG_SYSROOT,
       FLAG_HELD, FLAG_VERSION };

static const struct flag_row {
	int id;
	const char *name, *argument, *help;
	uint32_t verbs;
} flags[] = {
	{ 'o', "output", "FILE", "write FILE; its suffix says what: .png .svg .pdf .dot .json .hgs .baseline", ALL },
	{ 'f', "force", NULL, "overwrite outputs that exist", ALL },
	{ FLAG_JSON, "json", NULL, "the answer as JSON on standard output", ANSWERS },
	{ 'p', "pid", "PID", "the process, instead of SOURCE", ALL },
	{ FLAG_MODE, "mode", "fork|pause", "walk a frozen copy (default), or the stopped process itself", ALL },
	{ FLAG_TIMEOUT, "timeout", "SECONDS", "how long to wait for a moment when the heap is whole (default 5)", ALL },
	{ FLAG_EXE, "exe", "FILE", "of a core: the program that it ran, where it is not at its path", CORES },
	{ FLAG_SYSROOT, "sysroot", "DIR", "of a core: the root of the file system that it ran in", CORES },
	{ FLAG_HELD, "held", "FD", "for debuggers: PID is held by one, FD its memory (docs/gdb.md)", HOLDABLE },
	{ FLAG_REDACT, "redact", NULL, "leave values out of the snapshot; names of code stay", ALL },
	{ FLAG_LIMIT, "limit", "N", "at most N rows of each list (0: all)", ANSWERS },
	{ FLAG_FAIL_ON, "fail-on", "CODE[,CODE]", "exit 7 where a finding has one of these codes", ANSWERS },
	{ FLAG_BASELINE, "baseline", "FILE", "leave out findings that FILE knows; -o FILE.baseline makes it", FINDERS },
	{ FLAG_WHERE, "where", "CONDITION", "only objects for which it holds, as 'type=dict and size>1M'", QUERIES },
	{ FLAG_TSV, "tsv", NULL, "the answer as tab-separated text", QUERIES },
	{ FLAG_DEPTH, "depth", "N", "levels of a tree (default 3)", TREES },
	{ FLAG_UNLOAD, "unload", "LIB", "what would still point into LIB if it were unloaded", BIT(VERB_HANDLES) },
	{ FLAG_MAX_NODES, "max-nodes", "N", "nodes of a picture at most (default 60)", ANSWERS },
	{ FLAG_DARK, "dark", NULL, "pictures with light words on a dark ground", ANSWERS },
	{ FLAG_SHOW, "show", NULL, "show the picture: in the terminal where it can, else in a window", ANSWERS },
	{ FLAG_FILTER, "filter", "CONDITION", "draw only objects for which it holds", NEIGHBORS },
	{ FLAG_HIGHLIGHT, "highlight", "CONDITION", "mark objects in the picture for which it holds", ANSWERS },
	{ FLAG_ALL_EDGES, "all-edges", NULL, "draw also classes, keys and values, and nothing grouped", NEIGHBORS },
	{ FLAG_COLOR, "color", "auto|always|never", "colours in the report (NO_COLOR is honoured)", ALL },
	{ 'v', "verbose", NULL, "all of it", ALL },
	{ 'q', "quiet", NULL, "findings only, one line each; no progress", ALL },
	{ 'h', "help", NULL, "this text", ALL },
	{ FLAG_VERSION, "version", NULL, "the version", ALL },
};
#define FLAGS (sizeof(flags) / sizeof(flags[0]))

static struct hg_error *usage(struct hg_error *error)
{
	return hg_error_hint(error, "heapgraph --help shows what can be said");
}

static struct hg_error *parse_number(const char *flag, const char *text, uint64_t max, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	if (!*text || *text == '-' || *end || errno || *ret > max)
		return usage(hg_error_new(HG_EXIT_USAGE,
					  "--%s takes a number from 0 to %llu: not '%s'", flag,
					  (unsigned long long)max, text));
	return NULL;
}

/* One of the words that the flag's row names (its argument): *ret is the number of it. */
static struct hg_error *parse_choice(int id, const char *text, int *ret)
{
	const struct flag_row *flag = flags;
	size_t length = strlen(text);

	while (flag->id != id)
		flag++;
	*ret = 0;
	for (const char *word = flag->argument; word; word = strchr(word, '|')) {
		word += *word == '|';
		if (strcspn(word, "|") == length && !strncmp(word, text, length))
			return NULL;
		++*ret;
	}
	return usage(hg_error_new(HG_EXIT_USAGE, "--%s takes %s: not '%s'", flag->name,
				  flag->argument, text));
}

static struct hg_error *parse_seconds(const char *text, uint64_t *ns)
{
	char *end;
	double seconds;

	errno = 0;
	seconds = strtod(text, &end);
	if (!*text || *end || errno || !(seconds >= 0 && seconds <= 86400))
		return usage(hg_error_new(HG_EXIT_USAGE,
					  "--timeout takes seconds from 0 to 86400: not '%s'", text));
	*ns = (uint64_t)(seconds * 1e9);
	return NULL;
}

static struct hg_error *parse_fail_on(const char *text, uint64_t *bits)
{
	_cleanup_free_ char *copy = strdup(text);
	char *save = NULL;

	if (!copy)
		return &hg_error_no_memory;
	for (char *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		int code = finding_code_parse(word);

		if (code < 0)
			return hg_error_hint(hg_error_new(HG_EXIT_USAGE,
							  "--fail-on does not know '%s'", word),
					     "man heapgraph lists the codes, such as leaked-open");
		*bits |= UINT64_C(1) << code;
	}
	return NULL;
}

static struct hg_error *add_output(struct options *o, const char *path)
{
	const char **grown = reallocarray(o->outputs, o->num_outputs + 2, sizeof(*grown));

	if (!grown)
		return &hg_error_no_memory;
	o->outputs = grown;
	o->outputs[o->num_outputs++] = path;
	o->outputs[o->num_outputs] = NULL;
	return NULL;
}

static struct hg_error *take_flag(struct options *o, int id, const char *value)
{
	struct hg_error *error = NULL;
	uint64_t number = 0;
	int word = 0;

	switch (id) {
	case 'o': return add_output(o, value);
	case 'f': o->force = true; return NULL;
	case 'p': o->source = value; return NULL;
	case 'v': o->verbose = 1; return NULL;
	case 'q': o->verbose = -1; return NULL;
	case 'h': o->help = true; return NULL;
	case FLAG_VERSION: o->version = true; return NULL;
	case FLAG_JSON: o->json = true; return NULL;
	case FLAG_REDACT: o->redact = true; return NULL;
	case FLAG_SHOW: o->show = true; return NULL;
	case FLAG_FILTER: o->filter = value; return NULL;
	case FLAG_HIGHLIGHT: o->highlight = value; return NULL;
	case FLAG_DARK: o->dark = true; return NULL;
	case FLAG_ALL_EDGES: o->all_edges = true; return NULL;
	case FLAG_TIMEOUT: return parse_seconds(value, &o->timeout_ns);
	case FLAG_UNLOAD: o->unload = value; return NULL;
	case FLAG_WHERE: o->where = value; return NULL;
	case FLAG_TSV: o->tsv = true; return NULL;
	case FLAG_EXE: o->exe = value; return NULL;
	case FLAG_SYSROOT: o->sysroot = value; return NULL;
	case FLAG_BASELINE: o->baseline = value; return NULL;
	case FLAG_FAIL_ON: return parse_fail_on(value, &o->fail_on);
	case FLAG_COLOR:
		error = parse_choice(id, value, &word);
		o->color = (enum color)word;
		return error;
	case FLAG_MODE:
		error = parse_choice(id, value, &word);
		o->mode = word ? FREEZE_PAUSE : FREEZE_FORK;
		return error;
	case FLAG_LIMIT:
		error = parse_number("limit", value, UINT32_MAX, &number);
		o->limit = number ? (uint32_t)number : UINT32_MAX;
		return error;
	case FLAG_HELD:
		error = parse_number("held", value, INT_MAX, &number);
		o->held = (int)number;
		return error;
	case FLAG_DEPTH:
		error = parse_number("depth", value, 1000, &number);
		o->depth = (int)number;
		return error;
	default:
		error = parse_number("max-nodes", value, 2000, &number);
		o->max_nodes = (uint32_t)number;
		return error;
	}
}

static struct hg_error *take_word(struct options *o, const char *word, bool *have_verb)
{
	if (!*have_verb) {
		for (unsigned i = 0; i < VERBS; i++) {
			if (!strcmp(verbs[i].name, word)) {
				o->verb = (enum verb)i;
				*have_verb = true;
				return NULL;
			}
		}
		return usage(hg_error_new(HG_EXIT_USAGE, "no such command: '%s'", word));
	}
	/* Each word of diff pushes the ones before it into the past. */
	if (o->verb == VERB_DIFF && o->source && o->num_older < 2) {
		o->older[o->num_older++] = o->source;
		o->source = word;
		return NULL;
	}
	if (!o->source) {
		o->source = word;
		return NULL;
	}
	if (!o->object && (BIT(o->verb) & TREES)) {
		o->object = word;
		return NULL;
	}
	return usage(hg_error_new(HG_EXIT_USAGE, "'%s' is one word too many", word));
}

static struct hg_error *check(const struct options *o, uint32_t seen_flags)
{
	for (unsigned i = 0; i < FLAGS; i++) {
		if ((seen_flags & BIT(i)) && !(flags[i].verbs & BIT(o->verb)))
			return usage(hg_error_new(HG_EXIT_USAGE, "--%s does not go with %s",
						  flags[i].name, verbs[o->verb].name));
	}
	if (!o->source)
		return usage(hg_error_new(HG_EXIT_USAGE, "%s wants %s", verbs[o->verb].name,
					  (BIT(o->verb) & LIVE) ? "a PID" : "a SOURCE: a PID, a snapshot or a core"));
	if (o->fail_on & (o->verb == VERB_DIFF ? ~FINDING_DIFF_CODES : FINDING_DIFF_CODES))
		return hg_error_hint(hg_error_new(HG_EXIT_USAGE, "--fail-on names a code that %s "
								 "does not have",
						  verbs[o->verb].name),
				     "growth, handle-growth and descriptor-growth are those of diff, and "
				     "of diff alone");
	if (o->verb == VERB_DIFF && !o->num_older)
		return usage(hg_error_new(HG_EXIT_USAGE, "diff wants two snapshots, or three"));
	if (o->tsv && o->json)
		return usage(hg_error_new(HG_EXIT_USAGE, "--tsv and --json are two answers: one of them"));
	if ((BIT(o->verb) & OBJECTS) && !o->object && !o->where)
		return hg_error_hint(hg_error_new(HG_EXIT_USAGE, "%s wants an OBJECT",
						  verbs[o->verb].name),
				     "an address, type:NAME, lib:NAME or an expression such as __main__.cache['a']");
	if (o->verb == VERB_SNAPSHOT && o->num_outputs != 1)
		return usage(hg_error_new(HG_EXIT_USAGE, "snapshot wants one -o FILE.hgs"));
	return NULL;
}

/* getopt's tables from ours. "+"-less: flags may stand anywhere, also behind PID. */
static void getopt_tables(struct option longs[FLAGS + 1], char shorts[2 * FLAGS + 2])
{
	char *s = shorts;

	*s++ = ':';
	for (unsigned i = 0; i < FLAGS; i++) {
		longs[i] = (struct option){ flags[i].name, flags[i].argument ? 1 : 0, NULL, flags[i].id };
		if (flags[i].id < 256) {
			*s++ = (char)flags[i].id;
			if (flags[i].argument)
				*s++ = ':';
		}
	}
	*s = '\0';
	longs[FLAGS] = (struct option){ 0 };
}

struct hg_error *options_parse(int argc, char **argv, struct options *ret)
{
	struct option longs[FLAGS + 1];
	char shorts[2 * FLAGS + 2];
	struct hg_error *error = NULL;
	uint32_t seen = 0;
	bool have_verb = false;
	int id;

	*ret = (struct options){ .timeout_ns = UINT64_C(5000000000), .depth = 3, .max_nodes = 60, .held = -1,
				 .verb = VERBS };
	getopt_tables(longs, shorts);
	opterr = 0;
	optind = 1;
	while (!error && (id = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (id == '?' || id == ':')
			return usage(hg_error_new(HG_EXIT_USAGE, "%s: %s", argv[optind - 1],
						  id == ':' ? "wants a value" : "no such flag"));
		for (unsigned i = 0; i < FLAGS; i++)
			seen |= flags[i].id == id ? BIT(i) : 0;
		error = take_flag(ret, id, optarg);
	}
	for (; !error && optind < argc; optind++)
		error = take_word(ret, argv[optind], &have_verb);
	if (error || ret->help || ret->version)
		return error;
	if (!have_verb)
		return usage(hg_error_new(HG_EXIT_USAGE, "no command given"));
	return check(ret, seen);
}

void options_deinit(struct options *options)
{
	free(options->outputs);
	options->outputs = NULL;
}

const char *verb_name(enum verb verb)
{
	return verbs[verb].name;
}

void options_help(FILE *out, const struct options *options)
{
	bool one = options->verb < VERBS;
	uint32_t shown = one ? BIT(options->verb) : ALL;

	fprintf(out, "heapgraph: what pins what in a running CPython process\n\n");
	for (unsigned i = 0; i < VERBS; i++) {
		if (!(shown & BIT(i)))
			continue;
		fprintf(out, "  heapgraph %-8s %-20s %s\n", verbs[i].name, verbs[i].arguments,
			verbs[i].help);
	}
	fprintf(out, "\n");
	for (unsigned i = 0; i < FLAGS; i++) {
		char left[40];

		if (!(flags[i].verbs & shown))
			continue;
		snprintf(left, sizeof(left), "--%s%s%s", flags[i].name,
			 flags[i].argument ? " " : "", flags[i].argument ? flags[i].argument : "");
		if (flags[i].id < 256)
			fprintf(out, "  -%c, %-26s %s\n", flags[i].id, left, flags[i].help);
		else
			fprintf(out, "      %-26s %s\n", left, flags[i].help);
	}
	fprintf(out, "\nSOURCE is a PID, a snapshot (.hgs) or a core. OBJECT is an address (0x7f12...),\n"
		     "type:NAME[#N], lib:NAME, or an expression such as __main__.cache['a'].dll.\n"
		     "Exit: 0 done, 1 failed, 2 usage, 3 no such process or not CPython, 4 permission,\n"
		     "5 cannot be read by this version, 6 done but incomplete, 7 --fail-on matched.\n");
}
