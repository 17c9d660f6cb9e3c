/* Who only looks at objects, beside the frames that a capture has marked as such.
 *
 * A debugger at its prompt has the frames of the program, a copy of their local variables, and what a
 * function has just returned, in attributes of its own, in the locals of its methods and in a dict
 * that it puts into the globals of the program (Lib/pdb.py, set_convenience_variable). All that goes
 * when one leaves it. Up to CPython 3.12 whoever asks a running function for frame.f_locals gets a
 * dict in which the frame keeps a copy of its variables. None of it is why an object lives, as long
 * as there is another reason: so it is marked here, once, for whatever reads the snapshot. */
#include "observers.h"

#include <string.h>

#include "modules.h"

struct observers {
	const struct snapshot *s;
	uint32_t *flags; /* NULL as long as nobody was found */
	uint8_t *debuggers; /* of each object: whether it is a class derived from bdb.Bdb */
	bool no_memory;
};

static void mark(struct observers *o, uint32_t object)
{
	size_t size = o->s->n * sizeof(*o->flags);

	if (object == HGS_NONE)
		return;
	if (!o->flags) {
		o->flags = malloc(size + 1);
		if (!o->flags) {
			o->no_memory = true;
			return;
		}
		memcpy(o->flags, o->s->flags, size);
	}
	o->flags[object] |= SNAPSHOT_LOOKS;
}

static bool is_marked(const struct observers *o, uint32_t object)
{
	return o->flags && o->flags[object] & SNAPSHOT_LOOKS;
}

static bool is_bdb(const struct snapshot *s, uint32_t object)
{
	return s->flags[object] & HGS_OBJ_TYPE_OBJECT &&
	       strcmp(snapshot_text(s, object), "bdb.Bdb") == 0;
}

static bool derives_from_bdb(const struct snapshot *s, uint32_t type)
{
	uint32_t order = member_value(s, type, "__mro__");

	for (uint64_t e = order == HGS_NONE ? 0 : s->start[order];
	     order != HGS_NONE && e < s->start[order + 1ul]; e++)
		if (is_bdb(s, s->target[e]))
			return true;
	return false;
}

/* False: no debugger was ever imported. */
static bool find_classes(struct observers *o)
{
	const struct snapshot *s = o->s;
	uint32_t i = 0;

	while (i < s->n && !is_bdb(s, i))
		i++;
	if (i == s->n)
		return false;
	o->debuggers = calloc(s->n, 1);
	o->no_memory |= !o->debuggers;
	for (i = 0; o->debuggers && i < s->n; i++)
		o->debuggers[i] = s->flags[i] & HGS_OBJ_TYPE_OBJECT && derives_from_bdb(s, i);
	return o->debuggers;
}

static void mark_debuggers(struct observers *o)
{
	const struct snapshot *s = o->s;

	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t dict = HGS_NONE;

		if (s->type[i] != HGS_NONE && o->debuggers[s->type[i]]) {
			mark(o, i);
			mark(o, attribute_dict(s, i));
		}
		if (s->flags[i] & HGS_OBJ_MODULE)
			dict = attribute_dict(s, i);
		if (dict != HGS_NONE)
			mark(o, dict_value(s, dict, DEBUGGER_VARIABLES));
	}
}

/* --- frames, innermost first ---------------------------------------------------------------------- */

/* A method of a debugger. */
static bool is_debuggers(const struct observers *o, uint32_t frame)
{
	const struct snapshot *s = o->s;

	for (uint64_t e = s->start[frame]; e < s->start[frame + 1ul]; e++)
		if (HGS_EDGE_KIND(s->name[e]) == HGS_EDGE_LOCAL && is_marked(o, s->target[e]) &&
		    strcmp(snapshot_text(s, HGS_EDGE_PAYLOAD(s->name[e])), "self") == 0)
			return true;
	return false;
}

