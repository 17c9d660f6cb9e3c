/* The hook's entry: the phases one after another, and going on after a fault. */
#include "hook_private.h"

#define HOOK_EINVAL 22

/* The thread may have been stopped in the midst of anything: arithmetic begins afresh. */
static void clean_arithmetic(void)
{
#ifndef HOOK_IN_PROCESS
	uint32_t mxcsr = 0x1f80;

	__asm__ volatile("fninit; ldmxcsr %0" : : "m"(mxcsr));
#endif
}

static void finish(void)
{
#ifndef HOOK_IN_PROCESS
	__asm__ volatile("int3");
#endif
}

static bool start(struct hook_control *control)
{
	struct hook *h;
	int64_t memory;

	if (control->size != sizeof(*control)) {
		control->phase = HOOK_FAILED;
		control->error = HOOK_EINVAL;
		return false;
	}
	memory = hook_map(sizeof(*h));
	if (memory < 0 && memory > -4096) {
		control->phase = HOOK_FAILED;
		control->error = (int32_t)-memory;
		return false;
	}
	control->scratch[0] = (uint64_t)memory;
	h = (struct hook *)memory;
	h->control = control;
	h->layout = control->layout;
	h->minor = control->layout.minor;
	return true;
}

/* Entered with a phase behind HOOK_START_PHASE, the hook was interrupted by a fault in it. */
static void resume(struct hook *h)
{
	if (h->control->phase == HOOK_WALK)
		hook_walk_resume(h);
	else
		h->queued = 0;
}

static void phases(struct hook *h)
{
	struct hook_control *control = h->control;

	if (control->phase == HOOK_START_PHASE) {
		hook_push32(h, &control->columns[HOOK_STRINGS], 0); /* offset 0 is "" */
		control->columns[HOOK_STRINGS].used = 1;
		control->phase = HOOK_ROOT_PHASE;
	} else {
		resume(h);
	}
	if (control->phase == HOOK_ROOT_PHASE) {
		hook_roots(h);
		control->phase = HOOK_WALK;
	}
	hook_walk(h);
	control->phase = HOOK_DONE;
}

__attribute__((__section__(".text.hook_entry"), __visibility__("default"))) void
hook_run(struct hook_control *control)
{
	struct hook *h;

	clean_arithmetic();
	if (control->phase == HOOK_START_PHASE && !start(control)) {
		finish();
		return;
	}
	h = (struct hook *)control->scratch[0];
	if (!__builtin_setjmp(h->unwind))
		phases(h);
	finish();
}
