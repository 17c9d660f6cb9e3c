/* A streaming JSON writer (RFC 8259): nothing is held in memory, keys come out in the order they
 * are written, two spaces per level.
 *
 * A failure sticks: writers go on calling, json_finish() tells. Strings may hold any bytes: what
 * is no UTF-8 becomes U+FFFD. `key` is NULL inside an array. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"

struct json {
	FILE *out;
	unsigned depth;
	bool empty;	/* nothing written yet at this level */
	bool no_memory; /* a string that was to be written could not be made */
};

struct json json_start(FILE *out);
/* Ends the text with a newline; an error where memory or the stream failed. */
_must_check_ struct hg_error *json_finish(struct json *json);

void json_object(struct json *json, const char *key);
void json_object_end(struct json *json);
void json_array(struct json *json, const char *key);
void json_array_end(struct json *json);

void json_null(struct json *json, const char *key);
void json_bool(struct json *json, const char *key, bool value);
void json_uint(struct json *json, const char *key, uint64_t value);
void json_hex(struct json *json, const char *key, uint64_t value); /* "0x7f12..." */
void json_ms(struct json *json, const char *key, uint64_t ns);	    /* milliseconds, 3 decimals */
void json_string(struct json *json, const char *key, const char *value); /* NULL: null */
/* A string just made for this: frees it; NULL means that there was no memory for it. */
void json_take(struct json *json, const char *key, char *value);
