/* Which modules run is told to everybody by lsm_list_modules(2) from Linux 6.8 on, before that by
 * securityfs where it is mounted. Which of them refused, none tells the caller. */
#include "lsm.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../graph/cleanup.h"

#ifndef SYS_lsm_list_modules
#define SYS_lsm_list_modules 461 /* arch/x86/entry/syscalls/syscall_64.tbl */
#endif

/* Those that define the hook ptrace_access_check (security/ in Linux 6.12); ids of
 * include/uapi/linux/lsm.h. */
static const struct {
	uint64_t id;
	const char *key, *name;
} tracing[] = {
	{ 101, "selinux", "SELinux" },	 { 102, "smack", "Smack" }, { 104, "apparmor", "AppArmor" },
	{ 110, "landlock", "Landlock" }, { 109, "bpf", "BPF" },
};
enum { MODULES = sizeof(tracing) / sizeof(tracing[0]) };

static void append(char names[LSM_NAMES], const char *name)
{
	size_t used = strlen(names);

	snprintf(names + used, LSM_NAMES - used, "%s%s", used ? ", " : "", name);
}

static int ask_kernel(char names[LSM_NAMES])
{
	uint64_t ids[32];
	uint32_t size = sizeof(ids);
	long count = syscall(SYS_lsm_list_modules, ids, &size, 0);

	for (unsigned k = 0; k < MODULES; k++)
		for (long i = 0; i < count; i++)
			if (ids[i] == tracing[k].id)
				append(names, tracing[k].name);
	return count < 0 ? -1 : 0;
}

/* "lockdown,capability,landlock,yama,apparmor" */
static void ask_securityfs(char names[LSM_NAMES])
{
	_cleanup_fclose_ FILE *file = fopen("/sys/kernel/security/lsm", "re");
	char line[256];

	if (!file || !fgets(line, sizeof(line), file))
		return;
	for (char *rest = line, *word; (word = strsep(&rest, ",\n"));)
		for (unsigned k = 0; k < MODULES; k++)
			if (!strcmp(word, tracing[k].key))
				append(names, tracing[k].name);
}

void lsm_tracing_modules(char names[LSM_NAMES])
{
	names[0] = '\0';
	if (ask_kernel(names) < 0)
		ask_securityfs(names);
}
