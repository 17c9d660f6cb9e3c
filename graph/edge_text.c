/* Words for one reference and for one object, as Python itself would write them. */
#include "edge_text.h"

#include <ctype.h>
#include <string.h>

#include "memtext.h"

bool type_is(const struct snapshot *s, uint32_t object, const char *name)
{
	return strcmp(snapshot_type_name(s, object), name) == 0;
}

/* One class for each CDLL, one for each prototype (Lib/ctypes/__init__.py, of every version). */
bool is_ctypes_function(const struct snapshot *s, uint32_t object)
{
	const char *type = snapshot_type_name(s, object), *local = strstr(type, ".<locals>.");

	return local && strncmp(type, "ctypes.", 7) == 0 &&
	       (strcmp(local, ".<locals>._FuncPtr") == 0 ||
		strcmp(local, ".<locals>.CFunctionType") == 0);
}

const char *type_words(const struct snapshot *s, uint32_t object)
{
	return is_ctypes_function(s, object) ? "ctypes function" : snapshot_type_name(s, object);
}

bool is_identifier(const char *text)
{
	if (!*text || isdigit((unsigned char)*text))
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && *text != '_' && !(*text & 0x80))
			return false;
	return true;
}

/* As repr() of a str: single quotes, backslash escapes; other bytes as they are. */
static void quote(FILE *out, const char *text, bool cut)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			fprintf(out, "\\%c", *text);
		else if (*text == '\n')
			fputs("\\n", out);
		else if ((unsigned char)*text < 32 || *text == 127)
			fprintf(out, "\\x%02x", *text);
		else
			fputc(*text, out);
	}
	fputs(cut ? "…'" : "'", out);
}

void object_print(FILE *out, const struct snapshot *s, uint32_t object)
{
	const char *text = snapshot_text(s, object), *type = snapshot_type_name(s, object);
	bool cut = s->flags[object] & HGS_OBJ_TEXT_CUT;

	if (strcmp(type, "str") == 0 || strcmp(type, "bytes") == 0) {
		if (*type == 'b')
			fputc('b', out);
		quote(out, text, cut);
	} else if (!*text) {
		return;
	} else if (s->flags[object] & HGS_OBJ_TYPE_OBJECT) {
		fprintf(out, "<class %s>", text);
	} else if (s->flags[object] & HGS_OBJ_MODULE) {
		fprintf(out, "<module %s>", text);
	} else if (strcmp(type, "int") == 0 || strcmp(type, "float") == 0 ||
		   strcmp(type, "bool") == 0 || strcmp(type, "NoneType") == 0) {
		fprintf(out, "%s%s", text, cut ? "…" : "");
	} else {
		fprintf(out, "<%s %s%s>", type, text, cut ? "…" : "");
	}
}

char *object_text(const struct snapshot *s, uint32_t object)
{
	struct memtext m;

	if (!memtext_open(&m))
		return NULL;
	object_print(m.out, s, object);
	return memtext_close(&m);
}

void key_print(FILE *out, const struct snapshot *s, uint32_t key)
{
	const char *text = snapshot_text(s, key);

	fputc('[', out);
	if (*text || type_is(s, key, "str") || type_is(s, key, "bytes"))
		object_print(out, s, key);
	else
		fprintf(out, "<%s>", snapshot_type_name(s, key));
	fputc(']', out);
}

/* Asked of every object along a chain, and of few with success. */
static bool may_have_frame(const struct snapshot *s, uint32_t object)
{
	return s->flags[object] & HGS_OBJ_PSEUDO || type_is(s, object, "frame") ||
	       type_is(s, object, "generator") || type_is(s, object, "coroutine") ||
	       type_is(s, object, "async_generator");
}

const struct hgs_frame *frame_of(const struct snapshot *s, uint32_t object)
{
	if (!may_have_frame(s, object))
		return NULL;
	for (uint32_t i = 0; i < s->num_frames; i++)
		if (s->frames[i].object == object)
			return &s->frames[i];
	return NULL;
}

/* The frame object of a suspended generator has no row in FRAMES (the generator has), but refers to its
 * code. */
static void frame_print_code(FILE *out, const struct snapshot *s, uint32_t object)
{
	for (uint64_t e = s->start[object]; e < s->start[object + 1]; e++) {
		if (type_is(s, s->target[e], "code")) {
			fprintf(out, " in %s", snapshot_text(s, s->target[e]));
			return;
		}
	}
}

void frame_print(FILE *out, const struct snapshot *s, uint32_t object)
{
	const struct hgs_frame *frame = frame_of(s, object);

	if (!frame) {
		frame_print_code(out, s, object);
		return;
	}
	fprintf(out, " in %s", snapshot_string(s, frame->name));
	if (frame->line > 0)
		fprintf(out, ":%d", frame->line);
}

static const char *const frame_edges[] = {
	[HGS_FRAME_TOP] = "top frame",	  [HGS_FRAME_BACK] = "f_back",
	[HGS_FRAME_CODE] = "f_code",	  [HGS_FRAME_FUNCTION] = "function",
	[HGS_FRAME_GLOBALS] = "f_globals", [HGS_FRAME_LOCALS] = "f_locals",
	[HGS_FRAME_BUILTINS] = "f_builtins", [HGS_FRAME_OBJECT] = "frame object",
};

static void print_edge(FILE *out, const struct snapshot *s, uint32_t from, uint32_t edge_name)
{
	uint32_t payload = HGS_EDGE_PAYLOAD(edge_name);
	const char *member;

	switch (HGS_EDGE_KIND(edge_name)) {
	case HGS_EDGE_ATTR:
		fprintf(out, ".%s", snapshot_text(s, payload));
		break;
	case HGS_EDGE_KEY:
		key_print(out, s, payload);
		break;
	case HGS_EDGE_INDEX:
		fprintf(out, "[%u]", payload);
		break;
	case HGS_EDGE_LOCAL:
		fprintf(out, "local %s", snapshot_text(s, payload));
		frame_print(out, s, from);
		break;
	case HGS_EDGE_CELL:
		fprintf(out, "closure %s", snapshot_text(s, payload));
		break;
	case HGS_EDGE_MEMBER:
		member = snapshot_string(s, payload);
		fprintf(out, "%s%s", strncmp(member, "__", 2) ? "." : "", member);
		break;
	case HGS_EDGE_ATTR_DICT:
		fputs("__dict__", out);
		break;
	case HGS_EDGE_DICT_KEY:
		fputs("key", out);
		break;
	case HGS_EDGE_TYPE:
		fputs("__class__", out);
		break;
	case HGS_EDGE_CELL_CONTENTS:
		fputs(".cell_contents", out);
		break;
	case HGS_EDGE_SET_ITEM:
		fputs("item", out);
		break;
	case HGS_EDGE_STACK:
		fprintf(out, "stack[%u]", payload);
		frame_print(out, s, from);
		break;
	case HGS_EDGE_FRAME:
		fputs(payload < sizeof(frame_edges) / sizeof(*frame_edges) ? frame_edges[payload]
									   : "frame",
		      out);
		break;
	case HGS_EDGE_UNNAMED:
	default:
		fputs("unnamed", out);
		break;
	}
}

char *edge_text(const struct snapshot *s, uint32_t from, uint32_t edge_name)
{
	struct memtext m;

	if (!memtext_open(&m))
		return NULL;
	print_edge(m.out, s, from, edge_name);
	return memtext_close(&m);
}
