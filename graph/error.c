#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

struct hg_error hg_error_no_memory = {
	.code = HG_EXIT_FAILURE,
	.message = "out of memory",
};

static struct hg_error *make(enum hg_exit code, char *message)
{
	struct hg_error *error = message ? calloc(1, sizeof(*error)) : NULL;

	if (!error) {
		free(message);
		return &hg_error_no_memory;
	}
	error->code = code;
	error->message = message;
	return error;
}

struct hg_error *hg_error_new(enum hg_exit code, const char *format, ...)
{
	char *message;
	va_list args;

	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	return make(code, message);
}

struct hg_error *hg_error_errno(enum hg_exit code, int errnum, const char *format, ...)
{
	_cleanup_free_ char *what = NULL;
	char *message;
	va_list args;

	va_start(args, format);
	if (vasprintf(&what, format, args) < 0)
		what = NULL;
	va_end(args);
	if (!what || asprintf(&message, "%s: %s", what, strerror(errnum)) < 0)
		message = NULL;
	return make(code, message);
}

struct hg_error *hg_error_hint(struct hg_error *error, const char *format, ...)
{
	char *hint;
	va_list args;

	if (!error || error == &hg_error_no_memory)
		return error;
	va_start(args, format);
	if (vasprintf(&hint, format, args) < 0)
		hint = NULL;
	va_end(args);
	free(error->hint);
	error->hint = hint;
	return error;
}

void hg_error_free(struct hg_error *error)
{
	if (!error || error == &hg_error_no_memory)
		return;
	free(error->message);
	free(error->hint);
	free(error);
}

struct hg_error *hg_error_first(struct hg_error *first, struct hg_error *second)
{
	if (!first)
		return second;
	hg_error_free(second);
	return first;
}

struct hg_error *hg_error_write(int errnum, const char *what)
{
	struct hg_error *error = hg_error_errno(HG_EXIT_FAILURE, errnum, "cannot write %s", what);

	if (errnum == ENOSPC || errnum == EDQUOT)
		return hg_error_hint(error, "make room there, or write to another file system");
	return error;
}
