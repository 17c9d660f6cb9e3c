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
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process.h"

static bool has_ptrace_capability(const struct denial_facts *f)
{
	return f->self.capabilities_effective >> CAP_SYS_PTRACE & 1 && f->same_user_namespace;
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

	if (!f->same_user_namespace)
		return hg_error_hint(denied(f, "it runs in another user namespace"),
				     "attach from the host as root: sudo heapgraph attach PID");
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

struct hg_error *denial_explain(const struct denial_facts *f)
{
	if (f->target.tracer)
		return hg_error_hint(hg_error_new(HG_EXIT_PERMISSION, "cannot attach to process %d: "
						  "%s (PID %d) traces it already", f->pid,
						  f->tracer, f->target.tracer),
				     "let it go there first (`detach` in gdb, Ctrl-C in strace), then "
				     "attach again");
	if (f->yama_scope == 3)
		return explain_yama(f);
	if (!has_ptrace_capability(f)) {
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
	if (f->self.seccomp == 2)
		return hg_error_hint(denied(f, "a seccomp filter forbids ptrace here"),
				     "run it outside the sandbox (docker run "
				     "--security-opt seccomp=unconfined ...)");
	return hg_error_hint(denied(f, "a security module (SELinux, AppArmor) forbids it"),
			     "see the audit log: sudo journalctl -k -g 'apparmor|avc'");
}

static int read_yama_scope(void)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/sys/kernel/yama/ptrace_scope", "re");
	int scope = 0;

	if (!file || fscanf(file, "%d", &scope) != 1)
		return 0;
	return scope;
}

static bool user_namespace_differs(pid_t pid)
{
	_cleanup_free_ char *theirs = proc_link(pid, "ns/user");
	_cleanup_free_ char *ours = proc_link(getpid(), "ns/user");

	return theirs && ours && strcmp(theirs, ours) != 0;
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
	facts.same_user_namespace = !user_namespace_differs(pid);
	facts.in_container = detect_container();
	facts.yama_scope = read_yama_scope();
	take_user(&facts);
	if (facts.target.tracer)
		proc_name(facts.target.tracer, facts.tracer);
	return denial_explain(&facts);
}
