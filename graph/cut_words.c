/* One sentence for each kind of reference: the names that the programmer wrote, and the remedy that
 * Python has for it. */
#include "cut_words.h"

#include <string.h>

#include "changes.h"
#include "edge_text.h"

/* "app.Proc.on_done", or NULL where it is no attribute of a known owner. */
static char *attribute_words(const struct answer *answer, uint32_t from, uint32_t edge)
{
	const struct snapshot *s = answer->s;
	const char *name = "", *whose;
	uint32_t owner = attribute_owner(answer, from, edge, &name);
	char *text;

	if (owner == HGS_NONE)
		return NULL;
	whose = s->flags[owner] & (HGS_OBJ_TYPE_OBJECT | HGS_OBJ_MODULE) ? snapshot_text(s, owner)
									  : snapshot_type_name(s, owner);
	return asprintf(&text, "%s.%s", whose, name) < 0 ? NULL : text;
}

static bool is_slot(uint32_t edge)
{
	return HGS_EDGE_KIND(edge) == HGS_EDGE_KEY || HGS_EDGE_KIND(edge) == HGS_EDGE_INDEX;
}

/* "app.Proc.children[3]": slots of containers, back along the ring to the attribute that holds the
 * outermost; "['a'] of a dict" where there is none. */
static char *place_words(const struct making *making, const struct chain *ring, uint32_t step,
			 const struct cycle_cut *cut)
{
	const struct answer *answer = making->answer;
	char *text = attribute_words(answer, cut->from, cut->edge), *longer;
	uint32_t outer = step, at = step;

	if (text)
		return text;
	for (uint32_t i = 1; step && i < ring->steps && !text; i++) {
		outer = outer > 1 ? outer - 1 : ring->steps - 1;
		text = attribute_words(answer, ring->object[outer - 1], ring->edge[outer]);
		if (!text && !is_slot(ring->edge[outer]))
			break;
	}
	if (!text) {
		_cleanup_free_ char *slot = edge_text(answer->s, cut->from, cut->edge);

		return slot && asprintf(&longer, "%s of a %s", slot,
					snapshot_type_name(answer->s, cut->from)) >= 0 ? longer : NULL;
	}
	do {
		_cleanup_free_ char *before = text, *slot = NULL;

		outer = outer + 1 < ring->steps ? outer + 1 : 1;
		slot = edge_text(answer->s, ring->object[outer - 1], ring->edge[outer]);
		text = slot && asprintf(&longer, "%s%s", before, slot) >= 0 ? longer : NULL;
	} while (text && outer != at);
	return text;
}

/* What a C structure refers to by a name, or HGS_NONE. */
static uint32_t member(const struct snapshot *s, uint32_t object, const char *name)
{
	for (uint64_t e = s->start[object]; e < s->start[object + 1ul]; e++)
		if (HGS_EDGE_KIND(s->name[e]) == HGS_EDGE_MEMBER &&
		    strcmp(snapshot_string(s, HGS_EDGE_PAYLOAD(s->name[e])), name) == 0)
			return s->target[e];
	return HGS_NONE;
}

/* "weakref.WeakMethod(self.finish)" where the method is one of the attribute's own instance. */
static struct hg_error *say_method(const struct answer *answer, const struct cycle_cut *cut,
				   const char *place, char **advice)
{
	const struct snapshot *s = answer->s;
	uint32_t function = member(s, cut->to, "__func__");
	const char *name = function == HGS_NONE ? "" : snapshot_text(s, function);
	const char *last = strrchr(name, '.'), *attribute;
	uint32_t owner = attribute_owner(answer, cut->from, cut->edge, &attribute);
	int length;

	if (last && last[1] && owner != HGS_NONE && member(s, cut->to, "__self__") == owner)
		length = asprintf(advice, "hold `%s` weakly: `weakref.WeakMethod(self.%s)`, or drop it "
				  "when done", place, last + 1);
	else
		length = asprintf(advice, "hold `%s` weakly as a weakref.WeakMethod, or drop it "
				  "when done", place);
	return length < 0 ? &hg_error_no_memory : NULL;
}

/* A weak reference helps where something else holds the object: an instance of one's own, as a parent
 * is. A list, a partial or a generator that the attribute alone holds would be gone at once; so would a
 * callback, which C may still call. */
static const char *remedy(const struct snapshot *s, const struct cycle_cut *cut, bool is_attribute)
{
	if (is_ctypes_function(s, cut->to))
		return "when C does not call it any more, or make it of a function that refers to "
		       "its object weakly";
	if (!(s->flags[cut->to] & HGS_OBJ_USER))
		return "when done";
	if (is_attribute)
		return "when done, or make it a weakref.ref";
	return "when done, or keep a weakref.ref there";
}

struct hg_error *cut_words(const struct making *making, const struct chain *ring, uint32_t step,
			   struct cycle_cut *cut)
{
	const struct answer *answer = making->answer;
	const struct snapshot *s = answer->s;
	uint32_t payload = HGS_EDGE_PAYLOAD(cut->edge);
	_cleanup_free_ char *place = NULL;
	const char *name;
	int length;

	switch (HGS_EDGE_KIND(cut->edge)) {
	case HGS_EDGE_CELL:
		length = asprintf(&cut->advice, "the closure captures `%s`: pass it as an argument, or "
				  "capture a weakref.ref of it", snapshot_text(s, payload));
		return length < 0 ? &hg_error_no_memory : NULL;
	case HGS_EDGE_LOCAL:
		length = asprintf(&cut->advice, "`del %s` when it is done with", snapshot_text(s, payload));
		return length < 0 ? &hg_error_no_memory : NULL;
	default:
		break;
	}
	if (type_is(s, cut->to, "traceback")) {
		cut->advice = strdup("clear the exception's `__traceback__` (or `del` the stored "
				     "exception) once it is handled");
		return cut->advice ? NULL : &hg_error_no_memory;
	}
	place = place_words(making, ring, step, cut);
	if (!place)
		return &hg_error_no_memory;
	if (type_is(s, cut->to, "method"))
		return say_method(answer, cut, place, &cut->advice);
	length = asprintf(&cut->advice, "drop `%s` %s", place,
			  remedy(s, cut, attribute_owner(answer, cut->from, cut->edge, &name) != HGS_NONE));
	return length < 0 ? &hg_error_no_memory : NULL;
}
