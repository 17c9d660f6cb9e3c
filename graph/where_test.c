/* Conditions, evaluated. */
#include <string.h>

#include "where_parts.h"
#include "words.h"

static bool test_number(const struct step *step, uint64_t value)
{
	switch (step->comparison) {
	case EQUAL:
		return value == step->number;
	case DIFFERENT:
		return value != step->number;
	case LESS:
		return value < step->number;
	case LESS_EQUAL:
		return value <= step->number;
	case GREATER:
		return value > step->number;
	default:
		return value >= step->number;
	}
}

static bool test_text(const struct step *step, const char *value)
{
	switch (step->comparison) {
	case CONTAINS:
		return strstr(value, step->text);
	case LACKS:
		return !strstr(value, step->text);
	case DIFFERENT:
		return strcmp(value, step->text) != 0;
	default:
		return !strcmp(value, step->text);
	}
}

/* "app.Session" goes by "Session" too, as OBJECT has it. */
static bool test_type(const struct step *step, const char *name)
{
	const char *dot = strrchr(name, '.');
	bool last = dot && !strcmp(dot + 1, step->text);

	if (step->comparison == EQUAL)
		return last || test_text(step, name);
	return !(step->comparison == DIFFERENT && last) && test_text(step, name);
}

static bool test_module(const struct step *step, const char *type)
{
	const char *dot = strrchr(type, '.');
	size_t length = dot ? (size_t)(dot - type) : 0, wanted = strlen(step->text);

	if (!dot)
		return test_text(step, "builtins");
	switch (step->comparison) {
	case CONTAINS:
		return memmem(type, length, step->text, wanted);
	case LACKS:
		return !memmem(type, length, step->text, wanted);
	case DIFFERENT:
		return length != wanted || memcmp(type, step->text, length) != 0;
	default:
		return length == wanted && !memcmp(type, step->text, length);
	}
}

static bool test(const struct step *step, const struct answer *answer, uint32_t object)
{
	const struct snapshot *s = answer->s;

	switch (step->field) {
	case FIELD_TYPE:
		return test_type(step, snapshot_type_name(s, object));
	case FIELD_MODULE:
		return test_module(step, snapshot_type_name(s, object));
	case FIELD_TEXT:
		return test_text(step, snapshot_text(s, object));
	case FIELD_SIZE:
		return test_number(step, s->size[object]);
	case FIELD_COUNT:
		return test_number(step, s->refs[object]);
	default:
		return test_text(step, reach_name(answer->reach->state[object]));
	}
}

bool where_matches(const struct where *where, const struct answer *answer, uint32_t object)
{
	bool *stack = where->stack;
	size_t depth = 0;

	if (answer->s->type[object] == HGS_NONE || answer->s->flags[object] & HGS_OBJ_PSEUDO)
		return false;
	for (size_t i = 0; i < where->count; i++) {
		const struct step *step = &where->step[i];

		if (step->kind == STEP_TEST) {
			stack[depth++] = test(step, answer, object);
		} else if (step->kind == STEP_NOT) {
			stack[depth - 1] = !stack[depth - 1];
		} else {
			depth--;
			stack[depth - 1] = step->kind == STEP_AND ? stack[depth - 1] && stack[depth]
								  : stack[depth - 1] || stack[depth];
		}
	}
	return stack[0];
}

struct hg_error *where_mark(const struct where *where, const struct answer *answer, uint8_t **ret)
{
	uint8_t *marked = malloc(answer->s->n + 1ul);

	if (!marked)
		return &hg_error_no_memory;
	for (uint32_t i = 0; i < answer->s->n; i++)
		marked[i] = where_matches(where, answer, i);
	*ret = marked;
	return NULL;
}
