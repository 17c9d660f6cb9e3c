/* A chain as one expression that its reader could type, as far as Python has words for it:
 * "__main__.cache['a'].dll". Where it has none (locals, closures, tracebacks) the path is turned
 * round: "local dll in load:12 of thread 4243". So it is built of two parts, a head that further
 * attributes are appended to, and a tail that says where the head lives. Attribute dictionaries,
 * cells, closure tuples and the frames behind a traceback are folded away. */
#include <stdarg.h>
#include <string.h>

#include "edge_text.h"
#include "memtext.h"
#include "modules.h"
#include "places.h"
#include "roots.h"

struct path {
	const struct snapshot *s;
	const struct chain *chain;
	char *head, *tail;
	bool no_memory;
	bool names_only; /* the head is the dict of names: a key is an attribute */
};

static void set(char **part, char *text)
{
	free(*part);
	*part = text;
}

__attribute__((__format__(__printf__, 2, 3))) static void append(struct path *path,
								 const char *format, ...)
{
	char *more = NULL, *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&more, format, args) < 0 || asprintf(&text, "%s%s", path->head, more) < 0)
		path->no_memory = true;
	else
		set(&path->head, text);
	va_end(args);
	free(more);
}

/* Begins a new head; the old one becomes its place: "HEAD PREPOSITION old head, old tail". */
static void turn(struct path *path, char *head, const char *place, const char *preposition)
{
	char *tail;

	if (!head || asprintf(&tail, "%s %s %s%s", place, preposition, path->head, path->tail) < 0) {
		free(head);
		path->no_memory = true;
		return;
	}
	set(&path->head, head);
	set(&path->tail, tail);
}

__attribute__((__format__(__printf__, 1, 2))) static char *format_text(const char *format, ...)
{
	char *text;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return text;
}

static char *place_of(const struct snapshot *s, uint32_t frame)
{
	struct memtext m;

	if (!memtext_open(&m))
		return NULL;
	frame_print(m.out, s, frame);
	return memtext_close(&m);
}

/* What people type in an IPython, they type without the module. */
static void leave_out_main(struct path *path, uint32_t names)
{
	if (path->s->flags[names] & SNAPSHOT_DISPLAYED && !strcmp(path->head, "__main__"))
		set(&path->head, strdup(""));
	path->no_memory |= !path->head;
}

static void add_key(struct path *path, uint32_t from, uint32_t key)
{
	const char *text = snapshot_text(path->s, key);
	_cleanup_free_ char *item = NULL;

	if (path->names_only)
		leave_out_main(path, from);
	if (path->no_memory)
		return;

	if (path->names_only && is_identifier(text) && type_is(path->s, key, "str")) {
		append(path, *path->head ? ".%s" : "%s", text);
		return;
	}
	if (path->names_only)
		append(path, "%s__dict__", *path->head ? "." : "");
	item = edge_text(path->s, 0, HGS_EDGE_NAME(HGS_EDGE_KEY, key));
	append(path, "%s", item ? item : "");
	path->no_memory |= !item;
}

/* What lies in a frame (or a closure), with the frame's own place. */
static void add_local(struct path *path, uint32_t from, const char *what, const char *name)
{
	_cleanup_free_ char *place = place_of(path->s, from);

	if (!place)
		path->no_memory = true;
	else
		turn(path, format_text("%s%s", what, name), place, "of");
}

/* In class bodies and what exec() runs, variables are keys of the frame's namespace. */
static bool add_variable(struct path *path, uint32_t step)
{
	const char *name = snapshot_text(path->s, HGS_EDGE_PAYLOAD(path->chain->edge[step]));
	uint32_t namespace = path->chain->edge[step - 1];
	bool local = namespace == HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_LOCALS);

	if (!local && namespace != HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_GLOBALS))
		return false;
	add_local(path, path->chain->object[step - 2], local ? "local " : "global ", name);
	return true;
}

/* Frames and tracebacks say nothing that the local's own place does not say better. */
static bool is_traceback_member(const char *name)
{
	return strcmp(name, "tb_frame") == 0 || strcmp(name, "tb_next") == 0;
}

static void add_member(struct path *path, uint32_t step, const char *name)
{
	const struct chain *chain = path->chain;

	if (strcmp(name, "__traceback__") == 0)
		turn(path, strdup(step + 1 < chain->steps ? "the traceback" : name), "", "of");
	else if (strcmp(name, "f_back") == 0 && step + 1 < chain->steps)
		return; /* a caller's local has its place as well */
	else if (step + 1 < chain->steps &&
		 (HGS_EDGE_KIND(chain->edge[step + 1]) == HGS_EDGE_CELL || is_traceback_member(name)))
		return;
	else
		append(path, ".%s", name);
}

/* What has no name of its own where it is: "<app.Proc>", "<class app.Proc>". */
static char *nameless(const struct snapshot *s, uint32_t object)
{
	if (s->flags[object] & HGS_OBJ_TYPE_OBJECT)
		return format_text("<class %s>", snapshot_text(s, object));
	return format_text("<%s>", snapshot_type_name(s, object));
}

