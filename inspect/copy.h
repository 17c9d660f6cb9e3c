/* The frozen copy (or the helper process that makes it): a process that is ours alone. */
#pragma once

#include "freeze.h"
#include "remote.h"

struct copy {
	pid_t pid;	 /* by our numbers; 0: none */
	pid_t inner_pid; /* as the target's namespace numbers it */
	uint64_t stack;	 /* rsp for system calls: at exit_group(0), should it run on without us */
	const struct gadgets *gadgets;
};

/* Waits for a process that was just cloned and has the kernel kill it when we die. */
_must_check_ struct hg_error *copy_adopt(struct copy *copy, uint32_t options);
/* Ends it and collects it as its tracer. */
void copy_kill(struct copy *copy);
_must_check_ struct hg_error *copy_write(const struct copy *copy, uint64_t address,
					 const void *data, size_t size);
/* freeze_run() */
_must_check_ struct hg_error *copy_run(const struct copy *copy, const struct freeze_call *call);
