/* Roots in words, and how well each explains what hangs on it. */
#pragma once

#include "snapshot.h"

/* "sys.modules", "atexit registry", "signal handler of SIGTERM", "context of thread 4243"; with
 * `comm` a thread's name follows its number: "thread 4243 (worker)". `root` is an index into ROOTS,
 * HGS_NONE: a reference that nothing found accounts for. Caller frees; NULL without memory. O(1). */
char *root_words(const struct snapshot *s, uint32_t root, bool comm);

/* As above for any thread: "thread-local of a thread". What is kept beyond one run must not name
 * numbers. */
char *root_kind_words(const struct snapshot *s, uint32_t root);

/* The words of a thread by itself, as above. */
char *thread_words(const struct snapshot *s, const struct hgs_thread *thread, bool comm);

/* Whose data a word lies in, one of place DATA or BSS in a library: "libmeter.so .bss". Caller frees;
 * NULL without memory. */
char *data_words(const struct snapshot *s, const struct hgs_word *word);
/* As above, of the first library beside the interpreter whose data has the object's address. *ret NULL
 * without an error: none has. O(words). */
_must_check_ struct hg_error *keeping_data_words(const struct snapshot *s, uint32_t object, char **ret);

/* Where a chain from such a root starts on reach.c's scale: 0 explains best. */
uint32_t root_distance(uint32_t kind);
