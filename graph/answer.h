/* The answer: everything a report or a picture says, computed once from a snapshot.
 * Reports (text, JSON, DOT) only format it; they decide nothing. */
#pragma once

#include "graph.h"

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE };

/* The finding codes of docs/INTERFACE.md, one table in findings.c: code, default severity. */
enum finding_code {
	FINDING_DANGLING_HANDLE,
	FINDING_DANGLING_FUNCTION,
	FINDING_ALIASED_HANDLE,
	FINDING_LEAKED_OPEN,
	FINDING_CYCLE_PINS_HANDLE,
	FINDING_ROOT_PINS_HANDLE,
	FINDING_STILL_MAPPED,
	FINDING_NATIVE_CALLBACK,
	FINDING_REFERENCE_SURPLUS,
	FINDING_UNOWNED_DESCRIPTOR,
	FINDING_NATIVE_POINTER,
	FINDING_RESURRECTED,
	FINDING_UNTRAVERSABLE_TYPE,
	FINDING_GC_OFF,
	FINDING_GROWTH,
	FINDING_HANDLE_GROWTH,
	FINDING_DESCRIPTOR_GROWTH,
	FINDING_CODES
};
/* Those that only a diff has, in rows of its own and not in answer.findings. */
#define FINDING_DIFF_CODES \
	(UINT64_C(1) << FINDING_GROWTH | UINT64_C(1) << FINDING_HANDLE_GROWTH | \
	 UINT64_C(1) << FINDING_DESCRIPTOR_GROWTH)
const char *finding_code_name(enum finding_code code); /* "leaked-open" */
/* HGS_NONE-like -1 where the name is unknown. */
int finding_code_parse(const char *name);
const char *severity_name(enum severity severity);

enum holder_state { HOLDER_LIVE, HOLDER_GARBAGE, HOLDER_DANGLING, HOLDER_ALIASED };
enum held_by { HELD_BY_ROOT, HELD_BY_CYCLE, HELD_BY_NATIVE };

struct holder {
	const struct hgs_holder *fact;
	enum holder_state state;
	enum held_by held_by;
	uint32_t library; /* index, or HGS_NONE (stale: dangling or aliased) */
	struct chain chain; /* steps 0 where garbage */
	struct chain tail;  /* garbage: from the object of its cycle's ring that leads here to the
			     * object itself; steps 0 where it is in the ring */
	char *path;	    /* NULL where none */
	uint32_t cycle;	    /* index into answer.cycles, or HGS_NONE */
};

struct library {
	const struct hgs_library *fact;
	const char *path, *name; /* name: basename */
	const char *loaded_by;	 /* "dlopen" "import" "needed" "startup" "main" */
	uint32_t owners;
	uint32_t integers; /* reachable numbers that are its handle, as their values let infer */
	int64_t opens, leaked_opens; /* -1: unknown or says nothing (JSON null) */
	char **why;		     /* why_mapped, NULL-terminated */
	uint32_t *holders;	     /* indices into answer.holders */
	uint32_t num_holders;
};

/* A change that breaks a cycle, and one of the references that it takes away. */
struct cycle_cut {
	uint32_t from, to, edge; /* edge: its name */
	uint32_t references;	 /* of the cycle's component that go with it */
	char *advice;
};

struct cycle {
	uint32_t component;
	uint32_t holder; /* a handle's owner that this very ring keeps (others may hang on the equal
			  * cycles of the row): index into answer.holders, or HGS_NONE */
	uint32_t objects; /* an object and its attribute dictionary are one */
	uint64_t bytes;
	enum { CYCLE_GARBAGE, CYCLE_REACHABLE, CYCLE_FROZEN } state;
	bool finalizer;
	uint32_t *pins; /* library indices */
	uint32_t num_pins;
	struct chain ring; /* through the pinned owner where there is one */
	uint32_t cut;	   /* step of the ring whose edge is the one to cut; 0: none worth naming */
	struct cycle_cut *cuts; /* all that are to be made, that of `cut` first */
	uint32_t num_cuts;
	uint32_t frees;	   /* the object that no cycle keeps then; HGS_NONE: not known, only that the
			    * ring is broken */
	char *held_by;	   /* path; NULL where garbage */
	uint32_t count;	   /* how many equal cycles this row stands for (same types and edges), itself included */
};

