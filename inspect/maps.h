/* /proc/PID/maps as an array. */
#pragma once

#include <stddef.h>

#include "process.h"

/* Parses the text of /proc/PID/maps. `text` must be NUL-terminated; it is cut into the paths that
 * mapping.path points to, so it has to live as long as the array (caller frees both). A line that
 * is not understood is an error (-1, errno EINVAL); -1 with ENOMEM without memory. O(size). */
int maps_parse(char *text, struct mapping **ret, size_t *count);

/* The mapping that holds the address, or NULL. Ascending, as the kernel lists them. O(log n). */
const struct mapping *maps_find(const struct mapping *maps, size_t count, uint64_t address);
