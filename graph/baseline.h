/* A baseline: findings that are known, so that only a new one fails a build.
 *
 *	# comment
 *	growth 9916dbf835ea6aea module app > .sessions dict > [*] app.Session
 *
 * A line has the code, the signature, and words for people, which are not read. */
#pragma once

#include "answer.h"
#include "diff.h"

struct baseline;

/* Exit code 2, with the number of the line, where it is none; 1 where the file cannot be read. */
_must_check_ struct hg_error *baseline_read(const char *path, struct baseline **ret);
/* As above, from an open file. */
_must_check_ struct hg_error *baseline_parse(FILE *in, const char *name, struct baseline **ret);
void baseline_destroy(struct baseline *baseline);

/* O(log lines). */
bool baseline_knows(const struct baseline *baseline, enum finding_code code, uint64_t signature);

/* Moves known findings behind the others, which keep their order: see struct answer. */
void baseline_mute(const struct baseline *baseline, struct answer *answer);
/* Marks known rows. */
void baseline_mark(const struct baseline *baseline, struct diff *diff);

/* Writes a baseline that knows all that is found, also what was known before. */
_must_check_ struct hg_error *baseline_write(FILE *out, const struct answer *answer);
_must_check_ struct hg_error *baseline_write_diff(FILE *out, const struct diff *diff);
