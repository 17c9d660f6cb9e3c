#include "json.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "utf8.h"

struct json json_start(FILE *out) { return (struct json){.out = out, .empty = true}; }

struct hg_error *json_finish(struct json *json)
{
	fputc('\n', json->out);
	if (json->no_memory)
		return &hg_error_no_memory;
	if (fflush(json->out) || ferror(json->out))
		return hg_error_write(errno, "the JSON report");
	return NULL;
}

static void put_string(FILE *out, const char *text)
{
	size_t length = strlen(text);

	fputc('"', out);
	while (length) {
		int32_t code;
		size_t bytes = utf8_decode(text, length, &code);

		if (code == '"' || code == '\\')
			fprintf(out, "\\%c", code);
		else if (code == UTF8_INVALID)
			fputs("\\ufffd", out);
		else if (code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 ||
			 code == 0x2029)
			fprintf(out, "\\u%04x", (unsigned)code);
		else
			fwrite(text, 1, bytes, out);
		text += bytes;
		length -= bytes;
	}
	fputc('"', out);
}

static void newline(struct json *json)
{
	fputc('\n', json->out);
	for (unsigned i = 0; i < json->depth; i++)
		fputs("  ", json->out);
}

/* What stands before a value: comma, line, key. */
static void lead(struct json *json, const char *key)
{
	if (!json->empty)
		fputc(',', json->out);
	if (json->depth)
		newline(json);
	if (key) {
		put_string(json->out, key);
		fputs(": ", json->out);
	}
	json->empty = false;
}

static void open_level(struct json *json, const char *key, char bracket)
{
	lead(json, key);
	fputc(bracket, json->out);
	json->depth++;
	json->empty = true;
}

static void close_level(struct json *json, char bracket)
{
	json->depth--;
	if (!json->empty)
		newline(json);
	fputc(bracket, json->out);
	json->empty = false;
}

void json_object(struct json *json, const char *key) { open_level(json, key, '{'); }
void json_object_end(struct json *json) { close_level(json, '}'); }
void json_array(struct json *json, const char *key) { open_level(json, key, '['); }
void json_array_end(struct json *json) { close_level(json, ']'); }

void json_null(struct json *json, const char *key)
{
	lead(json, key);
	fputs("null", json->out);
}

void json_bool(struct json *json, const char *key, bool value)
{
	lead(json, key);
	fputs(value ? "true" : "false", json->out);
}

void json_uint(struct json *json, const char *key, uint64_t value)
{
	lead(json, key);
	fprintf(json->out, "%" PRIu64, value);
}

void json_hex(struct json *json, const char *key, uint64_t value)
{
	lead(json, key);
	fprintf(json->out, "\"0x%" PRIx64 "\"", value);
}

void json_ms(struct json *json, const char *key, uint64_t ns)
{
	lead(json, key);
	fprintf(json->out, "%" PRIu64 ".%03" PRIu64, ns / 1000000, ns / 1000 % 1000);
}

void json_string(struct json *json, const char *key, const char *value)
{
	if (!value) {
		json_null(json, key);
		return;
	}
	lead(json, key);
	put_string(json->out, value);
}

void json_take(struct json *json, const char *key, char *value)
{
	json->no_memory |= !value;
	json_string(json, key, value);
	free(value);
}
