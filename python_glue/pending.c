/* The queue of pending calls, by version. See pending.h.
 *
 * Sources: struct _pending_calls in Include/internal/pycore_pystate.h (3.8), pycore_interp.h (3.9 to
 * 3.11), pycore_ceval_state.h (3.12 on); Python/ceval.c and ceval_gil.c: make_pending_calls(),
 * _push_pending_call(), _pop_pending_call().
 * Up to 3.12: {lock; calls_to_do; async_exc; calls[32]; first; last}, a ring that is empty where
 * first == last, calls_to_do and eval_breaker make the eval loop look. From 3.13 on: {handling_thread;
 * PyMutex mutex; npending; max; maxloop; calls[300]; first; next} and a bit in the thread state's
 * eval_breaker.
 *
 * The fields of the queue are changed by one process_vm_writev() of one range of a few pages: the
 * kernel takes hold of all of them before it copies, so a SIGKILL comes before or after it. */
#include "pending.h"

#include <string.h>
#include <sys/uio.h>

/* Bit of PyThreadState.eval_breaker, pycore_ceval.h of 3.13 on. */
#define CALLS_TO_DO_BIT ((uint64_t)1 << 2)

struct shape {
	uint32_t from, to;	/* minor versions */
	bool of_runtime;	/* relative to _PyRuntime, else to the interpreter */
	uint16_t lock;		/* to 3.12: sem_t *; then: PyMutex, a byte */
	uint16_t begin, end;	/* the range that is written */
	uint16_t calls_to_do;	/* to 3.12; then: npending */
	uint16_t calls, stride, length;
	uint16_t first, next;
};

static const struct shape shapes[] = {
	{ 8, 8, true, 608, 592, 1144, 616, 624, 16, 32, 1136, 1140 },
	{ 9, 9, false, 80, 72, 616, 88, 96, 16, 32, 608, 612 },
	{ 10, 10, false, 80, 68, 616, 88, 96, 16, 32, 608, 612 },
	{ 11, 11, false, 112, 100, 648, 120, 128, 16, 32, 640, 644 },
	{ 12, 12, false, 408, 368, 944, 416, 424, 16, 32, 936, 940 },
	{ 13, 15, false, 40, 40, 7264, 44, 56, 24, 300, 7256, 7260 },
};

enum { RANGE_MAX = 8192, PENDING_MAX = 48 };

struct queue {
	const struct shape *shape;
	uint64_t base;
	uint8_t bytes[RANGE_MAX]; /* the range as it is in the process */
};

static int32_t get32(const struct queue *queue, unsigned offset)
{
	int32_t value;

	memcpy(&value, queue->bytes + offset - queue->shape->begin, sizeof(value));
	return value;
}

static void set32(struct queue *queue, unsigned offset, int32_t value)
{
	memcpy(queue->bytes + offset - queue->shape->begin, &value, sizeof(value));
}

static struct py_pending_call get_call(const struct queue *queue, int32_t i)
{
	struct py_pending_call call;
	size_t at = queue->shape->calls + (size_t)i * queue->shape->stride - queue->shape->begin;

	memcpy(&call, queue->bytes + at, sizeof(call));
	return call;
}

static void set_call(struct queue *queue, int32_t i, const struct py_pending_call *call)
{
	size_t at = queue->shape->calls + (size_t)i * queue->shape->stride - queue->shape->begin;

	memset(queue->bytes + at, 0, queue->shape->stride); /* flags, 3.13 on */
	memcpy(queue->bytes + at, call, sizeof(*call));
}

static bool per_thread_breaker(const struct queue *queue)
{
	return queue->shape->from >= 13;
}

static bool write_memory(const struct memory *memory, uint64_t address, void *data, size_t size)
{
	struct iovec from = { data, size };
	struct iovec to = { (void *)(uintptr_t)address, size };

	return process_vm_writev(memory->pid, &from, 1, &to, 1, 0) == (ssize_t)size;
}

static bool write_queue(const struct memory *memory, struct queue *queue)
{
	return write_memory(memory, queue->base + queue->shape->begin, queue->bytes,
			    (size_t)queue->shape->end - queue->shape->begin);
}

