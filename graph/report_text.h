/* Pieces of the text report that its files share. */
#pragma once

#include "dominators.h"
#include "page.h"
#include "steps.h"

/* Process and capture, two to four lines. */
void text_header(struct page *page, const struct answer *answer);

/* A chain or ring, one line a step, every edge named; the middle of a long one is left out and
 * counted unless -v. With `ring` a margin closes it; the cut is marked. */
_must_check_ struct hg_error *text_chain(struct page *page, const struct snapshot *s,
					 const struct chain *chain, int indent);
_must_check_ struct hg_error *text_ring(struct page *page, const struct snapshot *s,
					const struct chain *ring, uint32_t cut, int indent);
/* From a ring to what it holds: as text_chain() without the first object, which the ring shows. */
_must_check_ struct hg_error *text_tail(struct page *page, const struct snapshot *s,
					const struct chain *tail, int indent);

/* The line to change where the chain leads through what keeps objects longer than people think. */
void text_advice(struct page *page, const struct snapshot *s, const struct chain *chain, int indent);

_must_check_ struct hg_error *text_findings(struct page *page, const struct answer *answer);
/* Which libraries: those that an application opened, or with -v all. */
void text_libraries(struct page *page, const struct answer *answer);
void text_descriptors(struct page *page, const struct answer *answer);
void text_capsules(struct page *page, const struct answer *answer);
_must_check_ struct hg_error *text_handles(struct page *page, const struct answer *answer);
_must_check_ struct hg_error *text_cycles(struct page *page, const struct answer *answer);
/* Nothing where there are none. */
_must_check_ struct hg_error *text_suspects(struct page *page, const struct answer *answer);
_must_check_ struct hg_error *text_types(struct page *page, const struct answer *answer);
_must_check_ struct hg_error *text_objects(struct page *page, const struct answer *answer,
					   enum object_part part, const uint32_t *objects,
					   uint32_t count, uint64_t total, int depth);

/* why, of `count` objects together. */
_must_check_ struct hg_error *text_crowds(struct page *page, const struct answer *answer,
					  const uint32_t *objects, uint64_t count);

_must_check_ struct hg_error *text_retained(struct page *page, const struct answer *answer,
					    const struct dominators *d, uint32_t depth);
_must_check_ struct hg_error *text_retained_objects(struct page *page,
						    const struct answer *answer,
						    const struct dominators *d,
						    const uint32_t *objects, uint32_t count,
						    uint64_t total);

/* Rows of `total` that style->limit leaves, and the line that says what is missing. */
uint64_t text_limited(const struct page *page, uint64_t total);
void text_rest(struct page *page, int indent, uint64_t total, uint64_t shown, const char *what);

struct unload;
void text_unload(struct page *page, const struct answer *answer, const struct unload *unload);
