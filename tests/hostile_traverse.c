/* A tp_traverse as a core might bring along, flat and position-independent: test_core_hostile.py puts it
 * over one of CPython's. Which of the names below is defined says what it tries. Its third argument is
 * the hook's state (struct hook), whose first word leads to struct hook_control.
 *
 * With ALONE it is called once, outside of any sandbox, and returns what the kernel said. */
#include <fcntl.h>
#include <linux/mman.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "../python_glue/hook_abi.h"

enum { MB = 1 << 20 };

/* One function: the first byte is its entry. */
#define INLINE static inline __attribute__((__always_inline__))

INLINE long call(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = 0;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

INLINE long take_memory(long flags, long address, long size)
{
	return call(SYS_mmap, address, size, 3, flags, -1);
}

long traverse(void *self, void *visit, struct hook_control **hook);

#if defined(CREATE_FILE)
INLINE long act(struct hook_control *control)
{
	static const char path[] = CREATE_FILE;

	(void)control;
	return call(SYS_openat, AT_FDCWD, (long)path, O_CREAT | O_WRONLY, 0600, 0);
}
#elif defined(FORK)
INLINE long act(struct hook_control *control)
{
	long child = call(SYS_clone, 0, 0, 0, 0, 0);

	(void)control;
	if (!child)
		call(SYS_exit, 0, 0, 0, 0, 0);
	return child;
}
#elif defined(CALL_OF_32_BITS)
INLINE long act(struct hook_control *control)
{
	long ret = 20; /* getpid */

	(void)control;
	__asm__ volatile("int $0x80" : "+a"(ret) : : "memory");
	return ret;
}
#elif defined(OTHER_CALL) /* one that is harmless where it is allowed */
INLINE long act(struct hook_control *control)
{
	(void)control;
	return call(OTHER_CALL);
}
#elif defined(MEMORY_OVER_OTHERS)
INLINE long act(struct hook_control *control)
{
	long place = (long)control & -4096;

	return take_memory(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, place - 16 * MB, 4096);
}
#elif defined(FOR_EVER)
INLINE __attribute__((__noreturn__)) long act(struct hook_control *control)
{
	(void)control;
	for (;;)
		__asm__ volatile("pause");
}
#elif defined(MEMORY_FOR_EVER)
INLINE __attribute__((__noreturn__)) long act(struct hook_control *control)
{
	(void)control;
	for (;;) {
		char *piece = (char *)take_memory(MAP_PRIVATE | MAP_ANONYMOUS, 0, 16 * MB);

		for (long i = 0; (long)piece > 0 && i < 16 * MB; i += 4096)
			piece[i] = 1;
	}
}
#elif defined(FAULTS_FOR_EVER) /* each time at another object, as far as the driver is told */
INLINE long act(struct hook_control *control)
{
	control->cursor_address++;
	control->cursor--;
	__builtin_trap();
}
#elif defined(FORGES_COLUMNS) /* done, it says, and here is a terabyte of it */
INLINE long act(struct hook_control *control)
{
	for (unsigned i = 0; i < HOOK_COLUMNS; i++)
		control->columns[i].used = FORGES_COLUMNS;
	control->phase = HOOK_DONE;
	__asm__ volatile("int3");
	return 0;
}
#elif defined(SCRAMBLES) /* what the walk has recorded so far, and goes on as if nothing had happened */
INLINE uint64_t chance(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

INLINE long act(struct hook_control *control)
{
	uint64_t state = SCRAMBLES, *calls = &control->scratch[63];

	if (++*calls != 400)
		return 0;
	for (unsigned i = 0; i < 24; i++) {
		struct hook_array *column = &control->columns[chance(&state) % HOOK_COLUMNS];
		uint64_t what = chance(&state), value = chance(&state);

		if (!column->used)
			continue;
		if (what % 16 == 0)
			column->used += value % 3 ? 4 : 1 << 16;
		else
			*(uint32_t *)(column->data + chance(&state) % column->used / 4 * 4) =
				what % 4 ? (uint32_t)(what % 4 == 1 ? -1 : value % 50000) : (uint32_t)value;
	}
	return 0;
}
#endif

long traverse(void *self, void *visit, struct hook_control **hook)
{
	(void)self;
	(void)visit;
#ifdef ALONE
	(void)hook;
	return act(NULL);
#else
	act(*hook);
	return 0;
#endif
}
