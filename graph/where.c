/* The parser is Dijkstra's shunting yard: what is read goes to a list in the order in which it is to be
 * evaluated, operators wait on a stack meanwhile. There is no recursion, so that a long or deep
 * condition costs memory in proportion and no stack. */
#include "where_parts.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "words.h"

static const struct {
	const char *name;
	enum { TEXT, NUMBER, STATE } kind;
} fields[FIELDS] = {
	[FIELD_TYPE] = {"type", TEXT},	 [FIELD_MODULE] = {"module", TEXT},
	[FIELD_TEXT] = {"text", TEXT},	 [FIELD_SIZE] = {"size", NUMBER},
	[FIELD_COUNT] = {"count", NUMBER}, [FIELD_STATE] = {"state", STATE},
};

/* Longer ones first, so that "<=" is not read as "<". */
static const struct {
	const char *text;
	enum comparison comparison;
	bool of_text, of_number;
} comparisons[] = {
	{"!=", DIFFERENT, true, true}, {"!~", LACKS, true, false},
	{"<=", LESS_EQUAL, false, true}, {">=", GREATER_EQUAL, false, true},
	{"=", EQUAL, true, true}, {"~", CONTAINS, true, false},
	{"<", LESS, false, true}, {">", GREATER, false, true},
};

struct parser {
	const char *text, *at;
	struct where *where;
	struct step *waiting;
	size_t depth;
	bool operand; /* one was just read */
};

__attribute__((__format__(__printf__, 3, 4))) static struct hg_error *
wrong(const struct parser *parser, const char *at, const char *format, ...)
{
	_cleanup_free_ char *why = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&why, format, args);
	va_end(args);
	if (length < 0) {
		why = NULL;
		return &hg_error_no_memory;
	}
	return hg_error_hint(hg_error_new(HG_EXIT_USAGE, "cannot read the condition '%s': at character %zu: %s",
					  parser->text, (size_t)(at - parser->text) + 1, why),
			     "such as: type=dict and size>1M; fields are type, module, text, size, count "
			     "and state");
}

static void emit(struct parser *parser, struct step step)
{
	parser->where->step[parser->where->count++] = step;
}

static void skip_blanks(struct parser *parser)
{
	while (isspace((unsigned char)*parser->at))
		parser->at++;
}

static size_t word_length(const char *text)
{
	return strcspn(text, " \t\r\n()=!<>~'\"");
}

static bool is_word(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && !strncmp(text, word, length);
}

/* The value behind an operator, quoted or not; moves on. */
static struct hg_error *read_value(struct parser *parser, char **ret)
{
	const char *begin = parser->at;
	char quote = *begin == '\'' || *begin == '"' ? *begin : 0;
	char *out;

	*ret = out = malloc(strlen(begin) + 1);
	if (!out)
		return &hg_error_no_memory;
	if (!quote) {
		size_t length = strcspn(begin, " \t\r\n()");

		memcpy(out, begin, length);
		out[length] = '\0';
		parser->at += length;
		return length ? NULL : wrong(parser, begin, "a value is missing");
	}
	for (parser->at++; *parser->at != quote; parser->at++) {
		parser->at += *parser->at == '\\' && parser->at[1];
		if (!*parser->at)
			return wrong(parser, begin, "the quote is not closed");
		*out++ = *parser->at;
	}
	*out = '\0';
	parser->at++;
	return NULL;
}

/* "1M", "4096", "2.5k" is none: sizes are whole bytes. */
static bool parse_number(const char *text, uint64_t *ret)
{
	static const struct {
		char suffix;
		uint64_t factor;
	} suffixes[] = {{'k', 1000}, {'M', 1000000}, {'G', 1000000000}};
	uint64_t factor = 1;

	*ret = 0;
	if (!isdigit((unsigned char)*text))
		return false;
	for (; isdigit((unsigned char)*text); text++)
		if (__builtin_mul_overflow(*ret, 10, ret) ||
		    __builtin_add_overflow(*ret, *text - '0', ret))
			return false;
	for (size_t i = 0; *text && i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		if (*text != suffixes[i].suffix)
			continue;
		factor = suffixes[i].factor;
		text++;
		break;
	}
	return !*text && !__builtin_mul_overflow(*ret, factor, ret);
}

static struct hg_error *check_value(const struct parser *parser, struct step *step, const char *at)
{
	if (fields[step->field].kind == NUMBER && !parse_number(step->text, &step->number))
		return wrong(parser, at, "'%s' is no number (4096, 10k, 1M)", step->text);
	if (fields[step->field].kind == STATE) {
		for (uint8_t state = 0; state < REACH_STATES; state++)
			if (!strcmp(reach_name(state), step->text))
				return NULL;
		return wrong(parser, at, "a state is root, native, frozen or garbage: not '%s'",
			     step->text);
	}
	return NULL;
}