static bool read_queue(const struct memory *memory, const struct py_runtime *runtime,
		       const struct py_interpreter *interpreter, struct queue *ret)
{
	ret->shape = NULL;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		if (runtime->layout.minor >= shapes[i].from && runtime->layout.minor <= shapes[i].to)
			ret->shape = &shapes[i];
	if (!ret->shape)
		return false;
	ret->base = ret->shape->of_runtime ? runtime->address : interpreter->address;
	if (memory_read(memory, ret->base + ret->shape->begin, ret->bytes,
			(size_t)ret->shape->end - ret->shape->begin) < 0)
		return false;
	/* Anything else is not the queue that this table describes. */
	return get32(ret, ret->shape->first) >= 0 && get32(ret, ret->shape->next) >= 0 &&
	       get32(ret, ret->shape->first) < ret->shape->length &&
	       get32(ret, ret->shape->next) < ret->shape->length &&
	       (!per_thread_breaker(ret) || get32(ret, PENDING_MAX) == ret->shape->length);
}

static bool lock_free(const struct memory *memory, const struct queue *queue)
{
	uint64_t word, semaphore;

	memcpy(&word, queue->bytes + queue->shape->lock - queue->shape->begin, sizeof(word));
	if (per_thread_breaker(queue))
		return (word & 0xff) == 0;
	/* PyThread_type_lock is a sem_t of value 1 when free (Python/thread_pthread.h). */
	return memory_read_u64(memory, word, &semaphore) == 0 && (uint32_t)semaphore == 1;
}

static bool makes_calls(const struct memory *memory, const struct py_runtime *runtime,
			uint64_t tstate)
{
	const struct py_layout *layout = &runtime->layout;
	uint64_t main_thread, thread;

	if (layout->minor >= 12)
		return true;
	return memory_read_u64(memory, runtime->address + (uint64_t)layout->rt_main_thread,
			       &main_thread) == 0 &&
	       memory_read_u64(memory, tstate + (uint64_t)layout->ts_thread_id, &thread) == 0 &&
	       main_thread == thread;
}

static bool is_empty(const struct queue *queue)
{
	int32_t next = get32(queue, queue->shape->next);

	return get32(queue, queue->shape->first) == next &&
	       (!per_thread_breaker(queue) ||
		(get32(queue, queue->shape->calls_to_do) == 0 && get_call(queue, next).function == 0));
}

static bool set_breaker_bit(const struct memory *memory, const struct py_runtime *runtime,
			    uint64_t tstate)
{
	uint64_t address = tstate + (uint64_t)runtime->layout.ts_eval_breaker, breaker;

	if (memory_read_u64(memory, address, &breaker) < 0)
		return false;
	breaker |= CALLS_TO_DO_BIT;
	return write_memory(memory, address, &breaker, sizeof(breaker));
}

enum py_pending py_pending_add(const struct memory *memory, const struct py_runtime *runtime,
			       const struct py_interpreter *interpreter, uint64_t tstate,
			       const struct py_pending_call *call)
{
	struct queue queue;
	int32_t next;

	if (!makes_calls(memory, runtime, tstate) ||
	    !read_queue(memory, runtime, interpreter, &queue))
		return PY_PENDING_IMPOSSIBLE;
	if (!is_empty(&queue) || !lock_free(memory, &queue))
		return PY_PENDING_BUSY;
	next = get32(&queue, queue.shape->next);
	set_call(&queue, next, call);
	set32(&queue, queue.shape->next, (next + 1) % queue.shape->length);
	set32(&queue, queue.shape->calls_to_do, 1);
	if (!per_thread_breaker(&queue))
		set32(&queue, queue.shape->begin, 1); /* eval_breaker */
	if (!write_queue(memory, &queue))
		return PY_PENDING_IMPOSSIBLE;
	if (per_thread_breaker(&queue) && !set_breaker_bit(memory, runtime, tstate))
		return PY_PENDING_IMPOSSIBLE;
	return PY_PENDING_QUEUED;
}

bool py_pending_remove(const struct memory *memory, const struct py_runtime *runtime,
		       const struct py_interpreter *interpreter,
		       const struct py_pending_call *call)
{
	static const struct py_pending_call none;
	struct py_pending_call last;
	struct queue queue;
	int32_t i, npending;

	if (!read_queue(memory, runtime, interpreter, &queue) || !lock_free(memory, &queue))
		return false;
	i = (get32(&queue, queue.shape->next) + queue.shape->length - 1) % queue.shape->length;
	last = get_call(&queue, i);
	if (last.function != call->function || last.argument != call->argument ||
	    get32(&queue, queue.shape->first) == get32(&queue, queue.shape->next))
		return false;
	set_call(&queue, i, &none);
	set32(&queue, queue.shape->next, i);
	if (per_thread_breaker(&queue)) {
		npending = get32(&queue, queue.shape->calls_to_do);
		set32(&queue, queue.shape->calls_to_do, npending - 1);
	}
	/* calls_to_do and the breakers stay: they make the eval loop look once, at an empty queue. */
	return write_queue(memory, &queue);
}
