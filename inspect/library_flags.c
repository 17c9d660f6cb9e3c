/* By dynamic symbols: those that a library defines say what it is, those that it needs from others what
 * it may do. */
#include "library_flags.h"

#include <elf.h>

#include "../graph/hgs.h"
#include "../python_glue/version.h"
#include "module_uses.h"

enum {
	MAKES_ANY = HGS_LIB_MAKES_SOCKETS | HGS_LIB_MAKES_PIPES | HGS_LIB_OPENS_FILES,
	USES = MAKES_ANY | HGS_LIB_LOADS_LIBRARIES
};

/* Functions of libc that make a descriptor (dup() and syscall() may make any) or load a library. */
static const struct module_use uses[] = {
	{ "socket", HGS_LIB_MAKES_SOCKETS },	 { "socketpair", HGS_LIB_MAKES_SOCKETS },
	{ "accept", HGS_LIB_MAKES_SOCKETS },	 { "accept4", HGS_LIB_MAKES_SOCKETS },
	{ "recvmsg", HGS_LIB_MAKES_SOCKETS },	 { "pipe", HGS_LIB_MAKES_PIPES },
	{ "pipe2", HGS_LIB_MAKES_PIPES },	 { "popen", HGS_LIB_MAKES_PIPES },
	{ "open", HGS_LIB_OPENS_FILES },	 { "open64", HGS_LIB_OPENS_FILES },
	{ "__open_2", HGS_LIB_OPENS_FILES },	 { "__open64_2", HGS_LIB_OPENS_FILES },
	{ "openat", HGS_LIB_OPENS_FILES },	 { "openat64", HGS_LIB_OPENS_FILES },
	{ "fopen", HGS_LIB_OPENS_FILES },	 { "fopen64", HGS_LIB_OPENS_FILES },
	{ "freopen", HGS_LIB_OPENS_FILES },	 { "freopen64", HGS_LIB_OPENS_FILES },
	{ "creat", HGS_LIB_OPENS_FILES },	 { "creat64", HGS_LIB_OPENS_FILES },
	{ "opendir", HGS_LIB_OPENS_FILES },	 { "mkstemp", HGS_LIB_OPENS_FILES },
	{ "mkstemp64", HGS_LIB_OPENS_FILES },	 { "mkostemp", HGS_LIB_OPENS_FILES },
	{ "mkostemp64", HGS_LIB_OPENS_FILES },	 { "tmpfile", HGS_LIB_OPENS_FILES },
	{ "tmpfile64", HGS_LIB_OPENS_FILES },	 { "dup", MAKES_ANY },
	{ "dup3", MAKES_ANY },			 { "syscall", MAKES_ANY },
	{ "dlopen", HGS_LIB_LOADS_LIBRARIES },	 { "dlmopen", HGS_LIB_LOADS_LIBRARIES },
};

static uint32_t uses_of(const struct memory *memory, const struct module *module)
{
	if (!module->dynamic)
		return USES;
	return USES & module_uses(memory, module, uses, sizeof(uses) / sizeof(uses[0]));
}

static bool defines_init(const struct memory *memory, const struct module *module)
{
	return module->dynamic && (module_defines_prefix(memory, module, "PyInit") ||
				   module_defines_prefix(memory, module, "PyModExport"));
}

uint32_t library_flags(const struct process *process, const struct memory *memory,
		       const struct module *module, const char *path)
{
	uint32_t flags = uses_of(memory, module);
	struct module_symbol symbol;
	char hook[PY_HOOK_NAME];

	if (module->flags_1 & DF_1_NODELETE)
		flags |= HGS_LIB_NODELETE;
	if (module->dynamic && module_symbol(memory, module, "_r_debug", &symbol))
		flags |= HGS_LIB_LOADER;
	if (!path)
		flags |= HGS_LIB_MAIN;
	if (process->runtime >= module->low && process->runtime < module->high)
		return flags | HGS_LIB_PYTHON;
	/* A program may define such a function too; nobody imports it. */
	if (!path || !defines_init(memory, module))
		return flags;
	flags |= HGS_LIB_EXTENSION;
	if (py_import_first_hook(process->python_version, path, hook) &&
	    !module_symbol(memory, module, hook, &symbol))
		flags |= HGS_LIB_IMPORTED_TWICE;
	return flags;
}