/* For the cut that is marked in the ring; NULL: none. */
static inline const char *cycle_advice(const struct cycle *cycle)
{
	return cycle->cut ? cycle->cuts[0].advice : NULL;
}

struct descriptor {
	const struct hgs_descriptor *fact;
	const char *target;
	uint32_t owner; /* object, or HGS_NONE */
	char *path;	/* of the owner; NULL: none, or garbage */
	bool unowned;	/* nothing of Python may own it, and the process opened it itself */
};

enum native_hold {
	NATIVE_NOWHERE, /* more references than memory has words with its address */
	NATIVE_LIBRARY, /* a library's data holds its address */
	NATIVE_MEMORY,	/* heap or anonymous memory does, besides its known referrers */
};

/* An object with references that neither the walk nor CPython's own memory accounts for. */
struct native_reference {
	const struct hgs_surplus *fact;
	enum native_hold hold;
	uint32_t surplus;     /* what is not accounted for */
	uint32_t unaccounted; /* of these, those of which memory has no trace */
	uint32_t library;     /* the first whose data holds the address, or HGS_NONE */
	uint32_t word;	      /* there: index into s->words, or HGS_NONE */
	char **found_in;      /* "leakext.so .bss", "[heap]", NULL-terminated */
	char *path;	      /* NULL: none */
};

struct capsule {
	const struct hgs_capsule *fact;
	const char *name;
	char *path;   /* NULL: garbage */
	bool foreign; /* reaches into a library that is neither the interpreter's nor the standard
		       * library's */
};

struct finding {
	enum finding_code code;
	enum severity severity;
	char *title;	   /* one line */
	uint32_t library;  /* index or HGS_NONE */
	const char *library_name; /* also for libraries that are gone; NULL: none */
	uint64_t count;
	uint32_t *objects; /* at most 20 */
	uint32_t num_objects;
	uint32_t holder;   /* the example: index into holders or HGS_NONE */
	uint32_t cycle;	   /* index or HGS_NONE */
	char *evidence;	   /* one sentence with the numbers */
	char *advice;	   /* the line to change */
	uint64_t signature; /* the same for the same mistake in another run; of code and pattern */
	char *pattern;	   /* what keeps the example, without what differs between runs */
};

struct answer {
	const struct snapshot *s;
	const uint8_t *marked; /* of the objects that the question is about (--where); NULL: all.
				* The caller's */
	struct graph *graph;
	struct reach *reach;
	uint32_t *component;
	uint32_t num_components;
	struct library *libraries; /* as s->libraries */
	uint32_t num_libraries;
	struct holder *holders; /* as s->holders */
	uint32_t num_holders;
	struct cycle *cycles; /* those that pin a handle first, then by bytes; structural ones left out */
	uint32_t num_cycles;
	uint32_t all_cycles; /* cyclic components that the rows stand for (the sum of their counts) */
	struct finding *findings; /* most severe first */
	uint32_t num_findings;
	uint32_t num_known; /* behind these, in the baseline; see baseline_mute() */
	struct descriptor *descriptors; /* as s->descriptors */
	uint32_t num_descriptors;
	struct unload *unload; /* of the library that was asked for; NULL: none was */
	struct native_reference *native; /* by hold, then in the order of s->surplus */
	uint32_t num_native;
	struct capsule *capsules; /* as s->capsules */
	uint32_t num_capsules;
};

_must_check_ struct hg_error *answer_create(const struct snapshot *s, struct answer **ret);
/* Only what sizes and types need: the graph without in_edge, what is alive, holders, libraries.
 * Components, cycles, descriptors, capsules and findings are absent. */
_must_check_ struct hg_error *answer_create_heap(const struct snapshot *s, struct answer **ret);
void answer_destroy(struct answer *answer);

/* Whose handle a drawing of the finding leads to: its example; for a cycle the owner that the very
 * ring keeps which is drawn, where it holds the finding's library. NULL: none. O(holders). */
const struct holder *finding_holder(const struct answer *answer, const struct finding *finding);

/* OBJECT of docs/INTERFACE.md: "0x7f..", "type:NAME[#N]", "lib:NAME", "__main__.cache['a'].dll".
 * At most `max` indices into *ret (caller frees), *total says how many there are. Exit code 2 for
 * bad syntax, 1 where nothing matches. */
_must_check_ struct hg_error *select_objects(const struct answer *answer, const char *expression,
					     uint32_t max, uint32_t **ret, uint32_t *count,
					     uint64_t *total);
