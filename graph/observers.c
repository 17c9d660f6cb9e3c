/* Who only looks at objects, beside the frames that a capture has marked as such.
 *
 * A debugger at its prompt has the frames of the program, a copy of their local variables, and what a
 * function has just returned, in attributes of its own, in the locals of its methods and in a dict
 * that it puts into the globals of the program (Lib/pdb.py, set_convenience_variable). All that goes
 * when one leaves it. Up to CPython 3.12 whoever asks a running function for frame.f_locals gets a
 * dict in which the frame keeps a copy of its variables. None of it is why an object lives, as long
 * as there is another reason: so it is marked here, once, for whatever reads the snapshot. */
#include <string.h>

#include "marks.h"
#include "modules.h"

static void mark(struct marks *m, uint32_t object)
{
	marks_set(m, object, SNAPSHOT_LOOKS);
}

static bool is_marked(const struct marks *m, uint32_t object)
{
	return marks_has(m, object, SNAPSHOT_LOOKS);
}

static void mark_debuggers(struct marks *m, const uint8_t *classes)
{
	const struct snapshot *s = m->s;

	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t dict = HGS_NONE;

		if (s->type[i] != HGS_NONE && classes[s->type[i]]) {
			mark(m, i);
			mark(m, attribute_dict(s, i));
		}
		if (s->flags[i] & HGS_OBJ_MODULE)
			dict = attribute_dict(s, i);
		if (dict != HGS_NONE)
			mark(m, dict_value(s, dict, DEBUGGER_VARIABLES));
	}
}

/* --- frames, innermost first ---------------------------------------------------------------------- */

/* A method of a debugger. */
static bool is_debuggers(const struct marks *m, uint32_t frame)
{
	const struct snapshot *s = m->s;

	for (uint64_t e = s->start[frame]; e < s->start[frame + 1ul]; e++)
		if (HGS_EDGE_KIND(s->name[e]) == HGS_EDGE_LOCAL && is_marked(m, s->target[e]) &&
		    strcmp(snapshot_text(s, HGS_EDGE_PAYLOAD(s->name[e])), "self") == 0)
			return true;
	return false;
}

/* A function of the same module that called it: pdb.post_mortem(), say. */
static bool called_debugger(const struct marks *m, uint32_t row)
{
	const struct hgs_frame *frame = &m->s->frames[row], *callee = frame - 1;

	return row && callee->thread == frame->thread && is_marked(m, callee->object) &&
	       strcmp(snapshot_string(m->s, frame->file), snapshot_string(m->s, callee->file)) == 0;
}

/* "Pdb.cmdloop" and, up to 3.10, "cmdloop": where a debugger waits for a line (Lib/cmd.py; pydevd.py). */
static bool is_prompt(const struct marks *m, uint32_t row)
{
	const char *name = snapshot_string(m->s, m->s->frames[row].name), *dot = strrchr(name, '.');

	name = dot ? dot + 1 : name;
	return (strcmp(name, "cmdloop") == 0 || strcmp(name, "_do_wait_suspend") == 0) &&
	       is_debuggers(m, m->s->frames[row].object);
}

/* What runs at the prompt looks as well, if it took the snapshot. Returns the row behind the thread's. */
static uint32_t mark_thread(struct marks *m, uint32_t first)
{
	const struct snapshot *s = m->s;
	uint32_t thread = s->frames[first].thread, end = first, prompt = HGS_NONE;

	for (; end < s->num_frames && s->frames[end].thread == thread; end++) {
		if (prompt == HGS_NONE && is_prompt(m, end))
			prompt = end;
		if (is_debuggers(m, s->frames[end].object) || called_debugger(m, end))
			mark(m, s->frames[end].object);
	}
	if (prompt != HGS_NONE && s->flags[s->frames[first].object] & HGS_OBJ_OBSERVER)
		for (uint32_t i = first; i < prompt; i++)
			mark(m, s->frames[i].object);
	return end;
}

/* A generator has the variables of its frame in itself; what is assigned in a debugger, the object that
 * shows the frame has. */
static void mark_owners(struct marks *m)
{
	const struct snapshot *s = m->s;

	for (uint32_t i = 0; i < s->num_frames; i++) {
		uint32_t frame = s->frames[i].object;
		uint32_t like = is_marked(m, frame) ? SNAPSHOT_LOOKS : s->flags[frame] & HGS_OBJ_OBSERVER;

		if (!like)
			continue;
		for (uint64_t e = s->start[frame]; e < s->start[frame + 1ul]; e++)
			if (s->name[e] == HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_GENERATOR) ||
			    s->name[e] == HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_OBJECT))
				marks_set(m, s->target[e], like);
	}
}

static void mark_frames(struct marks *m)
{
	const struct snapshot *s = m->s;
	uint32_t i = 0;

	while (i < s->num_frames)
		i = s->frames[i].thread == HGS_NONE ? i + 1 : mark_thread(m, i);
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

/* Of the standard library, of IDEs, and what formats IPython's tracebacks and starts its debugger. */
static const char *const debuggers[] = {"bdb.Bdb", "pydevd.PyDB", "IPython.core.ultratb.VerboseTB"};

void observers_mark(struct marks *m)
{
	const struct snapshot *s = m->s;

	for (size_t i = 0; i < sizeof(debuggers) / sizeof(*debuggers); i++) {
		_cleanup_free_ uint8_t *classes = marks_classes(m, debuggers[i]);

		if (classes)
			mark_debuggers(m, classes);
	}
	if (m->flags)
		mark_frames(m);
	mark_owners(m);
	for (uint32_t i = 0; s->meta->python_version < NO_COPIES && i < s->num_frames; i++)
		mark(m, copy_of_locals(s, s->frames[i].object));
}
