/* OBJECT of docs/INTERFACE.md: an address, a type, a library's holders, or an expression that
 * begins at a module and is followed along the edge names of the snapshot. Nothing is evaluated:
 * what Python would compute (properties, class attributes, negative indices) is not found. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "answer_parts.h"
#include "edge_text.h"
#include "modules.h"
#include "words.h"

struct selection {
	uint32_t *objects;
	uint32_t count, max;
	uint64_t total;
	size_t known; /* how much of an expression leads to an object */
};

static void take(struct selection *selection, uint32_t object)
{
	if (selection->count < selection->max)
		selection->objects[selection->count++] = object;
	selection->total++;
}

static struct hg_error *bad_syntax(const char *expression, const char *at)
{
	return hg_error_hint(
		hg_error_new(HG_EXIT_USAGE, "cannot read the object '%s': unexpected '%s'",
			     expression, at),
		"write 0xADDRESS, type:NAME, type:NAME#N, lib:NAME or module.name['key'][0]");
}

static struct hg_error *by_address(const struct snapshot *s, const char *text,
				   struct selection *selection)
{
	uint64_t address;
	char *end;

	errno = 0;
	address = strtoull(text, &end, 16);
	if (errno || *end)
		return bad_syntax(text, end);
	for (uint32_t i = 0; i < s->n; i++)
		if (s->addr[i] == address)
			take(selection, i);
	return NULL;
}

/* The full name, or its part behind the module. */
static bool is_named(const char *type, const char *name, size_t length)
{
	const char *dot = strrchr(type, '.');

	if (strlen(type) == length && strncmp(type, name, length) == 0)
		return true;
	return dot && strlen(dot + 1) == length && strncmp(dot + 1, name, length) == 0;
}

static struct hg_error *by_type(const struct snapshot *s, const char *expression, const char *name,
				struct selection *selection)
{
	size_t length = strcspn(name, "#");
	_cleanup_free_ uint8_t *wanted = calloc((size_t)s->n + 1, 1);
	uint64_t nth = 0, seen = 0;
	char *end;

	if (!wanted)
		return &hg_error_no_memory;
	if (name[length]) {
		nth = strtoull(name + length + 1, &end, 10);
		if (!nth || *end)
			return bad_syntax(expression, name + length);
	}
	for (uint32_t i = 0; i < s->n; i++)
		wanted[i] = (s->flags[i] & HGS_OBJ_TYPE_OBJECT) &&
			    is_named(snapshot_text(s, i), name, length);
	for (uint32_t i = 0; i < s->n; i++)
		if (s->type[i] != HGS_NONE && wanted[s->type[i]] && (++seen == nth || !nth))
			take(selection, i);
	return NULL;
}

/* "libfoo.so", "libfoo.so.1" for "libfoo.so.1.2", "foo" for "libfoo.so", or the whole path. */
static bool is_library(const char *path, const char *name)
{
	const char *base = base_name(path);
	size_t length = strlen(name);

	if (strcmp(path, name) == 0 ||
	    (strncmp(base, name, length) == 0 && (!base[length] || base[length] == '.')))
		return true;
	return strncmp(base, "lib", 3) == 0 && strncmp(base + 3, name, length) == 0 &&
	       base[3 + length] == '.';
}

static void by_library(const struct answer *answer, const char *name, struct selection *selection)
{
	const struct snapshot *s = answer->s;

	for (uint32_t i = 0; i < answer->num_holders; i++) {
		const struct holder *holder = &answer->holders[i];
		uint32_t path = holder->library == HGS_NONE ? holder->fact->names
							     : s->libraries[holder->library].path;

		if (*name && is_library(snapshot_string(s, path), name))
			take(selection, holder->fact->object);
	}
}

static bool key_is(const struct snapshot *s, uint64_t edge, const char *text, size_t length,
		   const char *type)
{
	uint32_t key = HGS_EDGE_PAYLOAD(s->name[edge]);
	const char *have;

	if (HGS_EDGE_KIND(s->name[edge]) != HGS_EDGE_KEY)
		return false;
	have = snapshot_text(s, key);
	return strncmp(have, text, length) == 0 && !have[length] && type_is(s, key, type);
}

static bool name_is(const struct snapshot *s, uint64_t edge, const char *text, size_t length)
{
	uint32_t payload = HGS_EDGE_PAYLOAD(s->name[edge]);
	enum hgs_edge kind = HGS_EDGE_KIND(s->name[edge]);
	const char *have;

	if (kind != HGS_EDGE_ATTR && kind != HGS_EDGE_MEMBER)
		return false;
	have = kind == HGS_EDGE_ATTR ? snapshot_text(s, payload) : snapshot_string(s, payload);
	return strncmp(have, text, length) == 0 && !have[length];
}

/* `object.NAME`: its own attribute, or a key of its attribute dictionary. */
static uint32_t attribute(const struct snapshot *s, uint32_t object, const char *name, size_t length)
{
	uint32_t dict = attribute_dict(s, object);

	for (uint64_t e = s->start[object]; e < s->start[object + 1]; e++)
		if (name_is(s, e, name, length))
			return s->target[e];
	if (length == 8 && strncmp(name, "__dict__", 8) == 0)
		return dict;
	if (dict == HGS_NONE)
		return HGS_NONE;
	for (uint64_t e = s->start[dict]; e < s->start[dict + 1]; e++)
		if (key_is(s, e, name, length, "str"))
			return s->target[e];
	return HGS_NONE;
}

