/* Libraries: how each came into the process, how many opens are outstanding, how many objects own
 * one. Counts and flags are the link map's (glibc include/link.h, elf/dl-close.c), read at capture. */
#include <stdarg.h>
#include <string.h>

#include "answer_parts.h"
#include "words.h"

static bool owns(const struct holder *holder)
{
	return holder->fact->kind == HGS_HOLDER_HANDLE || holder->fact->kind == HGS_HOLDER_MODULE;
}

static const char *loaded_by(const struct library *library, bool module)
{
	uint32_t flags = library->fact->flags;

	if (flags & HGS_LIB_MAIN)
		return "main";
	if (flags & (HGS_LIB_STARTUP | HGS_LIB_LOADER | HGS_LIB_VDSO))
		return "startup";
	if ((flags & HGS_LIB_EXTENSION) && (module || library->opens != 0))
		return "import";
	if (library->opens > 0 || library->owners)
		return "dlopen";
	return flags & HGS_LIB_NEEDED ? "needed" : "dlopen";
}

/* Libraries that load libraries, and by what part of its path one is known that they load for
 * themselves and keep. glibc: name services (nss/nss_module.c), the unwinder for pthread_cancel and
 * backtrace (misc/unwind-link.c; to 2.33 each that needs it opens it anew), IDNA (inet/idna.c), character conversion
 * (iconv/gconv_dl.c). OpenSSL: crypto/engine/eng_dyn.c, crypto/provider_core.c. GCC: libgomp/target.c.
 * Those of ctypes and cffi are their objects'. */
static const struct {
	const char *loader, *loads;
} loaders[] = {
	{"libc.so", "/libnss_"},	 {"libc.so", "/libgcc_s.so.1"},
	{"libc.so", "/libidn2.so.0"},	 {"libc.so", "/gconv/"},
	{"libcrypto", "/engines-"},	 {"libcrypto", "/ossl-modules/"},
	{"libgomp", "/libgomp-plugin-"}, {"_ctypes.", NULL},
	{"_cffi_backend.", NULL},
};

static bool is_known_loader(const struct library *library)
{
	if (library->fact->flags & HGS_LIB_PYTHON)
		return true;
	for (size_t i = 0; i < sizeof(loaders) / sizeof(*loaders); i++)
		if (!strncmp(library->name, loaders[i].loader, strlen(loaders[i].loader)))
			return true;
	return false;
}

/* One that the table has a loader for: how often that opens it is its own business. */
static bool is_natives(const struct library *library)
{
	for (size_t i = 0; i < sizeof(loaders) / sizeof(*loaders); i++)
		if (loaders[i].loads && strstr(library->path, loaders[i].loads))
			return true;
	return false;
}

bool may_be_natives(const struct answer *answer, const struct library *library)
{
	if (is_natives(library))
		return true;
	for (uint32_t i = 0; i < answer->num_libraries; i++)
		if (&answer->libraries[i] != library &&
		    answer->libraries[i].fact->flags & HGS_LIB_LOADS_LIBRARIES &&
		    !is_known_loader(&answer->libraries[i]))
			return true;
	return false;
}

/* max(0, opens - owners), or -1 where the comparison says nothing. dlclose() does not decrement the
 * count of a nodelete library, a library of startup was opened by the loader, one without opens is
 * there for another's sake. The main program's count starts at 1. An import keeps its open for
 * ever, with or without a module object that is left of it. One open without an owner may be native
 * code's, unless the program has its handle as a number. */
static int64_t leaked_opens(const struct answer *answer, const struct library *library)
{
	uint32_t flags = library->fact->flags;
	int64_t opens = library->opens, owners = library->owners;

	if (opens < 0 || (flags & (HGS_LIB_NODELETE | HGS_LIB_LOADER | HGS_LIB_VDSO)))
		return -1;
	if (flags & HGS_LIB_MAIN)
		opens--;
	else if ((flags & HGS_LIB_STARTUP) || (!opens && (flags & HGS_LIB_NEEDED)))
		return -1;
	if ((flags & HGS_LIB_EXTENSION) && !owners)
		owners = 1;
	if (flags & HGS_LIB_IMPORTED_TWICE)
		owners *= 2;
	if (!owners && !library->integers &&
	    (is_natives(library) || (opens == 1 && may_be_natives(answer, library))))
		return -1;
	return opens > owners ? opens - owners : 0;
}

