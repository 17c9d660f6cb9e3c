/* A condition as it is parsed (where.c) and evaluated (where_test.c). */
#pragma once

#include "where.h"

enum field { FIELD_TYPE, FIELD_MODULE, FIELD_TEXT, FIELD_SIZE, FIELD_COUNT, FIELD_STATE, FIELDS };

enum comparison { EQUAL, DIFFERENT, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, CONTAINS, LACKS };

/* In the order of precedence, the weakest first. OPEN only waits on the stack. */
enum step_kind { STEP_OPEN, STEP_OR, STEP_AND, STEP_NOT, STEP_TEST };

struct step {
	enum step_kind kind;
	enum field field;
	enum comparison comparison;
	uint64_t number;
	char *text;
	size_t at; /* where it stands, for messages */
};

struct where {
	struct step *step; /* operands before their operator */
	size_t count;
	bool *stack; /* to evaluate them; as long as steps are many */
};