/* A function of the same module that called it: pdb.post_mortem(), say. */
static bool called_debugger(const struct observers *o, uint32_t row)
{
	const struct hgs_frame *frame = &o->s->frames[row], *callee = frame - 1;

	return row && callee->thread == frame->thread && is_marked(o, callee->object) &&
	       strcmp(snapshot_string(o->s, frame->file), snapshot_string(o->s, callee->file)) == 0;
}

/* "Pdb.cmdloop" and, up to 3.10, "cmdloop": where a debugger waits for a line (Lib/cmd.py). */
static bool is_prompt(const struct snapshot *s, const struct hgs_frame *frame)
{
	const char *name = snapshot_string(s, frame->name), *dot = strrchr(name, '.');

	return strcmp(dot ? dot + 1 : name, "cmdloop") == 0;
}

/* What runs at the prompt looks as well, if it took the snapshot: frames from `first` up to the
 * debugger's. Returns the row behind these. */
static uint32_t mark_prompt(struct observers *o, uint32_t first)
{
	const struct snapshot *s = o->s;
	uint32_t thread = s->frames[first].thread, i = first, debugger;
	bool asked = s->flags[s->frames[first].object] & HGS_OBJ_OBSERVER, prompt = false;

	while (i < s->num_frames && s->frames[i].thread == thread &&
	       !is_debuggers(o, s->frames[i].object))
		i++;
	debugger = i;
	for (; i < s->num_frames && s->frames[i].thread == thread &&
	       (is_debuggers(o, s->frames[i].object) || called_debugger(o, i)); i++) {
		mark(o, s->frames[i].object);
		prompt |= is_prompt(s, &s->frames[i]);
	}
	for (uint32_t j = first; asked && prompt && j < debugger; j++)
		mark(o, s->frames[j].object);
	return i > first ? i : first + 1;
}

/* A generator has the variables of its frame in itself; what is assigned in a debugger, the object that
 * shows the frame has. */
static void mark_owners(struct observers *o)
{
	const struct snapshot *s = o->s;

	for (uint32_t i = 0; i < s->num_frames; i++) {
		uint32_t frame = s->frames[i].object;

		if (!is_marked(o, frame) && !(s->flags[frame] & HGS_OBJ_OBSERVER))
			continue;
		for (uint64_t e = s->start[frame]; e < s->start[frame + 1ul]; e++)
			if (s->name[e] == HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_GENERATOR) ||
			    s->name[e] == HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_OBJECT))
				mark(o, s->target[e]);
	}
}

static void mark_frames(struct observers *o)
{
	const struct snapshot *s = o->s;
	uint32_t i = 0;

	while (i < s->num_frames)
		i = s->frames[i].thread == HGS_NONE ? i + 1 : mark_prompt(o, i);
}

/* Where a function's frame has a copy of its variables; of a class body or of exec() these are the
 * variables, and of a module its globals. */
static uint32_t copy_of_locals(const struct snapshot *s, uint32_t frame)
{
	uint32_t locals = HGS_NONE, globals = member_value(s, frame, "f_globals");
	bool has_slots = false;

	for (uint64_t e = s->start[frame]; e < s->start[frame + 1ul]; e++) {
		has_slots |= HGS_EDGE_KIND(s->name[e]) == HGS_EDGE_LOCAL;
		if (s->name[e] == HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_LOCALS))
			locals = s->target[e];
		else if (s->name[e] == HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_GLOBALS))
			globals = s->target[e];
	}
	return has_slots && locals != globals ? locals : HGS_NONE;
}

struct hg_error *observers_find(const struct snapshot *s, uint32_t **ret)
{
	struct observers o = {.s = s};

	if (find_classes(&o)) {
		mark_debuggers(&o);
		mark_frames(&o);
	}
	mark_owners(&o);
	for (uint32_t i = 0; s->meta->python_version < NO_COPIES && i < s->num_frames; i++)
		mark(&o, copy_of_locals(s, s->frames[i].object));
	free(o.debuggers);
	if (o.no_memory) {
		free(o.flags);
		return &hg_error_no_memory;
	}
	*ret = o.flags;
	return NULL;
}
