/* unowned-descriptor: open, and neither Python nor a library that may well know it owns it.
 *
 * Certain is little here. A descriptor is reported where it is one that Python itself could have made
 * (a file, a socket, a pipe), and of all that is loaded nothing else could have made it but Python
 * code or a library that the application opened through ctypes: an extension module or a dependency
 * of one that calls socket() may own any socket. Kernel objects of event loops (anon_inode), devices
 * and memory files are never claimed. */
#include <fcntl.h>
#include <string.h>

#include "findings.h"
#include "memtext.h"

struct sort {
	const char *what, *call;
	uint32_t maker; /* HGS_LIB_* */
};

static const struct sort sorts[] = {
	{"socket", "socket()", HGS_LIB_MAKES_SOCKETS},
	{"pipe", "pipe()", HGS_LIB_MAKES_PIPES},
	{"file", "open()", HGS_LIB_OPENS_FILES},
};
enum { SORTS = sizeof(sorts) / sizeof(*sorts) };

/* HGS_NONE for one that is never claimed. */
static uint32_t sort_of(const char *target)
{
	if (!strncmp(target, "socket:", 7))
		return 0;
	if (!strncmp(target, "pipe:", 5))
		return 1;
	if (target[0] == '/' && strncmp(target, "/dev/", 5) && strncmp(target, "/memfd:", 7) &&
	    strncmp(target, "/proc/", 6))
		return 2;
	return HGS_NONE;
}

static bool begins_with_one_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (!strncmp(name, *list, strlen(*list)))
			return true;
	return false;
}

/* Libraries that keep no descriptor of their own, or one whose owner is found otherwise: those of
 * C and C++, what the standard library's modules need (OpenSSL keeps devices only, a database of
 * SQLite has its connection), and our own module with what it needs, which a program may have imported
 * to look at itself. */
static bool is_understood(const struct library *library)
{
	static const char *const names[] = {"libc.so", "libc-", "ld-", "libpthread", "libdl", "libm.so",
					    "libm-", "libutil", "librt", "libstdc++", "libgcc_s",
					    "libz.so", "libexpat", "libbz2", "liblzma", "libffi",
					    "libcrypto", "libssl", "libsqlite3", "libuuid",
					    "_heapgraph.", "libelf", "libxxhash", NULL};

	return library->fact->flags & (HGS_LIB_PYTHON | HGS_LIB_VDSO | HGS_LIB_LOADER) ||
	       begins_with_one_of(library->name, names) || strstr(library->path, "/lib-dynload/");
}

/* The application's own: opened through ctypes, by an object that is there or was. */
static bool is_applications(const struct library *library)
{
	return is_opened(library) && (library->owners || library->leaked_opens > 0);
}

/* What may have made descriptors of a sort, besides Python code. */
struct makers {
	bool unknown;		       /* something that is not the application's */
	const struct library *library; /* of the application; NULL: none */
};

static struct makers makers_of(const struct answer *answer, const struct sort *sort)
{
	struct makers ret = {0};

	for (uint32_t i = 0; i < answer->num_libraries; i++) {
		const struct library *library = &answer->libraries[i];

		if (!(library->fact->flags & sort->maker) || is_understood(library))
			continue;
		if (is_applications(library))
			ret.library = library;
		else
			ret.unknown = true;
	}
	return ret;
}

/* Objects of the standard library that own a descriptor which they do not show: libc's syslog() has a
 * socket, a dbm its files. */
static bool has_silent_owner(const struct answer *answer, uint32_t sort)
{
	const struct snapshot *s = answer->s;

	for (uint32_t i = 0; i < s->n; i++) {
		const char *name = snapshot_text(s, i);

		if (sort == 0 && s->flags[i] & HGS_OBJ_MODULE && !strcmp(name, "syslog"))
			return true;
		if (sort == 2 && s->flags[i] & HGS_OBJ_TYPE_OBJECT &&
		    (!strcmp(name, "_dbm.dbm") || !strcmp(name, "_gdbm.gdbm")))
			return true;
	}
	return false;
}

/* One that has no FD_CLOEXEC was not opened by Python (PEP 446), so that something else must be
 * there which may have opened it. */
static bool is_claimed(const struct descriptor *descriptor, uint32_t sort,
		       const struct makers *makers)
{
	return descriptor->unowned && sort_of(descriptor->target) == sort &&
	       (descriptor->fact->flags & O_CLOEXEC || makers->library);
}

/* "3, 4, 7 and 12 more" */
static char *numbers(const struct answer *answer, uint32_t sort, const struct makers *makers,
		     uint64_t count)
{
	enum { SHOWN = 8 };
	struct memtext m;
	uint64_t done = 0;

	if (!memtext_open(&m))
		return NULL;
	for (uint32_t i = 0; i < answer->num_descriptors; i++)
		if (is_claimed(&answer->descriptors[i], sort, makers) && done++ < SHOWN)
			fprintf(m.out, "%s%u %s", done > 1 ? ", " : "", answer->descriptors[i].fact->fd,
				answer->descriptors[i].target);
	if (count > SHOWN)
		fprintf(m.out, " and %llu more", (unsigned long long)(count - SHOWN));
	return memtext_close(&m);
}

static struct hg_error *report(struct answer *answer, uint32_t sort, const struct makers *makers,
			       uint64_t count)
{
	_cleanup_free_ char *list = numbers(answer, sort, makers, count);
	const struct library *library = makers->library;
	struct finding *finding;
	struct hg_error *error = list ? finding_add(answer, FINDING_UNOWNED_DESCRIPTOR, &finding)
				      : &hg_error_no_memory;

	if (error)
		return error;
	finding->count = count;
	finding->title = finding_text("%llu open %s%s that no Python object owns",
				      (unsigned long long)count, sorts[sort].what, plural(count));
	finding->evidence = finding_text("descriptor%s %s; no file, socket, attribute or variable "
					 "holds %s",
					 plural(count), list, count == 1 ? "it" : "them");
	if (library) {
		finding_about(answer, finding, (uint32_t)(library - answer->libraries));
		finding->advice = finding_text("%s calls %s and may know %s: close what it opened "
					       "through it; else look for an os.close() that is missing",
					       library->name, sorts[sort].call,
					       count == 1 ? "it" : "them");
	} else {
		finding->advice = finding_text("look for an os.close() that is missing, or a detach(), "
					       "and open in a with statement");
	}
	return finding_done(finding);
}

struct hg_error *findings_descriptors(struct making *making)
{
	struct answer *answer = making->answer;
	struct hg_error *error = NULL;

	for (uint32_t sort = 0; !error && sort < SORTS; sort++) {
		struct makers makers = makers_of(answer, &sorts[sort]);
		uint64_t count = 0;

		for (uint32_t i = 0; i < answer->num_descriptors; i++)
			count += is_claimed(&answer->descriptors[i], sort, &makers);
		if (count && !makers.unknown && !has_silent_owner(answer, sort))
			error = report(answer, sort, &makers, count);
	}
	return error;
}
