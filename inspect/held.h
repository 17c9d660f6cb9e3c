/* A process that a debugger holds, as a source.
 *
 * We cannot trace it, since another does, and nothing may run in it. But it stands still, so that its
 * memory can be read where it is: it is made again as that of a core is (core_sandbox.h), without the file
 * in between. The debugger says what only a tracer knows. */
#pragma once

#include <stdio.h>

#include "core.h"

struct held_options {
	/* /proc/PID/mem, opened by the debugger: yama lets the tracer do it, and us not. Stays the caller's. */
	int memory;
	/* A line for each thread: its number, rsp, rip, fs_base, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8 to
	 * r15, the registers hexadecimal. */
	FILE *registers;
};

/* Reads the process and finds the interpreter in it. Nothing is written to it and none of its pages is
 * made that was not there. A process of which a thread runs is refused; one that goes on meanwhile is an
 * error. O(bytes of it). *ret is for core_capture() and core_close(). */
_must_check_ struct hg_error *held_open(pid_t pid, const struct held_options *options,
					const struct interrupt *interrupt, struct core **ret);
