/* Patterns in words: "module app > .sessions dict > [*] app.Session". */
#include "pattern_parts.h"

#include <string.h>

#include "edge_text.h"
#include "memtext.h"
#include "modules.h"

static void print_edge(FILE *out, const struct way *way)
{
	const struct snapshot *s = way->s;
	uint32_t payload = HGS_EDGE_PAYLOAD(way->edge);
	const struct hgs_frame *frame;

	switch (HGS_EDGE_KIND(way->edge)) {
	case HGS_EDGE_ATTR:
		fprintf(out, ".%s ", snapshot_text(s, payload));
		break;
	case HGS_EDGE_MEMBER:
		fprintf(out, ".%s ", snapshot_string(s, payload));
		break;
	case HGS_EDGE_KEY:
		if (way->attribute)
			fprintf(out, ".%s ", snapshot_text(s, payload));
		else if (!modules_is_table(s, way->from))
			fputs("[*] ", out);
		break;
	case HGS_EDGE_INDEX:
		fputs("[*] ", out);
		break;
	case HGS_EDGE_SET_ITEM:
		fputs("{*} ", out);
		break;
	case HGS_EDGE_LOCAL:
		frame = frame_of(s, way->from);
		fprintf(out, "local %s%s%s ", snapshot_text(s, payload), frame ? " in " : "",
			frame ? snapshot_string(s, frame->name) : "");
		break;
	case HGS_EDGE_CELL:
		fprintf(out, "closure %s ", snapshot_text(s, payload));
		break;
	case HGS_EDGE_DICT_KEY:
		fputs("key ", out);
		break;
	case HGS_EDGE_TYPE:
		fputs(".__class__ ", out);
		break;
	case HGS_EDGE_STACK:
		fputs("value in use ", out);
		break;
	default:
		break;
	}
}

static void print_object(FILE *out, const struct snapshot *s, uint32_t object)
{
	if (s->flags[object] & HGS_OBJ_TYPE_OBJECT)
		fprintf(out, "class %s", snapshot_text(s, object));
	else if (pattern_has_own_name(s, object) && *snapshot_text(s, object))
		fprintf(out, "%s %s", snapshot_type_name(s, object), snapshot_text(s, object));
	else
		fputs(snapshot_type_name(s, object), out);
}

char *pattern_words(const struct patterns *patterns, uint32_t pattern)
{
	_cleanup_free_ uint32_t *path = NULL;
	struct memtext text;
	uint32_t count = 0;

	for (uint32_t i = pattern; i != HGS_NONE; i = patterns->node[i].parent)
		count++;
	path = malloc(count * sizeof(*path));
	if (!path || !memtext_open(&text))
		return NULL;
	for (uint32_t i = pattern, k = count; i != HGS_NONE; i = patterns->node[i].parent)
		path[--k] = i;
	for (uint32_t k = 0; k < count; k++) {
		const struct node *node = &patterns->node[path[k]];
		bool module = k == 0 && count > 1 && !strcmp(node->words, "sys.modules");

		if (node->words) {
			fprintf(text.out, "%s%s", module ? "" : node->words,
				k + 1 < count && !module ? " > " : "");
			continue;
		}
		if (node->way.from != HGS_NONE)
			print_edge(text.out, &node->way);
		print_object(text.out, node->way.s, node->way.object);
		fprintf(text.out, "%s%s", node->repeated ? " ..." : "", k + 1 < count ? " > " : "");
	}
	return memtext_close(&text);
}
