/* Files on this machine that stand in for those that a core's process had mapped. */
#pragma once

#include "core_image.h"

/* Opens what stands in for binary->path, of which `mapping` is the first mapping: sets fd, or
 * missing. */
void core_binary_open(struct core_binary *binary, const struct core_file *core,
		      const struct core_mapping *mapping, const struct core_places *places);
/* Whether the core has the beginning of an ELF file there. */
bool core_binary_is_elf(const struct core_file *core, const struct core_mapping *mapping);
