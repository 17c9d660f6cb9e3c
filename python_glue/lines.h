/* The line of an instruction, from the table that a code object carries. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* `table` is co_lnotab (3.8, 3.9) or co_linetable (3.10 on) of `size` bytes, `lasti` the byte offset
 * of the instruction; negative: the code has not begun, which is its first line. 0 where the table
 * gives no line. Any bytes are safe. O(size). */
int py_line(uint32_t minor, const uint8_t *table, size_t size, int firstlineno, int lasti);
