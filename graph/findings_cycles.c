/* cycle-pins-handle and gc-off: owners of handles that nothing but a cycle keeps alive. */
#include <string.h>

#include "edge_text.h"
#include "findings.h"
#include "memtext.h"

static bool is_off(const struct answer *answer)
{
	return answer->s->meta->gc_enabled == 0;
}

/* Why gc will not free the cycle, or NULL where it will when it runs. */
static const char *why_kept(const struct answer *answer, const struct cycle *cycle)
{
	if (cycle && cycle->state == CYCLE_FROZEN)
		return "frozen by gc.freeze()";
	if (is_off(answer))
		return "gc is disabled";
	return NULL;
}

/* "app.Proc -> method -> app.Proc": the types of the ring without what folds into the edges. */
static char *ring_types(const struct snapshot *s, const struct chain *ring)
{
	struct memtext m;
	uint32_t shown = 0;

	if (!memtext_open(&m))
		return NULL;
	for (uint32_t i = 0; i < ring->steps && shown < 8; i++) {
		if (i && HGS_EDGE_KIND(ring->edge[i]) == HGS_EDGE_ATTR_DICT)
			continue;
		fprintf(m.out, "%s%s", shown++ ? " -> " : "",
			type_words(s, ring->object[i]));
	}
	if (shown == 8)
		fputs(" -> ...", m.out);
	return memtext_close(&m);
}

static char *advise(const struct making *making, const struct cycle *cycle)
{
	if (!cycle)
		return finding_text("call gc.collect() when the handle is done with");
	if (ring_is_function_cache(making, &cycle->ring))
		return finding_text("the cycle is ctypes' own function cache, so only gc frees the "
				    "object: keep one CDLL and reuse it, or dlclose its handle and "
				    "call gc.collect()");
	if (ring_is_ffi(making->answer->s, &cycle->ring))
		return finding_text("the cycle is cffi's own, so only gc frees the library: call "
				    "ffi.dlclose() with it when done, or keep one FFI object and "
				    "reuse it");
	if (cycle->num_cuts > 1)
		return finding_text("%s; then %s", cycle->cuts[0].advice, cycle->cuts[1].advice);
	if (cycle_advice(cycle))
		return finding_text("%s", cycle_advice(cycle));
	return finding_text("break the cycle, or close the handle explicitly when done");
}

/* "; gc.collect() would run `app.Proc.__del__`": what waits in vain where gc does not come by itself.
 * Python runs a finalizer once (PEP 442). "" where there is none; NULL without memory. */
static char *finalizer_words(const struct answer *answer, const struct cycle *cycle)
{
	const uint32_t is = HGS_OBJ_USER | HGS_OBJ_HAS_FINALIZER;
	const struct snapshot *s = answer->s;

	for (uint32_t i = 0; cycle && why_kept(answer, cycle) && i < cycle->ring.steps; i++) {
		uint32_t object = cycle->ring.object[i];

		if ((s->flags[object] & (is | HGS_OBJ_FINALIZED)) == is)
			return finding_text("; %s would run `%s.__del__`",
					    cycle->state == CYCLE_FROZEN
						    ? "gc.unfreeze() and gc.collect()"
						    : "gc.collect()",
					    snapshot_type_name(s, object));
	}
	return strdup("");
}

static struct hg_error *describe(struct making *making, struct finding *finding,
				 const struct cycle *cycle)
{
	const struct answer *answer = making->answer;
	const char *kept = why_kept(answer, cycle);
	_cleanup_free_ char *types = cycle ? ring_types(answer->s, &cycle->ring) : NULL;
	_cleanup_free_ char *cut = advise(making, cycle);
	_cleanup_free_ char *finalizer = finalizer_words(answer, cycle);
	unsigned long long count = finding->count;

	if (kept) {
		finding->severity = SEVERITY_ERROR;
		finding->title = finding_text(
			"%s: %llu handle%s pinned by %s that gc will not free (%s)",
			finding->library_name, count, plural(count),
			count == 1 ? "a garbage cycle" : "garbage cycles", kept);
	} else {
		finding->title = finding_text("%s: %llu handle%s pinned by %s until gc runs",
					      finding->library_name, count, plural(count),
					      count == 1 ? "a garbage cycle" : "garbage cycles");
	}
	if (cycle)
		finding->evidence = finding_text("%u%s cycle%s of %u object%s: %s", cycle->count,
						 cycle->count == 1 ? "" : " equal",
						 plural(cycle->count), cycle->objects,
						 plural(cycle->objects), types ? types : "");
	else
		finding->evidence = finding_text("no root reaches the object, and no cycle through "
						 "it was found");
	finding->advice = cut && finalizer ? finding_text("%s%s", cut, finalizer) : NULL;
	return finding_done(finding);
}

static bool key_of(const struct making *making, const struct holder *holder, uint64_t *ret)
{
	*ret = (uint64_t)holder->library << 32 | holder->cycle;
	return is_pinned(making->answer, holder);
}

static struct hg_error *report(struct making *making, const struct group *group)
{
	struct answer *answer = making->answer;
	struct finding *finding;
	struct hg_error *error = finding_of_library(answer, FINDING_CYCLE_PINS_HANDLE, group,
						    &finding);

	if (error)
		return error;
	return describe(making, finding,
			finding->cycle == HGS_NONE ? NULL : &answer->cycles[finding->cycle]);
}

struct hg_error *findings_cycles(struct making *making)
{
	return findings_group(making, &(struct grouping){key_of, report});
}

/* All in one group. */
static bool is_uncollectable(const struct making *making, const struct holder *holder,
			     uint64_t *ret)
{
	const struct answer *answer = making->answer;
	bool frozen = holder->cycle != HGS_NONE &&
		      answer->cycles[holder->cycle].state == CYCLE_FROZEN;

	*ret = 0;
	return is_pinned(answer, holder) && (frozen || is_off(answer));
}

static struct hg_error *report_gc(struct making *making, const struct group *group)
{
	struct answer *answer = making->answer;
	bool off = is_off(answer);
	struct finding *finding;
	struct hg_error *error = finding_of_group(answer, FINDING_GC_OFF, group, &finding);

	if (error)
		return error;
	finding->title = finding_text("%s while garbage pins %llu handle%s",
				      off ? "gc is disabled" : "objects are frozen",
				      (unsigned long long)finding->count, plural(finding->count));
	finding->evidence = finding_text("gc.isenabled() is %s, %llu objects in the permanent "
					 "generation",
					 off ? "False" : "True",
					 (unsigned long long)answer->s->meta->gc_frozen);
	finding->advice = off ? finding_text("call gc.enable(), or gc.collect() where a pause suits")
			      : finding_text("call gc.collect() before gc.freeze(), or gc.unfreeze() "
					     "to let gc see them");
	return finding_done(finding);
}

struct hg_error *findings_gc(struct making *making)
{
	return findings_group(making, &(struct grouping){is_uncollectable, report_gc});
}
