/* Permission to trace, as Linux decides it; ptrace(2), "Ptrace access mode checking":
 *   1. the caller's ids equal the target's real, effective and saved ids, or CAP_SYS_PTRACE in the
 *      target's user namespace;
 *   2. the target is dumpable, or that capability;
 *   3. security modules: the target's permitted capabilities are a subset of the caller's, yama's
 *      ptrace_scope (Documentation/admin-guide/LSM/Yama.rst), others;
 * before all this a seccomp filter may refuse the system call, and an attached tracer excludes
 * another. The explanation follows the same order and names the one remedy that fits. */
#include "denial.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process.h"

static bool has_ptrace_capability(const struct denial_facts *f)
{
	return f->self.capabilities_effective >> CAP_SYS_PTRACE & 1 && !f->outer_user_namespace;
}

static bool ids_match(const struct denial_facts *f)
{
	uid_t uid = f->self.uid[3];
	gid_t gid = f->self.gid[3];

	for (unsigned i = 0; i < 3; i++)
		if (f->target.uid[i] != uid || f->target.gid[i] != gid)
			return false;
	return true;
}

static struct hg_error *denied(const struct denial_facts *f, const char *why)
{
	return hg_error_new(HG_EXIT_PERMISSION, "no permission to look into process %d: %s", f->pid,
			    why);
}

/* The way to the capability from here: the container's, or the administrator's. */
static struct hg_error *remedy(const struct denial_facts *f, struct hg_error *error)
{
	bool reachable = f->self.capabilities_bounding >> CAP_SYS_PTRACE & 1;

	if (f->in_container && !reachable)
		return hg_error_hint(error, "give the container the capability: docker run "
					    "--cap-add=SYS_PTRACE ...");
	if (f->self.uid[1] == 0)
		return hg_error_hint(error, "run it from a root shell that holds CAP_SYS_PTRACE "
					    "(capsh --print shows what it holds)");
	return hg_error_hint(error, "sudo heapgraph attach %d", f->pid);
}

static struct hg_error *explain_ids(const struct denial_facts *f)
{
	char why[128];

	if (f->self.uid[1] == 0)
		return remedy(f, denied(f, "root lacks CAP_SYS_PTRACE here"));
	snprintf(why, sizeof(why), "it belongs to user %s", f->user);
	return remedy(f, denied(f, why));
}

static struct hg_error *explain_yama(const struct denial_facts *f)
{
	switch (f->yama_scope) {
	case 1:
		return remedy(f, denied(f, "kernel.yama.ptrace_scope=1 lets only parents look into "
					   "their children"));
	case 2:
		return remedy(f, denied(f, "kernel.yama.ptrace_scope=2 allows it to administrators "
					   "only"));
	default:
		return hg_error_hint(denied(f, "kernel.yama.ptrace_scope=3 forbids it to everyone"),
				     "set kernel.yama.ptrace_scope to 1 in /etc/sysctl.d and reboot");
	}
}

/* Everything that can be asked for allows it. What is left are the security modules that run, of
 * which none says that it was the one; SELinux, Smack and AppArmor write it into the audit log. */
static struct hg_error *explain_rest(const struct denial_facts *f)
{
	char why[256];

	if (!f->modules[0])
		return hg_error_hint(denied(f, "the kernel refuses it and gives no reason; user, "
					       "capabilities, yama and seccomp allow it"),
				     "sudo dmesg may say more");
	snprintf(why, sizeof(why), "%s (%s) forbids it; user, capabilities, yama and seccomp allow it",
		 strchr(f->modules, ',') ? "one of the security modules here" : "the security module",
		 f->modules);
	if (strstr(f->modules, "SELinux") || strstr(f->modules, "AppArmor") ||
	    strstr(f->modules, "Smack"))
		return hg_error_hint(denied(f, why), "the audit log says which rule: sudo journalctl -k "
						     "-g 'apparmor|avc|smack'");
	return hg_error_hint(denied(f, why), "run it outside the sandbox that this shell was started in");
}

static struct hg_error *traced_already(const struct denial_facts *f)
{
	return hg_error_new(HG_EXIT_PERMISSION, "cannot attach to process %d: %s (PID %d) traces it already",
			    f->pid, f->tracer, f->target.tracer);
}