/* Both parts as the place has them; false where it has no name. */
static bool name_place(struct path *path, const struct place *place, char **head, char **tail)
{
	struct place_path words = {.head = path->head, .tail = path->tail};
	struct memtext new_head, new_tail;
	bool named;

	*head = *tail = NULL;
	if (!memtext_open(&new_head))
		return true;
	if (!memtext_open(&new_tail)) {
		free(memtext_close(&new_head));
		return true;
	}
	words.new_head = new_head.out;
	words.new_tail = new_tail.out;
	named = place_path(place, &words);
	*head = memtext_close(&new_head);
	*tail = memtext_close(&new_tail);
	return named;
}

/* Goes on behind a place that has a name; *step becomes the one behind it. */
static bool add_place(struct path *path, uint32_t *step)
{
	struct place place;
	char *head, *tail;

	if (!place_at(path->s, path->chain, *step - 1, &place))
		return false;
	if (!name_place(path, &place, &head, &tail)) {
		free(head);
		free(tail);
		return false;
	}
	path->no_memory |= !head || !tail;
	set(&path->head, head);
	set(&path->tail, tail);
	path->names_only = false;
	*step = place.last + 1;
	return true;
}

static void add_step(struct path *path, uint32_t step)
{
	const struct chain *chain = path->chain;
	const struct snapshot *s = path->s;
	uint32_t edge = chain->edge[step], payload = HGS_EDGE_PAYLOAD(edge);
	uint32_t from = chain->object[step - 1], object = chain->object[step];

	switch (HGS_EDGE_KIND(edge)) {
	case HGS_EDGE_ATTR:
		append(path, ".%s", snapshot_text(s, payload));
		break;
	case HGS_EDGE_KEY:
		if (!add_variable(path, step))
			add_key(path, from, payload);
		break;
	case HGS_EDGE_INDEX:
		append(path, "[%u]", payload);
		break;
	case HGS_EDGE_LOCAL:
		add_local(path, from, "local ", snapshot_text(s, payload));
		break;
	case HGS_EDGE_CELL:
		add_local(path, from, frame_of(s, from) ? "local " : "closure ",
			  snapshot_text(s, payload));
		break;
	case HGS_EDGE_MEMBER:
		add_member(path, step, snapshot_string(s, payload));
		break;
	case HGS_EDGE_ATTR_DICT:
		if (step + 1 == chain->steps)
			append(path, ".__dict__");
		break;
	case HGS_EDGE_TYPE:
		append(path, ".__class__");
		break;
	case HGS_EDGE_DICT_KEY:
		turn(path, nameless(s, object), ", a key", "of");
		break;
	case HGS_EDGE_STACK:
		add_local(path, from, "a value in use", "");
		break;
	case HGS_EDGE_CELL_CONTENTS:
	case HGS_EDGE_FRAME:
		break;
	case HGS_EDGE_SET_ITEM:
	case HGS_EDGE_UNNAMED:
	default:
		turn(path, nameless(s, object), "", "in");
		break;
	}
	path->names_only = HGS_EDGE_KIND(edge) == HGS_EDGE_ATTR_DICT;
}

/* What nothing found accounts for: in the data of a library, or nobody knows where. */
static char *head_of_native(struct path *path)
{
	uint32_t object = path->chain->object[0];
	_cleanup_free_ char *data = NULL;
	struct hg_error *error = keeping_data_words(path->s, object, &data);

	if (error)
		return NULL;
	if (!data)
		return format_text("native reference to %s", snapshot_type_name(path->s, object));
	set(&path->tail, format_text(" in %s", data));
	return nameless(path->s, object);
}

/* What the chain begins with. A key of sys.modules is the module's own name, so there the head is
 * empty and `first` says that the first key is a name. */
static char *head_of_root(struct path *path)
{
	const struct snapshot *s = path->s;
	const struct chain *chain = path->chain;
	const struct hgs_root *root;

	if (chain->root == HGS_NONE)
		return head_of_native(path);
	root = &s->roots[chain->root];
	if (root->kind == HGS_ROOT_MODULES && chain->steps > 1 &&
	    HGS_EDGE_KIND(chain->edge[1]) == HGS_EDGE_KEY)
		return strdup("");
	if (root->kind == HGS_ROOT_STATIC)
		return strdup(snapshot_text(s, root->object));
	return root_words(s, chain->root, false);
}

/* The first step from sys.modules: the module's name, dots and all. */
static bool add_module(struct path *path)
{
	const struct chain *chain = path->chain;

	if (*path->head || chain->steps < 2)
		return false;
	append(path, "%s", snapshot_text(path->s, HGS_EDGE_PAYLOAD(chain->edge[1])));
	return true;
}

char *path_text(const struct snapshot *s, const struct chain *chain)
{
	struct path path = {.s = s, .chain = chain};
	char *text = NULL;
	uint32_t step = 1;

	if (!chain->steps)
		return NULL;
	path.tail = strdup("");
	path.head = head_of_root(&path);
	path.no_memory = !path.head || !path.tail;
	path.names_only = chain->root != HGS_NONE && (s->roots[chain->root].kind == HGS_ROOT_SYS ||
						      s->roots[chain->root].kind == HGS_ROOT_BUILTINS);
	if (!path.no_memory && add_module(&path))
		step = 2;
	while (step < chain->steps && !path.no_memory)
		if (!add_place(&path, &step))
			add_step(&path, step++);
	if (!path.no_memory && asprintf(&text, "%s%s", path.head, path.tail) < 0)
		text = NULL;
	free(path.head);
	free(path.tail);
	return text;
}
