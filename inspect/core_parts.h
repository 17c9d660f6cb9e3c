/* Private to core.c and held.c: a process of which we have the memory in one of our own. */
#pragma once

#include "core.h"
#include "descriptors.h"

struct core {
	const char *name;
	char *own_name; /* behind `name` where it is not the caller's */
	struct core_file file;
	struct core_image image;
	struct freeze *freeze;
	struct process *process;
	char *maps, *gaps;
	bool held;		    /* it is there still, and /proc tells of it: no core file; held.h */
	struct descriptors before; /* of one that is held */
};
