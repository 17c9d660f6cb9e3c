/* freeze-probe PID [COUNT] [fork|pause] [MICROSECONDS]: freezes a process COUNT times, uses the copy
 * a little, and prints one line each: consistent, stopped and total time in microseconds, why not.
 * MICROSECONDS: how long the copy is kept. For tests and measurements; not installed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "../../inspect/freeze.h"
#include "../../inspect/tracee.h"

static void process_closep(struct process **process)
{
	process_close(*process);
}

static void freeze_endp(struct freeze **freeze)
{
	freeze_end(*freeze);
}

/* The first entry reads from address 8 and faults; the second one finds the word cleared. */
static const uint8_t code[] = {
	0x48, 0x8b, 0x07,	/* mov (%rdi), %rax */
	0x48, 0x85, 0xc0,	/* test %rax, %rax */
	0x74, 0x0b,		/* je 1f */
	0x48, 0xc7, 0x07, 0, 0, 0, 0, /* movq $0, (%rdi) */
	0x48, 0x8b, 0x00,	/* mov (%rax), %rax */
	0x90,
	0xcc,			/* 1: int3 */
};

static bool on_fault(void *context, int signal, uint64_t address)
{
	*(uint64_t *)context = address;
	return true;
}

static struct hg_error *use_copy(struct freeze *freeze)
{
	const uint64_t arguments[6] = { 0, 65536, PROT_READ | PROT_WRITE | PROT_EXEC,
					MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0 };
	uint64_t fault = 0, word = 8;
	struct freeze_call call = { .on_fault = on_fault, .context = &fault,
				    .timeout_ns = 10000000000ull };
	struct hg_error *error;
	int64_t address;

	error = freeze_syscall(freeze, &address, SYS_mmap, arguments);
	if (error)
		return error;
	if (address < 0)
		return hg_error_errno(HG_EXIT_FAILURE, (int)-address, "mmap in the copy");
	error = freeze_write(freeze, (uint64_t)address, code, sizeof(code));
	if (!error)
		error = freeze_write(freeze, (uint64_t)address + 4096, &word, sizeof(word));
	call.function = (uint64_t)address;
	call.argument = (uint64_t)address + 4096;
	call.stack_top = (uint64_t)address + 65536;
	if (!error)
		error = freeze_run(freeze, &call);
	if (!error && fault != 8)
		error = hg_error_new(HG_EXIT_FAILURE, "the fault was seen at %#lx", (long)fault);
	return error;
}

static struct hg_error *probe(struct process *process, const struct py_runtime *runtime,
			      const struct freeze_options *options, useconds_t keep)
{
	_cleanup_(freeze_endp) struct freeze *freeze = NULL;
	uint64_t start = now_ns(), begun;
	struct hg_error *error;

	error = freeze_begin(process, runtime, options, &freeze);
	begun = now_ns();
	if (!error)
		error = use_copy(freeze);
	if (error)
		return error;
	usleep(keep);
	printf("%d %lu %lu %s\n", freeze->consistent, freeze->stopped_ns / 1000,
	       (begun - start) / 1000, freeze->why_inconsistent ?: "");
	fflush(stdout);
	return NULL;
}

int main(int argc, char **argv)
{
	static struct py_runtime runtime;
	_cleanup_(process_closep) struct process *process = NULL;
	_cleanup_error_ struct hg_error *error = NULL;
	struct freeze_options options = { .mode = FREEZE_FORK, .timeout_ns = 1000000000 };
	int count = argc > 2 ? atoi(argv[2]) : 1;
	useconds_t keep = argc > 4 ? (useconds_t)atoi(argv[4]) : 0;

	if (argc < 2)
		return HG_EXIT_USAGE;
	if (argc > 3 && strcmp(argv[3], "pause") == 0)
		options.mode = FREEZE_PAUSE;
	error = process_open(atoi(argv[1]), &process);
	if (!error)
		error = py_runtime_open(&process->memory, process->runtime, process->python_version,
					&runtime);
	while (!error && count-- > 0)
		error = probe(process, &runtime, &options, keep);
	if (!error)
		return 0;
	fprintf(stderr, "freeze-probe: %s\n", error->message);
	if (error->hint)
		fprintf(stderr, "hint: %s\n", error->hint);
	return error->code;
}
