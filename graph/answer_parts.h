/* What the parts of the answer share while it is made. For those parts alone: reports and pictures
 * see answer.h. */
#pragma once

#include "answer.h"
#include "ring.h"

/* A component with a cycle in it. */
struct loop {
	uint32_t component;
	uint32_t first, size; /* members[first, first + size) */
	uint64_t bytes;
	uint8_t state;	 /* enum reach_state of its members */
	bool user;	 /* has an instance of a class written in Python other than a handle's owner */
	bool foreign;	 /* and of one that is not in the standard library */
	bool types;	 /* has a class among its members */
	bool finalizer;
	bool source;	 /* unreached, and nothing else unreached refers to it */
	uint32_t exit;	 /* member from which a handle is reached, or HGS_NONE */
	uint32_t owner;	 /* the holder reached (index into holders), or HGS_NONE */
	uint32_t row;	 /* index into answer.cycles, or HGS_NONE */
};

/* All cyclic components, ascending by component number. */
struct loops {
	struct loop *loop;
	uint32_t count;
	uint32_t *members;
	uint32_t *parent; /* of unreached objects: referrer + 1 on the way from a source; 0: none */
	uint32_t *edge;	  /* and the reference */
};

/* Which holders an object is: their indices sorted by object, for bsearch. */
struct owners {
	uint32_t *sorted;
	uint32_t count;
};

struct making {
	struct answer *answer;
	struct loops loops;
	struct owners owners;
	struct ring_search *search;
	char *stdlib;	  /* folder of the standard library, or NULL */
	uint8_t *origins; /* of classes, by object index, as loops.c found out */
};

/* The holder of that kind that the object is, or NULL. O(log holders). */
const struct holder *holder_at(const struct making *making, uint32_t object, uint32_t kind);
/* Alive by no root and by nothing native: garbage or frozen. */
static inline bool unreached(const struct answer *answer, uint32_t object)
{
	uint8_t state = answer->reach->state[object];

	return state == REACH_GARBAGE || state == REACH_FROZEN;
}

/* A library that came by dlopen from the application, not by import, with the process, or as a
 * dependency: only of such a one is an owner worth a word. */
static inline bool is_opened(const struct library *library)
{
	return library->loaded_by[0] == 'd';
}

/* Whether native code may have opened the library for itself: one that is known to, or something in
 * the process that calls dlopen() for who knows what. O(libraries). */
bool may_be_natives(const struct answer *answer, const struct library *library);

/* path_text() of an object that a root or native code keeps; *ret is NULL for others. O(length of the
 * chain). */
_must_check_ struct hg_error *object_path(const struct answer *answer, uint32_t object, char **ret);

/* Each fills its part of the answer. */
_must_check_ struct hg_error *holders_make(struct making *making);
_must_check_ struct hg_error *libraries_make(struct making *making);
_must_check_ struct hg_error *loops_make(struct making *making);
void loops_deinit(struct loops *loops);
/* Which cycle keeps each unreached holder; chains from there to it. After loops_make(). */
_must_check_ struct hg_error *pins_make(struct making *making);
_must_check_ struct hg_error *cycles_make(struct making *making);
_must_check_ struct hg_error *capsules_make(struct making *making);
_must_check_ struct hg_error *findings_make(struct making *making);

/* The loop of a component, or NULL. O(log loops). */
struct loop *loop_of(const struct loops *loops, uint32_t component);
/* An instance of a class that is neither builtin nor in the standard library. After loops_make(). */
bool object_is_foreign(struct making *making, uint32_t object);
/* The ring that stands for a loop, shortest ways inside its component. After pins_make(), with
 * making->search there. The caller owns *ret. O(component). */
_must_check_ struct hg_error *loop_ring(struct making *making, const struct loop *loop,
					struct chain *ret);

/* The cuts of all rows of answer->cycles. A bounded number of references is looked at in all. */
_must_check_ struct hg_error *cuts_make(struct making *making);
/* A ring that only ctypes itself made: CDLL -> its dict -> function -> b_objects -> CDLL. */
bool ring_is_function_cache(const struct making *making, const struct chain *ring);
/* A ring that only cffi itself made: an FFI object keeps each library that it opened in line, whose
 * functions keep it (_make_ffi_library() in cffi/api.py). */
bool ring_is_ffi(const struct snapshot *s, const struct chain *ring);
/* An object of a type that cffi defines. */
bool is_of_cffi(const struct snapshot *s, uint32_t object);
