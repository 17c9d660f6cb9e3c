/* leaked-open: more dlopens outstanding than objects that could close them.
 * still-mapped: none outstanding any more, and the library is there all the same; or nobody has it,
 * and it can never be unloaded. */
#include <string.h>

#include "findings.h"

/* The name of a library whose objects may own handles and could not be read; NULL: none. */
static const char *find_opaque(const struct answer *answer)
{
	for (uint32_t i = 0; i < answer->num_libraries; i++)
		if (answer->libraries[i].fact->flags & HGS_LIB_OPAQUE)
			return answer->libraries[i].name;
	return NULL;
}

/* Where its handle is kept as a number; NULL: nowhere. */
static const char *integer_path(const struct answer *answer, const struct library *library)
{
	for (uint32_t i = 0; i < library->num_holders; i++) {
		const struct holder *holder = &answer->holders[library->holders[i]];

		if (holder->fact->kind == HGS_HOLDER_INTEGER && holder->path)
			return holder->path;
	}
	return NULL;
}

/* "; its handle is held as an integer in ..."; NULL: no memory. Caller frees. */
static char *integer_words(const struct library *library, const char *path)
{
	if (!path)
		return strdup("");
	if (library->integers == 1)
		return finding_text("; its handle is held as an integer in `%s`", path);
	return finding_text("; its handle is held as an integer in `%s` and %u more", path,
			    library->integers - 1);
}

static char *advise(const struct library *library, const char *integer)
{
	if (integer)
		return finding_text("a number closes nothing when it goes: dlclose `%s` when %s is "
				    "no longer used",
				    integer, library->name);
	if (library->fact->space) /* glibc's DL_NNS */
		return finding_text("keep the handle that dlmopen() gives for %s, and dlclose() it when "
				    "done: a process has room for 16 namespaces",
				    library->name);
	return finding_text("open %s once and keep the object, or dlclose its handle when done: "
			    "ctypes opens anew for every CDLL() and never closes",
			    library->name);
}

static struct hg_error *add(struct answer *answer, enum finding_code code, uint32_t library,
			    uint64_t count, struct finding **ret)
{
	struct hg_error *error = finding_add(answer, code, ret);

	if (error)
		return error;
	finding_about(answer, *ret, library);
	(*ret)->count = count;
	return NULL;
}

/* What could not be read may own some; what is held as numbers may be meant to be. */
static struct hg_error *report(struct answer *answer, uint32_t index)
{
	const struct library *library = &answer->libraries[index];
	const char *opaque = find_opaque(answer), *integer = integer_path(answer, library);
	_cleanup_free_ char *numbers = integer_words(library, integer);
	struct finding *finding;
	struct hg_error *error = add(answer, FINDING_LEAKED_OPEN, index,
				     (uint64_t)library->leaked_opens, &finding);

	if (error)
		return error;
	finding->title = finding_text("%s: %lld open%s that no Python object owns", library->name,
				      (long long)library->leaked_opens,
				      plural(finding->count));
	finding->evidence = finding_text(
		"%lld dlopen%s outstanding%s, %u owner%s alive%s%s%s%s", (long long)library->opens,
		plural((uint64_t)library->opens),
		library->fact->space ? " in a namespace of its own (dlmopen)" : "", library->owners,
		plural(library->owners), numbers ? numbers : "",
		opaque ? "; the objects of " : "", opaque ? opaque : "",
		opaque ? " are not counted, they could not be read" : "");
	if (opaque || library->integers >= finding->count)
		finding->severity = SEVERITY_WARNING;
	finding->advice = advise(library, integer);
	return numbers ? finding_done(finding) : &hg_error_no_memory;
}

/* Closed as often as it was opened, and mapped. Nothing but a dlopen brings a library in later than
 * the start, unless another one needs it; then an object that has its handle shows that it was
 * opened as well. dlclose() never counts down for a nodelete library, so its count tells nothing. */
static bool is_still_mapped(const struct library *library)
{
	const uint32_t others = HGS_LIB_MAIN | HGS_LIB_STARTUP | HGS_LIB_LOADER | HGS_LIB_VDSO |
				HGS_LIB_PYTHON | HGS_LIB_NODELETE;

	return library->opens == 0 && !(library->fact->flags & others) &&
	       (library->owners || !(library->fact->flags & HGS_LIB_NEEDED));
}

static struct hg_error *report_mapped(struct answer *answer, uint32_t index)
{
	const struct library *library = &answer->libraries[index];
	const char *first = library->why[0] ? library->why[0] : "";
	const char *second = *first && library->why[1] ? library->why[1] : "";
	struct finding *finding;
	struct hg_error *error = add(answer, FINDING_STILL_MAPPED, index, 1, &finding);

	if (error)
		return error;
	finding->title = finding_text("%s: closed by all who opened it, and still mapped",
				      library->name);
	finding->evidence = finding_text("no dlopen outstanding; %s%s%s",
					 *first ? first : "what keeps it was not found",
					 *second ? ", " : "", second);
	if (library->fact->flags & (HGS_LIB_NEEDED | HGS_LIB_BOUND))
		finding->advice = finding_text("to unload %s, close the library that uses it first",
					       library->name);
	else if (library->fact->flags & HGS_LIB_TLS_DTORS)
		finding->advice = finding_text("it goes when the threads end that have thread-local "
					       "objects of %s, and it is closed once more",
					       library->name);
	else
		finding->advice = finding_text("nothing in Python holds %s open", library->name);
	return finding_done(finding);
}

/* dlclose() leaves such a library as it is, the count included (glibc elf/dl-close.c). */
static bool is_never_unloaded(const struct answer *answer, const struct library *library)
{
	return (library->fact->flags & (HGS_LIB_NODELETE | HGS_LIB_NEEDED)) == HGS_LIB_NODELETE &&
	       is_opened(library) && !library->owners && !may_be_natives(answer, library);
}

static struct hg_error *report_resident(struct answer *answer, uint32_t index)
{
	const struct library *library = &answer->libraries[index];
	struct finding *finding;
	struct hg_error *error = add(answer, FINDING_STILL_MAPPED, index, 1, &finding);

	if (error)
		return error;
	finding->title = finding_text("%s: no Python object owns it, and it is never unloaded",
				      library->name);
	finding->evidence = finding_text("nodelete: it was linked so, or has a unique symbol (C++); "
					 "dlclose() does not count then");
	finding->advice = finding_text("nothing: another version of %s needs a new process",
				       library->name);
	return finding_done(finding);
}

struct hg_error *findings_opens(struct making *making)
{
	struct answer *answer = making->answer;
	struct hg_error *error = NULL;

	for (uint32_t i = 0; !error && i < answer->num_libraries; i++) {
		const struct library *library = &answer->libraries[i];

		/* The main program is never unloaded: opens of it that nobody closed cost nothing. */
		if (library->leaked_opens > 0 && !(library->fact->flags & HGS_LIB_MAIN))
			error = report(answer, i);
		else if (is_still_mapped(library))
			error = report_mapped(answer, i);
		else if (is_never_unloaded(answer, library))
			error = report_resident(answer, i);
	}
	return error;
}