/* Appends to the NULL-terminated list, which has room. */
__attribute__((__format__(__printf__, 2, 3))) static bool add_why(char **why, const char *format,
								  ...)
{
	va_list args;
	int length;

	while (*why)
		why++;
	va_start(args, format);
	length = vasprintf(why, format, args);
	va_end(args);
	if (length < 0)
		*why = NULL;
	return length >= 0;
}

static struct hg_error *explain(const struct snapshot *s, struct library *library)
{
	const struct hgs_library *fact = library->fact;
	bool ok = true;
	char **why = calloc(7, sizeof(*why));

	if (!why)
		return &hg_error_no_memory;
	library->why = why;
	if (fact->flags & (HGS_LIB_STARTUP | HGS_LIB_MAIN | HGS_LIB_LOADER | HGS_LIB_VDSO))
		ok &= add_why(why, "startup");
	if (library->opens > (fact->flags & HGS_LIB_MAIN ? 1 : 0))
		ok &= add_why(why, "opens");
	if ((fact->flags & HGS_LIB_NEEDED) && fact->needed_by != HGS_NONE)
		ok &= add_why(why, "needed by %s",
			      base_name(snapshot_string(s, s->libraries[fact->needed_by].path)));
	if ((fact->flags & HGS_LIB_BOUND) && fact->bound_by != HGS_NONE)
		ok &= add_why(why, "bound by %s",
			      base_name(snapshot_string(s, s->libraries[fact->bound_by].path)));
	if (fact->flags & HGS_LIB_TLS_DTORS)
		ok &= add_why(why, "tls destructors");
	if (fact->flags & HGS_LIB_NODELETE)
		ok &= add_why(why, "nodelete");
	return ok ? NULL : &hg_error_no_memory;
}

/* Lists the holders of each library: counted, then filled, in one array per library. */
static struct hg_error *list_holders(struct answer *answer)
{
	for (uint32_t i = 0; i < answer->num_holders; i++)
		if (answer->holders[i].library != HGS_NONE)
			answer->libraries[answer->holders[i].library].num_holders++;
	for (uint32_t i = 0; i < answer->num_libraries; i++) {
		struct library *library = &answer->libraries[i];

		library->holders = malloc((library->num_holders + 1) * sizeof(uint32_t));
		if (!library->holders)
			return &hg_error_no_memory;
		library->num_holders = 0;
	}
	for (uint32_t i = 0; i < answer->num_holders; i++) {
		const struct holder *holder = &answer->holders[i];
		struct library *library;

		if (holder->library == HGS_NONE)
			continue;
		library = &answer->libraries[holder->library];
		library->holders[library->num_holders++] = i;
		library->owners += owns(holder);
		library->integers += holder->fact->kind == HGS_HOLDER_INTEGER && holder->path;
	}
	return NULL;
}

static bool has_module(const struct answer *answer, const struct library *library)
{
	for (uint32_t i = 0; i < library->num_holders; i++)
		if (answer->holders[library->holders[i]].fact->kind == HGS_HOLDER_MODULE)
			return true;
	return false;
}

struct hg_error *libraries_make(struct making *making)
{
	struct answer *answer = making->answer;
	const struct snapshot *s = answer->s;
	struct hg_error *error;

	answer->libraries = calloc((size_t)s->num_libraries + 1, sizeof(*answer->libraries));
	if (!answer->libraries)
		return &hg_error_no_memory;
	answer->num_libraries = s->num_libraries;
	error = list_holders(answer);
	for (uint32_t i = 0; !error && i < s->num_libraries; i++) {
		struct library *library = &answer->libraries[i];

		library->fact = &s->libraries[i];
		library->path = snapshot_string(s, library->fact->path);
		library->name = base_name(library->path);
		library->opens = library->fact->opens == HGS_NONE ? -1 : (int64_t)library->fact->opens;
		library->loaded_by = loaded_by(library, has_module(answer, library));
		error = explain(s, library);
	}
	for (uint32_t i = 0; !error && i < s->num_libraries; i++)
		answer->libraries[i].leaked_opens = leaked_opens(answer, &answer->libraries[i]);
	return error;
}
