/* A heap made by hand and its answer, for tests of what is found. */
#pragma once

#include "../../graph/answer.h"
#include "heap.h"

#define HANDLE 0x55550000ull /* the link map of a library of library() */

void library(struct heap *heap, const char *path, uint32_t opens, uint32_t flags);
/* Fails the test where there is no answer. */
struct answer *answer_of(struct heap *heap, struct snapshot **s);
void done(struct heap *heap, struct snapshot *s, struct answer *answer);
/* The first finding of a code, or NULL. */
const struct finding *find(const struct answer *answer, enum finding_code code);
