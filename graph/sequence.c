/* The process is known by its number, its start and the boot. A snapshot of a core has no start: there
 * the address of `type` speaks, which every interpreter has, at a place that the kernel chose at
 * random when the program was loaded. It also tells a process that has called execve() in between,
 * which has kept number and start and nothing else. */
#include "sequence.h"

#include <string.h>

/* Of the object that is its own type; 0: there is none. */
static uint64_t type_address(const struct snapshot *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->type[i] == i)
			return s->addr[i];
	return 0;
}

static bool has_start(const struct snapshot *s)
{
	return s->num_processes && s->process->boot_id;
}

static struct hg_error *not_one(const char *a, const char *b, const char *format, uint64_t x,
				uint64_t y)
{
	char why[160];

	snprintf(why, sizeof(why), format, (unsigned long long)x, (unsigned long long)y);
	return hg_error_hint(hg_error_new(HG_EXIT_USAGE, "cannot compare %s and %s: %s", a, b, why),
			     "take both from one process: heapgraph snapshot PID -o FILE.hgs, "
			     "some work later once more");
}

static struct hg_error *check_process(const struct snapshot *a, const struct snapshot *b,
				      const char *old, const char *new, bool *proven)
{
	if (a->meta->pid != b->meta->pid)
		return not_one(old, new, "they are of two processes, %llu and %llu", a->meta->pid,
			       b->meta->pid);
	if (has_start(a) && has_start(b)) {
		if (strcmp(snapshot_string(a, a->process->boot_id),
			   snapshot_string(b, b->process->boot_id)))
			return not_one(old, new,
				       "the machine was started anew between them, and process %llu "
				       "is another",
				       a->meta->pid, 0);
		if (a->process->start_ticks != b->process->start_ticks)
			return not_one(old, new,
				       "process %llu has ended between them, and its number was given "
				       "to another",
				       a->meta->pid, 0);
	} else {
		*proven = false;
	}
	if (a->meta->python_version != b->meta->python_version || type_address(a) != type_address(b))
		return not_one(old, new, "process %llu runs another program by now", a->meta->pid, 0);
	return NULL;
}

static bool is_core(const struct snapshot *s)
{
	return s->meta->method == HGS_CORE;
}

static int64_t elapsed(const struct snapshot *a, const struct snapshot *b)
{
	if (has_start(a) && has_start(b))
		return (int64_t)(b->process->taken_ns - a->process->taken_ns);
	return (int64_t)(b->meta->time_ns - a->meta->time_ns);
}

struct hg_error *sequence_check(const struct snapshot *const *s, const char *const *names,
				unsigned count, struct sequence *ret)
{
	*ret = (struct sequence){.proven = true};
	for (unsigned i = 0; i + 1 < count; i++) {
		struct hg_error *error =
			check_process(s[i], s[i + 1], names[i], names[i + 1], &ret->proven);
		int64_t ns = elapsed(s[i], s[i + 1]);

		if (error)
			return error;
		if (ns < 0)
			return hg_error_hint(hg_error_new(HG_EXIT_USAGE,
							  "the wrong way round: %s was taken after %s",
							  names[i], names[i + 1]),
					     is_core(s[i]) || is_core(s[i + 1])
						     ? "name the older first; a core's time is that of its file "
						       "(a copy has it by cp -p, or set it by touch -d)"
						     : "name the older snapshot first");
		ret->ns[i] = (uint64_t)ns;
	}
	return NULL;
}