static struct hg_error *read_comparison(struct parser *parser, struct step *step)
{
	for (size_t i = 0; i < sizeof(comparisons) / sizeof(*comparisons); i++) {
		size_t length = strlen(comparisons[i].text);
		bool fits = fields[step->field].kind == NUMBER ? comparisons[i].of_number
							       : comparisons[i].of_text;

		if (strncmp(parser->at, comparisons[i].text, length) != 0)
			continue;
		if (fields[step->field].kind == STATE)
			fits = comparisons[i].of_text && comparisons[i].of_number;
		if (!fits)
			return wrong(parser, parser->at, "%s is not compared by %s",
				     fields[step->field].name, comparisons[i].text);
		step->comparison = comparisons[i].comparison;
		parser->at += length;
		return NULL;
	}
	return wrong(parser, parser->at, "after %s a comparison is missing (=, ~, > ...)",
		     fields[step->field].name);
}

static struct hg_error *read_test(struct parser *parser)
{
	size_t length = word_length(parser->at);
	struct step step = {.kind = STEP_TEST, .at = (size_t)(parser->at - parser->text)};
	struct hg_error *error;
	const char *value;

	while (step.field < FIELDS && !is_word(parser->at, length, fields[step.field].name))
		step.field++;
	if (!length)
		return wrong(parser, parser->at, "a field is missing");
	if (step.field == FIELDS)
		return wrong(parser, parser->at, "no such field: '%.*s'", (int)length, parser->at);
	parser->at += length;
	skip_blanks(parser);
	error = read_comparison(parser, &step);
	if (error)
		return error;
	skip_blanks(parser);
	value = parser->at;
	error = read_value(parser, &step.text);
	if (!error)
		error = check_value(parser, &step, value);
	if (error) {
		free(step.text);
		return error;
	}
	emit(parser, step);
	parser->operand = true;
	return NULL;
}

/* Operators that bind as strongly as `kind` or more have all their operands by now. */
static void unwind(struct parser *parser, enum step_kind kind)
{
	while (parser->depth && parser->waiting[parser->depth - 1].kind >= kind &&
	       parser->waiting[parser->depth - 1].kind != STEP_OPEN)
		emit(parser, parser->waiting[--parser->depth]);
}

static void wait_for(struct parser *parser, enum step_kind kind)
{
	parser->waiting[parser->depth++] =
		(struct step){.kind = kind, .at = (size_t)(parser->at - parser->text)};
}

static struct hg_error *close_bracket(struct parser *parser)
{
	unwind(parser, STEP_OR);
	if (!parser->depth)
		return wrong(parser, parser->at, "this bracket was not opened");
	parser->depth--;
	parser->at++;
	return NULL;
}

/* Where an operand has been read: an operator, a closing bracket. */
static struct hg_error *read_operator(struct parser *parser)
{
	size_t length = word_length(parser->at);
	bool is_and = is_word(parser->at, length, "and"), is_or = is_word(parser->at, length, "or");

	if (*parser->at == ')')
		return close_bracket(parser);
	if (!is_and && !is_or)
		return wrong(parser, parser->at, "'and', 'or' or the end is missing");
	unwind(parser, is_and ? STEP_AND : STEP_OR);
	wait_for(parser, is_and ? STEP_AND : STEP_OR);
	parser->at += length;
	parser->operand = false;
	return NULL;
}

/* Where none has: a test, or what may stand before it. */
static struct hg_error *read_operand(struct parser *parser)
{
	if (*parser->at == '(') {
		wait_for(parser, STEP_OPEN);
		parser->at++;
		return NULL;
	}
	if (is_word(parser->at, word_length(parser->at), "not")) {
		wait_for(parser, STEP_NOT);
		parser->at += strlen("not");
		return NULL;
	}
	return read_test(parser);
}

static struct hg_error *parse(struct parser *parser)
{
	struct hg_error *error = NULL;

	for (skip_blanks(parser); *parser->at && !error; skip_blanks(parser))
		error = parser->operand ? read_operator(parser) : read_operand(parser);
	if (error)
		return error;
	if (!parser->operand)
		return wrong(parser, parser->at, "a condition is missing");
	unwind(parser, STEP_OR);
	if (parser->depth)
		return wrong(parser, parser->text + parser->waiting[parser->depth - 1].at,
			     "this bracket is not closed");
	return NULL;
}

struct hg_error *where_parse(const char *text, struct where **ret)
{
	size_t most = strlen(text) + 1; /* a step takes a character at least */
	struct where *where = calloc(1, sizeof(*where));
	_cleanup_free_ struct step *waiting = malloc(most * sizeof(*waiting));
	struct parser parser = {.text = text, .at = text, .where = where, .waiting = waiting};
	struct hg_error *error = &hg_error_no_memory;

	if (!where)
		return error;
	where->step = malloc(most * sizeof(*where->step));
	where->stack = malloc(most * sizeof(*where->stack));
	if (waiting && where->step && where->stack)
		error = parse(&parser);
	if (error)
		where_destroy(where);
	else
		*ret = where;
	return error;
}

void where_destroy(struct where *where)
{
	if (!where)
		return;
	for (size_t i = 0; i < where->count; i++)
		free(where->step[i].text);
	free(where->step);
	free(where->stack);
	free(where);
}