/* `object[TEXT]`: a str key where quoted, else a position or an int key. */
static uint32_t item(const struct snapshot *s, uint32_t object, const char *text, size_t length,
		     bool quoted)
{
	for (uint64_t e = s->start[object]; e < s->start[object + 1]; e++) {
		if (key_is(s, e, text, length, quoted ? "str" : "int"))
			return s->target[e];
		if (!quoted && HGS_EDGE_KIND(s->name[e]) == HGS_EDGE_INDEX &&
		    HGS_EDGE_PAYLOAD(s->name[e]) == strtoul(text, NULL, 10))
			return s->target[e];
	}
	return HGS_NONE;
}

/* Follows one ".name" or "[key]" and moves *at behind it. False where it is neither. What is not there
 * (HGS_NONE) is still read on, so that bad syntax is told from an absent object. */
static bool follow(const struct snapshot *s, uint32_t *object, const char **at)
{
	const char *text = *at + 1;
	size_t length;
	char quote;

	if (**at == '.') {
		length = strcspn(text, ".[");
		if (*object != HGS_NONE)
			*object = attribute(s, *object, text, length);
		*at = text + length;
		return length > 0;
	}
	if (**at != '[')
		return false;
	quote = *text == '\'' || *text == '"' ? *text : 0;
	if (quote) {
		const char *end = strchr(++text, quote);

		if (!end || end[1] != ']')
			return false;
		length = (size_t)(end - text);
		*at = end + 2;
	} else {
		length = strspn(text, "0123456789");
		if (!length || text[length] != ']')
			return false;
		*at = text + length + 1;
	}
	if (*object != HGS_NONE)
		*object = item(s, *object, text, length, quote != 0);
	return true;
}

/* The module whose name is the longest beginning of the expression; *at stands behind it. */
static uint32_t module_of(const struct snapshot *s, const char *expression, const char **at)
{
	uint32_t found = HGS_NONE;
	size_t best = 0;

	for (uint32_t i = 0; i < s->num_roots; i++) {
		uint32_t table = s->roots[i].object;

		for (uint64_t e = s->start[table]; e < s->start[table + 1]; e++) {
			const char *name;
			size_t length;

			if (s->roots[i].kind != HGS_ROOT_MODULES ||
			    HGS_EDGE_KIND(s->name[e]) != HGS_EDGE_KEY)
				continue;
			name = snapshot_text(s, HGS_EDGE_PAYLOAD(s->name[e]));
			length = strlen(name);
			if (length <= best || strncmp(expression, name, length) != 0 ||
			    !strchr(".[", expression[length])) /* or its end */
				continue;
			best = length;
			found = s->target[e];
		}
	}
	*at = expression + best;
	return found;
}

/* A variable of an IPython goes by its name alone. */
static uint32_t users_variable(const struct snapshot *s, const char *expression, const char **at)
{
	uint32_t main = module_named(s, "__main__", strlen("__main__"));
	uint32_t names = main == HGS_NONE ? HGS_NONE : attribute_dict(s, main);

	*at = expression + strcspn(expression, ".[");
	if (names == HGS_NONE || !(s->flags[names] & SNAPSHOT_DISPLAYED))
		return HGS_NONE;
	return attribute(s, main, expression, (size_t)(*at - expression));
}

static struct hg_error *by_expression(const struct snapshot *s, const char *expression,
				      struct selection *selection)
{
	const char *at;
	uint32_t object;

	if (!isalpha((unsigned char)*expression) && *expression != '_')
		return bad_syntax(expression, expression);
	object = module_of(s, expression, &at);
	if (object == HGS_NONE)
		object = users_variable(s, expression, &at);
	while (*at) {
		const char *before = at;

		if (object != HGS_NONE)
			selection->known = (size_t)(at - expression);
		if (!follow(s, &object, &at))
			return bad_syntax(expression, before);
	}
	if (object != HGS_NONE)
		take(selection, object);
	return NULL;
}

static struct hg_error *not_there(const char *expression, const struct selection *selection)
{
	struct hg_error *error =
		hg_error_new(HG_EXIT_FAILURE, "no object '%s' in the snapshot", expression);

	if (!strncmp(expression, "0x", 2))
		return hg_error_hint(error, "an address holds for one process, and until its object "
				     "goes: type:NAME, lib:NAME or an expression find it anew");
	if (!strncmp(expression, "type:", 5))
		return hg_error_hint(error, "`heapgraph types` lists the types that are there");
	if (!strncmp(expression, "lib:", 4))
		return hg_error_hint(error,
				     "`heapgraph handles` lists the libraries that have holders");
	if (selection->known)
		return hg_error_hint(error, "%.*s is there: `heapgraph refs` shows what it refers to",
				     (int)selection->known, expression);
	return hg_error_hint(error, "begin with a module that is imported, such as __main__");
}

struct hg_error *select_objects(const struct answer *answer, const char *expression, uint32_t max,
				uint32_t **ret, uint32_t *count, uint64_t *total)
{
	uint64_t all = (uint64_t)answer->s->n + answer->num_holders;
	struct selection selection = {.max = max < all ? max : (uint32_t)all};
	struct hg_error *error = NULL;

	selection.objects = malloc(((size_t)selection.max + 1) * sizeof(*selection.objects));
	if (!selection.objects)
		return &hg_error_no_memory;
	if (strncmp(expression, "0x", 2) == 0)
		error = by_address(answer->s, expression, &selection);
	else if (strncmp(expression, "type:", 5) == 0)
		error = by_type(answer->s, expression, expression + 5, &selection);
	else if (strncmp(expression, "lib:", 4) == 0)
		by_library(answer, expression + 4, &selection);
	else
		error = by_expression(answer->s, expression, &selection);
	if (!error && !selection.total)
		error = not_there(expression, &selection);
	if (error) {
		free(selection.objects);
		return error;
	}
	*ret = selection.objects;
	*count = selection.count;
	*total = selection.total;
	return NULL;
}
