#include "words.h"

#include <inttypes.h>
#include <string.h>

const char *holder_kind_name(uint32_t kind)
{
	switch (kind) {
	case HGS_HOLDER_HANDLE:
		return "handle";
	case HGS_HOLDER_FUNCTION:
		return "function";
	case HGS_HOLDER_CALLBACK:
		return "callback";
	case HGS_HOLDER_MODULE:
		return "module";
	case HGS_HOLDER_TYPE:
		return "type";
	case HGS_HOLDER_CAPSULE:
		return "capsule";
	case HGS_HOLDER_INTEGER:
		return "integer";
	}
	return "unknown";
}

const char *holder_state_name(enum holder_state state)
{
	switch (state) {
	case HOLDER_LIVE:
		return "live";
	case HOLDER_GARBAGE:
		return "garbage";
	case HOLDER_DANGLING:
		return "dangling";
	case HOLDER_ALIASED:
		return "aliased";
	}
	return "unknown";
}

const char *held_by_name(enum held_by held_by)
{
	switch (held_by) {
	case HELD_BY_ROOT:
		return "root";
	case HELD_BY_CYCLE:
		return "cycle";
	case HELD_BY_NATIVE:
		return "native";
	}
	return "unknown";
}

const char *cycle_state_name(const struct cycle *cycle)
{
	switch (cycle->state) {
	case CYCLE_GARBAGE:
		return "garbage";
	case CYCLE_REACHABLE:
		return "reachable";
	case CYCLE_FROZEN:
		return "frozen";
	}
	return "unknown";
}

const char *reach_name(uint8_t state)
{
	switch ((enum reach_state)state) {
	case REACH_GARBAGE:
		return "garbage";
	case REACH_ROOT:
		return "root";
	case REACH_NATIVE:
		return "native";
	case REACH_FROZEN:
		return "frozen";
	}
	return "unknown";
}

const char *method_name(uint32_t method)
{
	switch (method) {
	case HGS_FORK:
		return "fork";
	case HGS_PAUSE:
		return "pause";
	case HGS_CORE:
		return "core";
	case HGS_IN_PROCESS:
		return "in-process";
	case HGS_HELD:
		return "held";
	}
	return "unknown";
}

/* PY_VERSION_HEX as Include/patchlevel.h packs it: major, minor, micro bytes, then a nibble of
 * release level (0xA, 0xB, 0xC, 0xF) and a nibble of serial. */
const char *version_words(uint32_t hex, char *buffer)
{
	unsigned level = hex >> 4 & 15, serial = hex & 15;
	int used = snprintf(buffer, WORD_SIZE, "%u.%u.%u", hex >> 24, hex >> 16 & 255,
			    hex >> 8 & 255);

	if (level >= 0xa && level <= 0xc)
		snprintf(buffer + used, WORD_SIZE - (size_t)used, "%s%u",
			 level == 0xa ? "a" : level == 0xb ? "b" : "rc", serial);
	return buffer;
}

const char *count_words(uint64_t count, char *buffer)
{
	char digits[WORD_SIZE];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	char *to = buffer;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return buffer;
}

const char *bytes_words(uint64_t bytes, char *buffer)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
	double value = (double)bytes / 1000;
	size_t unit = 0;

	if (bytes < 1000) {
		snprintf(buffer, WORD_SIZE, "%" PRIu64 " B", bytes);
		return buffer;
	}
	/* 999.5 would be printed as 1000. */
	while (value >= 999.5 && unit + 1 < sizeof(units) / sizeof(*units)) {
		value /= 1000;
		unit++;
	}
	snprintf(buffer, WORD_SIZE, value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return buffer;
}

const char *duration_words(uint64_t ns, char *buffer)
{
	double ms = (double)ns / 1e6;

	if (ms >= 999.5)
		snprintf(buffer, WORD_SIZE, "%.1f s", ms / 1000);
	else
		snprintf(buffer, WORD_SIZE, ms < 9.95 ? "%.1f ms" : "%.0f ms", ms);
	return buffer;
}

const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

uint64_t heap_bytes(const struct snapshot *s)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < s->n; i++)
		bytes += s->size[i];
	return bytes;
}
