#pragma once

#include "snapshot.h"

#define NO_COPIES 0x030d0000 /* of local variables: PEP 667 */
#define DEBUGGER_VARIABLES "__pdb_convenience_variables"

/* The flags of all objects with SNAPSHOT_LOOKS set where it applies, the caller's to free; NULL where
 * nobody looks. O(objects), and where a debugger is loaded O(references of modules, types and frames). */
_must_check_ struct hg_error *observers_find(const struct snapshot *s, uint32_t **ret);
