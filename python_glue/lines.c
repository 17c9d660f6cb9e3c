/* Three formats of line table, each described in CPython's own Objects/lnotab_notes.txt (to 3.10)
 * and Objects/locations.md, later InternalDocs/code_objects.md (from 3.11). */
#include "lines.h"

#include <stdbool.h>

/* 3.8, 3.9: pairs of an unsigned step in bytes and a signed step in lines. */
static int line_by_lnotab(const uint8_t *table, size_t size, int line, int lasti)
{
	int64_t address = 0, at = line;

	for (size_t i = 0; i + 1 < size; i += 2) {
		address += table[i];
		if (address > lasti)
			break;
		at += (int8_t)table[i + 1];
	}
	return (int)at;
}

/* 3.10: pairs of a length in bytes and a signed step in lines that holds for it; -128: no line. */
static int line_by_ranges(const uint8_t *table, size_t size, int line, int lasti)
{
	int64_t end = 0, at = line;

	for (size_t i = 0; i + 1 < size; i += 2) {
		int8_t step = (int8_t)table[i + 1];

		end += table[i];
		if (step != -128)
			at += step;
		if (lasti < end)
			return step == -128 ? 0 : (int)at;
	}
	return 0;
}

enum { LOCATION_ONE_LINE = 10, LOCATION_NO_COLUMNS = 13, LOCATION_LONG = 14, LOCATION_NONE = 15 };

/* Six bits a byte, least significant first, bit 6 says that more follow; the lowest bit of the
 * whole is the sign. */
static int64_t signed_varint(const uint8_t *table, size_t size, size_t at)
{
	uint64_t value = 0;

	for (unsigned shift = 0; at < size && shift < 64; shift += 6) {
		uint8_t byte = table[at++];

		value |= (uint64_t)(byte & 63) << shift;
		if (!(byte & 64))
			break;
	}
	return value & 1 ? -(int64_t)(value >> 1) : (int64_t)(value >> 1);
}

/* 3.11 on: entries that begin with a byte 1cccclll, c the kind and l + 1 the length in code units
 * of two bytes; what follows has bit 7 clear. */
static int line_by_locations(const uint8_t *table, size_t size, int line, int lasti)
{
	int64_t end = 0, at = line;

	for (size_t i = 0; i < size;) {
		unsigned kind = table[i] >> 3 & 15;

		end += 2 * ((table[i] & 7) + 1);
		if (kind == LOCATION_LONG || kind == LOCATION_NO_COLUMNS)
			at += signed_varint(table, size, i + 1);
		else if (kind >= LOCATION_ONE_LINE && kind < LOCATION_NO_COLUMNS)
			at += kind - LOCATION_ONE_LINE;
		if (lasti < end)
			return kind == LOCATION_NONE ? 0 : (int)at;
		do
			i++;
		while (i < size && !(table[i] & 128));
	}
	return 0;
}

int py_line(uint32_t minor, const uint8_t *table, size_t size, int firstlineno, int lasti)
{
	if (lasti < 0)
		return firstlineno;
	if (minor <= 9)
		return line_by_lnotab(table, size, firstlineno, lasti);
	if (minor == 10)
		return line_by_ranges(table, size, firstlineno, lasti);
	return line_by_locations(table, size, firstlineno, lasti);
}
