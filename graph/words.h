/* The fixed words and figures of all reports: enumerations, versions, counts, sizes. */
#pragma once

#include "answer.h"

#define WORD_SIZE 32 /* a buffer for any figure below */

/* Names of docs/INTERFACE.md. Static strings; "unknown" for a value that this version lacks. */
const char *holder_kind_name(uint32_t hgs_holder_kind);
const char *holder_state_name(enum holder_state state);
const char *held_by_name(enum held_by held_by);
const char *cycle_state_name(const struct cycle *cycle);
const char *reach_name(uint8_t reach_state);
const char *method_name(uint32_t hgs_method);

/* Each writes into buffer, of WORD_SIZE bytes, and returns it. */
const char *version_words(uint32_t py_version_hex, char *buffer); /* "3.11.7", "3.14.0rc2" */
const char *count_words(uint64_t count, char *buffer);		   /* "1,234,567" */
const char *bytes_words(uint64_t bytes, char *buffer);		   /* "512 B", "1.9 MB": 1 MB = 10^6 */
const char *duration_words(uint64_t ns, char *buffer);		   /* "2.9 ms", "1.4 s" */

static inline const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* basename of a path; the path itself where it ends in a slash. */
const char *base_name(const char *path);

/* Bytes of all objects. O(n). */
uint64_t heap_bytes(const struct snapshot *s);
