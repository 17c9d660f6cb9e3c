/* References counted and references found. The rules are CPython's for all supported versions; what an
 * object holds that no tp_traverse shows is not found here. */
#pragma once

#include "snapshot.h"

/* Adds to found[] the references found to each object, and to tracked[] (NULL: not wanted) those that
 * gc would subtract. O(n + m). */
void surplus_find(const struct snapshot *s, uint32_t *found, uint32_t *tracked);

/* 3.11 gives its static objects, frozen modules' constants among them, a count of 999999999, which goes
 * up and down (Include/internal/pycore_object.h); from 3.12 on immortal objects have a flag. No other
 * object has half as many references. */
#define SURPLUS_STATIC 500000000u

/* Never freed, whatever its count. */
static inline bool surplus_immortal(const struct snapshot *s, uint32_t object)
{
	return s->flags[object] & HGS_OBJ_IMMORTAL || s->refs[object] >= SURPLUS_STATIC;
}

/* References to the object that were counted and not found. 0 where the count says nothing. */
static inline uint32_t surplus_of(const struct snapshot *s, uint32_t object, uint32_t found)
{
	if (surplus_immortal(s, object) || s->flags[object] & HGS_OBJ_PSEUDO ||
	    s->refs[object] <= found)
		return 0;
	return s->refs[object] - found;
}

/* What is known of a type for these questions. */
#define SURPLUS_MATTERS 1u /* a surplus of its instances can be somebody's business */
#define SURPLUS_LEAF 2u	   /* its instances hold no references */

/* A surplus is nobody's business of plain values, which are shared, interned and kept in free lists
 * all over; of types, whose caches and tables of subclasses do not count or are not shown; of code,
 * which functions and frames share. `traits` is from surplus_types(). O(1). */
static inline bool surplus_matters(const struct snapshot *s, const uint8_t *traits,
				   uint32_t object)
{
	uint32_t type = s->type[object];

	return type != HGS_NONE && traits[type] & SURPLUS_MATTERS &&
	       !(s->flags[object] & (HGS_OBJ_TYPE_OBJECT | HGS_OBJ_IMMORTAL | HGS_OBJ_BAD));
}

/* For each object that is a type: SURPLUS_*. Caller frees. O(n). */
_must_check_ struct hg_error *surplus_types(const struct snapshot *s, uint8_t **ret);
