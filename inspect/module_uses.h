/* Which functions of other modules a module calls. */
#pragma once

#include "module.h"

struct module_use {
	const char *name; /* of an undefined dynamic symbol */
	uint32_t mask;
};

/* The masks of all names that the module needs from others, or'ed; UINT32_MAX where its symbols
 * cannot be read. O(symbols * count). */
uint32_t module_uses(const struct memory *memory, const struct module *module,
		     const struct module_use *uses, unsigned count);
