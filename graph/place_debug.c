/* What people meet in a debugger: the debugger itself, copies of local variables that somebody looked
 * at, and the last exception, which the interpreter keeps for pdb.pm(). */
#include <string.h>

#include "edge_text.h"
#include "marks.h"
#include "modules.h"
#include "place_parts.h"

static bool looks(const struct place *place, uint32_t step)
{
	return place->s->flags[place_object(place, step)] & SNAPSHOT_LOOKS;
}

static bool is_dict(const struct place *place, uint32_t step)
{
	return place->s->flags[place_object(place, step)] & HGS_OBJ_DICT;
}

static bool is_frame(const struct place *place, uint32_t step)
{
	return place->s->flags[place_object(place, step)] & HGS_OBJ_PSEUDO ||
	       place_type(place, step, "frame " GENERATOR_TYPES);
}

/* --- the debugger -------------------------------------------------------------------------------- */

static bool is_debugger(const struct place *place, uint32_t step)
{
	return step < place->chain->steps && looks(place, step) && !is_dict(place, step) &&
	       !is_frame(place, step);
}

/* An attribute of it, or a variable that it sets for who types (`$_retval`). */
uint32_t match_debugger(const struct place *place)
{
	uint32_t first = place->first, step = first + 1;

	if (place_named(place, step, DEBUGGER_VARIABLES) && place_has(place, step + 1, HGS_EDGE_KEY))
		return 2;
	step += place_has(place, step, HGS_EDGE_ATTR_DICT);
	/* What starts debuggers has the one that looks. */
	if (!is_debugger(place, first) || is_debugger(place, step))
		return 0;
	return place_has(place, step, HGS_EDGE_ATTR) || place_has(place, step, HGS_EDGE_KEY)
		       ? step - first
		       : 0;
}

/* A local variable of one of its methods, or of what runs at its prompt. */
uint32_t match_prompt(const struct place *place)
{
	return looks(place, place->first) && is_frame(place, place->first) &&
	       (place_has(place, place->first + 1, HGS_EDGE_LOCAL) ||
		place_has(place, place->first + 1, HGS_EDGE_STACK));
}

void path_debugger(const struct place *place, struct place_path *path)
{
	bool variable = place_named(place, place->first + 1, DEBUGGER_VARIABLES);

	fprintf(path->new_head, "the debugger's %s", variable ? "$" : "");
	place_print_key(path->new_head, place, place->last);
}

/* Whether one is at work, in any thread. */
static bool is_at_work(const struct snapshot *s)
{
	for (uint32_t i = 0; i < s->num_frames; i++)
		if (s->frames[i].thread != HGS_NONE && s->flags[s->frames[i].object] & SNAPSHOT_LOOKS)
			return true;
	return false;
}

void advise_debugger(const struct place *place, FILE *out)
{
	bool variable = place_named(place, place->first + 1, DEBUGGER_VARIABLES);

	if (is_at_work(place->s)) {
		fputs("nothing: the debugger lets go of it when the program goes on (`c`) or ends (`q`)",
		      out);
		return;
	}
	fputs("drop `", out);
	place_print_path(out, place, place->first + variable);
	fputs("`, which the debugger left behind", out);
}

/* An exception that ended the program under `python -m pdb`: pdb.main() handles it, and has it. */
uint32_t match_handed_over(const struct place *place)
{
	const struct snapshot *s = place->s;
	uint32_t root = place->chain->root, object = place_object(place, 0);

	if (place->first || root == HGS_NONE || s->roots[root].kind != HGS_ROOT_HANDLED)
		return 0;
	for (uint32_t i = 0; i < s->num_frames; i++) {
		uint32_t frame = s->frames[i].object;

		if (!(s->flags[frame] & SNAPSHOT_LOOKS))
			continue;
		for (uint64_t e = s->start[frame]; e < s->start[frame + 1ul]; e++)
			if (HGS_EDGE_KIND(s->name[e]) == HGS_EDGE_LOCAL &&
			    (s->target[e] == object ||
			     s->target[e] == member_value(s, object, "__traceback__")))
				return 1;
	}
	return 0;
}

/* --- copies of local variables --------------------------------------------------------------------- */

static uint32_t match_locals(const struct place *place)
{
	uint32_t step = place->first + 1;

	return step < place->chain->steps &&
			       place->chain->edge[step] ==
				       HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_LOCALS) &&
			       is_frame(place, place->first) && place_has(place, step + 1, HGS_EDGE_KEY)
		       ? 2
		       : 0;
}

uint32_t match_copy(const struct place *place)
{
	return match_locals(place) && looks(place, place->first + 1) ? 2 : 0;
}

/* From 3.13 on what a function's frame has beside its variables, somebody put there (PEP 667). */
uint32_t match_made(const struct place *place)
{
	return match_locals(place) && place->s->meta->python_version >= NO_COPIES &&
			       place_type(place, place->first, "frame")
		       ? 2
		       : 0;
}

/* From 3.11 on the object of a running frame stands behind the frame, which has the row. */
static uint32_t frame_at(const struct place *place)
{
	uint32_t object = place_object(place, place->first);

	return place->first && !frame_of(place->s, object) ? place_object(place, place->first - 1)
							   : object;
}

void path_locals(const struct place *place, struct place_path *path)
{
	fputs("local ", path->new_head);
	place_print_key(path->new_head, place, place->last);
	frame_print(path->new_tail, place->s, frame_at(place));
	fprintf(path->new_tail, " of %s%s", path->head, path->tail);
}

void advise_copy(const struct place *place, FILE *out)
{
	fputs("end the call", out);
	frame_print(out, place->s, frame_at(place));
	fputs(", or type `", out);
	place_print_key(out, place, place->last);
	fputs(" = None` in the debugger that made it", out);
	if (looks(place, place->first + 1))
		fputs(": up to CPython 3.12 a frame keeps the dict that locals() gave", out);
}

/* --- the last exception ----------------------------------------------------------------------------- */

static const char *const last_names[] = {"last_exc", "last_value", "last_traceback"};
#define NUM_LAST (sizeof(last_names) / sizeof(*last_names))

uint32_t match_last_exception(const struct place *place)
{
	const struct snapshot *s = place->s;
	bool named = false;

	for (size_t i = 0; i < NUM_LAST; i++)
		named |= place_named(place, place->first + 1, last_names[i]);
	for (uint32_t i = 0; named && i < s->num_roots; i++)
		if (s->roots[i].kind == HGS_ROOT_SYS &&
		    s->roots[i].object == place_object(place, place->first))
			return 1;
	return 0;
}

/* All of them have it: the exception and its traceback. IPython has it in further places. */
void advise_last_exception(const struct place *place, FILE *out)
{
	const char *before = "`del ";

	if (place_in_shell(place)) {
		fputs("raise another: a cell `1/0` replaces it, after which `gc.collect()` frees the frames of "
		      "its traceback", out);
		return;
	}
	for (size_t i = 0; i < NUM_LAST; i++) {
		if (dict_value(place->s, place_object(place, place->first), last_names[i]) == HGS_NONE)
			continue;
		fprintf(out, "%ssys.%s", before, last_names[i]);
		before = ", ";
	}
	fputs("`, which the prompt keeps for pdb.pm() until the next exception that nobody catches", out);
}
