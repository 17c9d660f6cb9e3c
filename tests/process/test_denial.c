/* Each cause for which the kernel refuses has its own words and its own remedy. */
#include <linux/capability.h>
#include <string.h>

#include "../../inspect/denial.h"
#include "unit.h"

/* A user's shell and a user's process on a desktop with yama's default. */
static struct denial_facts ordinary(void)
{
	return (struct denial_facts){
		.pid = 42,
		.target = { .state = 'S', .uid = { 1000, 1000, 1000, 1000 },
			    .gid = { 1000, 1000, 1000, 1000 } },
		.self = { .state = 'R', .capabilities_bounding = ~0ull, .uid = { 1000, 1000, 1000, 1000 },
			  .gid = { 1000, 1000, 1000, 1000 } },
		.dumpable = true,
		.yama_scope = 1,
		.user = "alice",
	};
}

static void expect(const struct denial_facts *facts, const char *why, const char *hint)
{
	struct hg_error *error = denial_explain(facts);

	assert_non_null(error);
	assert_int_equal(error->code, HG_EXIT_PERMISSION);
	if (!strstr(error->message, why) || !error->hint || !strstr(error->hint, hint))
		fail_msg("got \"%s\", hint \"%s\"", error->message, error->hint);
	assert_null(strchr(error->message, '\n'));
	hg_error_free(error);
}

static void tracer_is_named(void **state)
{
	struct denial_facts f = ordinary();

	f.target.tracer = 77;
	strcpy(f.tracer, "gdb");
	expect(&f, "gdb (PID 77) traces it already", "detach");
	strcpy(f.gdb_command, "/opt/heapgraph-gdb.py");
	expect(&f, "gdb (PID 77) traces it already", "source /opt/heapgraph-gdb.py, then heapgraph report");
}

static void yama_is_named(void **state)
{
	struct denial_facts f = ordinary();

	expect(&f, "ptrace_scope=1", "sudo heapgraph attach 42");
	f.yama_scope = 2;
	expect(&f, "ptrace_scope=2", "sudo heapgraph attach 42");
	f.yama_scope = 3;
	expect(&f, "ptrace_scope=3", "reboot");
}

static void other_user_is_named(void **state)
{
	struct denial_facts f = ordinary();

	f.target.uid[2] = 1001;
	expect(&f, "belongs to user alice", "sudo heapgraph attach 42");
	f.in_container = true;
	expect(&f, "belongs to user alice", "sudo heapgraph attach 42");
	f.self.capabilities_bounding = 0;
	expect(&f, "belongs to user alice", "docker run --cap-add=SYS_PTRACE");
}

static void root_without_capability_is_named(void **state)
{
	struct denial_facts f = ordinary();

	memset(f.self.uid, 0, sizeof(f.self.uid));
	memset(f.self.gid, 0, sizeof(f.self.gid));
	f.in_container = true;
	f.self.capabilities_bounding = 0;
	expect(&f, "root lacks CAP_SYS_PTRACE", "docker run --cap-add=SYS_PTRACE");
	f.in_container = false;
	expect(&f, "root lacks CAP_SYS_PTRACE", "capsh");
	f.outer_user_namespace = true;
	f.self.capabilities_effective = 1ull << CAP_SYS_PTRACE;
	expect(&f, "outside of the user namespace", "from the host");
}

static void undumpable_is_named(void **state)
{
	struct denial_facts f = ordinary();

	f.dumpable = false;
	expect(&f, "not dumpable", "sudo heapgraph attach 42");
}

static void more_capable_target_is_named(void **state)
{
	struct denial_facts f = ordinary();

	f.target.capabilities_permitted = 1ull << CAP_NET_BIND_SERVICE;
	expect(&f, "capabilities that you do not", "sudo");
}

static void filters_are_named_last(void **state)
{
	struct denial_facts f = ordinary();

	f.self.capabilities_effective = 1ull << CAP_SYS_PTRACE;
	f.ptrace_filtered = true;
	expect(&f, "a seccomp filter", "seccomp=unconfined");
	f.ptrace_filtered = false;
	expect(&f, "gives no reason", "dmesg");
	strcpy(f.modules, "AppArmor");
	expect(&f, "the security module (AppArmor) forbids it", "audit log");
	strcpy(f.modules, "Landlock, BPF");
	expect(&f, "one of the security modules here (Landlock, BPF)", "outside the sandbox");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tracer_is_named),
		cmocka_unit_test(yama_is_named),
		cmocka_unit_test(other_user_is_named),
		cmocka_unit_test(root_without_capability_is_named),
		cmocka_unit_test(undumpable_is_named),
		cmocka_unit_test(more_capable_target_is_named),
		cmocka_unit_test(filters_are_named_last),
	};

	return RUN(tests);
}