struct hg_error *denial_explain(const struct denial_facts *f)
{
	if (f->target.tracer && !strcmp(f->tracer, "gdb") && f->gdb_command[0])
		return hg_error_hint(traced_already(f), "ask in that gdb: source %s, then heapgraph report",
				     f->gdb_command);
	if (f->target.tracer)
		return hg_error_hint(traced_already(f), "let it go there first (`detach` in gdb, Ctrl-C in "
							"strace), then attach again");
	if (f->yama_scope == 3)
		return explain_yama(f);
	if (!has_ptrace_capability(f)) {
		if (f->outer_user_namespace)
			return hg_error_hint(denied(f, "it runs outside of the user namespace (the "
						       "container) that heapgraph runs in"),
					     "attach from the host: sudo heapgraph attach PID, with "
					     "the PID that it has there");
		if (!ids_match(f))
			return explain_ids(f);
		if (!f->dumpable)
			return remedy(f, denied(f, "it is not dumpable (it changed its user, runs a "
						   "file that may not be read, or asked for it)"));
		if (f->target.capabilities_permitted & ~f->self.capabilities_permitted)
			return remedy(f, denied(f, "it holds capabilities that you do not"));
		if (f->yama_scope)
			return explain_yama(f);
	}
	if (f->ptrace_filtered)
		return hg_error_hint(denied(f, "a seccomp filter forbids ptrace here"),
				     "run it outside the sandbox (docker run "
				     "--security-opt seccomp=unconfined ...)");
	return explain_rest(f);
}

static int read_yama_scope(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = 0;

	if (!file || fscanf(file, "%d", &scope) != 1)
		return 0;
	return scope;
}

/* How many ids a user namespace has; UINT64_MAX where one of them is none in the reader's own, -1. */
static uint64_t count_ids(pid_t pid)
{
	_cleanup_free_ char *map = proc_read(pid, "uid_map", NULL);
	unsigned inside, ours, count;
	uint64_t sum = 0;

	for (char *rest = map, *line; (line = strsep(&rest, "\n"));) {
		if (sscanf(line, "%u %u %u", &inside, &ours, &count) != 3)
			continue;
		if (ours == (uid_t)-1)
			return UINT64_MAX;
		sum += count;
	}
	return sum;
}

/* /proc/PID/uid_map shows ids as the reader's user namespace has them (user_namespaces(7)), and a
 * namespace within ours can only have such as we have. Unlike /proc/PID/ns it may be read by all. */
static bool is_outer_user_namespace(pid_t pid)
{
	return count_ids(pid) > count_ids(getpid());
}

/* For ourselves, whom we do not trace, the answer is ESRCH (ptrace_check_attach() in
 * kernel/ptrace.c), unless the call never gets so far. */
static bool is_ptrace_filtered(const struct proc_status *self)
{
	return self->seccomp == 2 && ptrace(PTRACE_PEEKUSER, getpid(), 0, 0) < 0 && errno != ESRCH;
}

/* Container runtimes leave one of these marks; none of them is promised. */
static bool detect_container(void)
{
	return access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0 ||
	       getenv("KUBERNETES_SERVICE_HOST") != NULL;
}

static void take_user(struct denial_facts *f)
{
	struct passwd entry, *found = NULL;
	char buffer[1024];

	if (getpwuid_r(f->target.uid[1], &entry, buffer, sizeof(buffer), &found) == 0 && found)
		snprintf(f->user, sizeof(f->user), "%s", entry.pw_name);
	else
		snprintf(f->user, sizeof(f->user), "%u", f->target.uid[1]);
}

/* Seen from the command: installed; by pip, into lib/python3.X/site-packages/heapgraph; not at all. */
static void find_gdb_command(struct denial_facts *f)
{
	static const char *const places[] = {"../share/heapgraph", "../../../../share/heapgraph",
					      "../python_glue"};
	_cleanup_free_ char *own = proc_link(getpid(), "exe");
	char path[PATH_MAX + 64];

	for (size_t i = 0; own && i < sizeof(places) / sizeof(*places); i++) {
		_cleanup_free_ char *real = NULL;

		snprintf(path, sizeof(path), "%.*s/%s/heapgraph-gdb.py", (int)(strrchr(own, '/') - own), own,
			 places[i]);
		real = realpath(path, NULL);
		if (!f->gdb_command[0] && real)
			snprintf(f->gdb_command, sizeof(f->gdb_command), "%s", real);
	}
}

struct hg_error *process_denied(pid_t pid)
{
	struct denial_facts facts = { .pid = pid };
	char path[32];
	struct stat st;

	if (proc_status_read(pid, &facts.target) < 0)
		return hg_error_new(HG_EXIT_NO_PROCESS, "process %d has ended", pid);
	if (proc_status_read(getpid(), &facts.self) < 0)
		return hg_error_errno(HG_EXIT_FAILURE, errno, "cannot read /proc/self/status");
	/* Files below /proc/PID, not the directory, belong to root where the process is not dumpable
	 * (task_dump_owner() in fs/proc/base.c). */
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	facts.dumpable = stat(path, &st) < 0 || st.st_uid == facts.target.uid[1];
	facts.outer_user_namespace = is_outer_user_namespace(pid);
	facts.ptrace_filtered = is_ptrace_filtered(&facts.self);
	lsm_tracing_modules(facts.modules);
	facts.in_container = detect_container();
	facts.yama_scope = read_yama_scope();
	take_user(&facts);
	find_gdb_command(&facts);
	if (facts.target.tracer)
		proc_name(facts.target.tracer, facts.tracer);
	return denial_explain(&facts);
}
