/* The version of an interpreter that has no Py_Version symbol (before 3.11).
 *
 * Py_GetVersion (Python/getversion.c, the same from 2.7 to 3.10) is
 *   static char version[250];
 *   PyOS_snprintf(version, sizeof(version), "%.80s (%.80s) %.80s", PY_VERSION, ...);
 * so its few instructions hold the addresses of the constant PY_VERSION and of the buffer in which
 * sys.version was made at start. Reading what those addresses point to finds the version by what it
 * is: the linker may have merged the constant into the tail of another ("/opt/python/3.8.18"),
 * where a search of the file for whole strings does not find it. */
#include "version.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_SIZE = 160, TEXT_SIZE = 64 };

static bool parse_number(const char **text, unsigned max, unsigned *ret)
{
	const char *p = *text;
	unsigned value = 0;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++) {
		value = value * 10 + (unsigned)(*p - '0');
		if (value > max)
			return false;
	}
	*text = p;
	*ret = value;
	return true;
}

bool py_version_parse(const char *text, uint32_t *version, const char **rest)
{
	const char *p = text;
	unsigned major, minor, micro, serial = 0, level = 0xf;

	if (!parse_number(&p, 9, &major) || *p++ != '.' || !parse_number(&p, 99, &minor) ||
	    *p++ != '.' || !parse_number(&p, 255, &micro) || major < 2)
		return false;
	/* Include/patchlevel.h: 0xA alpha, 0xB beta, 0xC candidate, 0xF final */
	if (*p == 'a' || *p == 'b' || (p[0] == 'r' && p[1] == 'c')) {
		level = *p == 'a' ? 0xa : *p == 'b' ? 0xb : 0xc;
		p += level == 0xc ? 2 : 1;
		if (!parse_number(&p, 15, &serial))
			return false;
	}
	if (*p == '+')
		p++;
	if (rest)
		*rest = p;
	*version = (uint32_t)(major << 24 | minor << 16 | micro << 8 | level << 4 | serial);
	return true;
}

/* The constant ends behind the version; in the buffer " (build, date) [compiler]" follows. */
static uint32_t version_at(const struct memory *memory, uint64_t address)
{
	char text[TEXT_SIZE];
	const char *rest;
	uint32_t version;

	if (memory_read_string(memory, address, text, sizeof(text)) < 0)
		return 0;
	if (!py_version_parse(text, &version, &rest))
		return 0;
	return *rest == '\0' || strncmp(rest, " (", 2) == 0 ? version : 0;
}

/* The address operand of an instruction that may start at code[i]: lea reg, [rip + disp32]
 * (position-independent code), mov reg, imm32 or mov reg, sign-extended imm32 (fixed address). */
static uint64_t operand_at(const uint8_t *code, size_t i, uint64_t address)
{
	int32_t value;

	if ((code[i] == 0x48 || code[i] == 0x4c) && code[i + 1] == 0x8d &&
	    (code[i + 2] & 0xc7) == 0x05) {
		memcpy(&value, code + i + 3, sizeof(value));
		return address + i + 7 + (uint64_t)(int64_t)value;
	}
	if (code[i] >= 0xb8 && code[i] <= 0xbf) {
		memcpy(&value, code + i + 1, sizeof(value));
		return (uint32_t)value;
	}
	if ((code[i] == 0x48 || code[i] == 0x49) && code[i + 1] == 0xc7) {
		memcpy(&value, code + i + 3, sizeof(value));
		return (uint64_t)(int64_t)value;
	}
	return 0;
}

/* The first that fits: behind the function's end the code of another one may follow. */
uint32_t py_version_of_code(const struct memory *memory, uint64_t function)
{
	uint8_t code[CODE_SIZE];

	if (memory_read(memory, function, code, sizeof(code)) < 0)
		return 0;
	for (size_t i = 0; i + 7 <= sizeof(code); i++) {
		uint64_t operand = operand_at(code, i, function);
		uint32_t version = operand >= 4096 ? version_at(memory, operand) : 0;

		if (version)
			return version;
	}
	return 0;
}

bool py_import_first_hook(uint32_t version, const char *path, char hook[PY_HOOK_NAME])
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	snprintf(hook, PY_HOOK_NAME, "PyModExport_%.*s", (int)strcspn(name, "."), name);
	return version >> 16 >= 0x030f;
}
