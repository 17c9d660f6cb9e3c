/* The libraries of a process as its dynamic linker knows them, with their open counts.
 *
 * Read from a frozen copy: the lists do not move. Works by the public part of struct link_map on
 * any C library; open counts and reasons to stay mapped need glibc's private part, whose layout is
 * calibrated in the process itself (calibrate.h). */
#pragma once

#include <stddef.h>

#include "../graph/hgs.h"
#include "process.h"

struct linkmap_library {
	struct hgs_library fact; /* fact.path is 0: the writer of strings sets it */
	char *path;
};

struct linkmap {
	struct linkmap_library *libraries;
	size_t num_libraries;
	struct hgs_segment *segments; /* path is 0; segments[i] is maps[i] */
	struct mapping *maps;	      /* of the copy: paths for the segments */
	size_t num_segments;
	const char *opens_unknown; /* why opens are HGS_NONE (static text); NULL where they are known */
	char *map_text;		   /* pool behind maps[].path */
};

/* `copy` is the frozen copy of `process` (or the process itself, where it stands still); `maps` is
 * the text of its /proc/PID/maps from before anything of ours was mapped there, which may fill the
 * very hole that an unloaded library left. A process without a dynamic linker has no libraries: no
 * error. O(libraries * their dependencies + maps). */
_must_check_ struct hg_error *linkmap_read(const struct process *process, const struct memory *copy,
					   const char *maps, struct linkmap **ret);
void linkmap_free(struct linkmap *linkmap);
