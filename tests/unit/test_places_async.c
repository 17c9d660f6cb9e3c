/* Places that wait: tasks, coroutines, generators, what the asyncio loop is to call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "places.h"

static uint32_t suspended(struct heap *heap, const char *type, const char *name, int32_t line,
			  bool running)
{
	uint32_t ret = heap_object(heap, type);

	heap_frame(heap, (struct hgs_frame){.object = ret,
					    .code = HGS_NONE,
					    .line = line,
					    .thread = running ? 0 : HGS_NONE,
					    .name = heap_string(heap, name)});
	return ret;
}

/* A task waits where the innermost of its coroutines does. */
static void test_task(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL);
	uint32_t task = heap_object(heap, "_asyncio.Task"), set = heap_object(heap, "set");
	uint32_t outer = suspended(heap, "coroutine", "serve", 9, false);
	uint32_t inner = suspended(heap, "coroutine", "watch", 19, false);
	uint32_t dll = heap_object(heap, "list"), session = heap_object(heap, "list");

	heap_key(heap, main, "background", set);
	heap_refer(heap, set, HGS_EDGE_SET_ITEM, task);
	heap_refer(heap, task, HGS_EDGE_UNNAMED, outer);
	heap_refer(heap, outer, HGS_EDGE_NAME(HGS_EDGE_STACK, 0), inner);
	heap_refer(heap, outer, HGS_EDGE_NAME(HGS_EDGE_LOCAL, heap_str(heap, "session")), session);
	heap_refer(heap, inner, HGS_EDGE_NAME(HGS_EDGE_LOCAL, heap_str(heap, "dll")), dll);
	assert_place(heap, session,
		     &(struct expected){"local session in serve:9 of the pending task "
					"serve() in __main__.background",
					"a pending task", "which waits in serve:9", SEVERITY_WARNING});
	assert_place(heap, dll,
		     &(struct expected){"local dll in watch:19 of the pending task "
					"serve() in __main__.background",
					"a pending task", "which waits in watch:19", SEVERITY_WARNING});
	heap_destroy(heap);
}

/* Up to 3.10 a generator has a frame object; one that runs is nothing to say of. */
static void test_suspended(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL);
	uint32_t lines = suspended(heap, "generator", "lines", 7, false);
	uint32_t running = suspended(heap, "generator", "pump", 8, true);
	uint32_t frame = heap_object(heap, "frame"), file = heap_object(heap, "list");
	uint32_t buffer = heap_object(heap, "list");

	heap_thread(heap, (struct hgs_thread){.tid = 4243, .object = main});
	heap_key(heap, main, "lines", lines);
	heap_key(heap, main, "pump", running);
	heap_member(heap, lines, "gi_frame", frame);
	heap_refer(heap, frame, HGS_EDGE_NAME(HGS_EDGE_LOCAL, heap_str(heap, "file")), file);
	heap_refer(heap, running, HGS_EDGE_NAME(HGS_EDGE_LOCAL, heap_str(heap, "buffer")), buffer);
	assert_place(heap, file,
		     &(struct expected){"local file in lines:7 of __main__.lines",
					"a suspended generator or coroutine",
					"close() the generator `__main__.lines`", SEVERITY_WARNING});
	assert_place(heap, buffer,
		     &(struct expected){"local buffer in pump:8 of __main__.pump",
					"a function that is running",
					"end the call in pump:8, or let its `buffer` be a weak",
					SEVERITY_NOTE});
	heap_destroy(heap);
}

static void test_unawaited(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL), dll = heap_object(heap, "list");
	uint32_t coroutine = heap_object(heap, "coroutine");

	heap_frame(heap, (struct hgs_frame){.object = coroutine,
					    .code = HGS_NONE,
					    .line = 23,
					    .thread = HGS_NONE,
					    .flags = HGS_FRAME_NEW,
					    .name = heap_string(heap, "warm_up")});
	heap_key(heap, main, "later", coroutine);
	heap_refer(heap, coroutine, HGS_EDGE_NAME(HGS_EDGE_LOCAL, heap_str(heap, "dll")), dll);
	assert_place(heap, dll,
		     &(struct expected){"local dll in warm_up:23 of __main__.later",
					"a coroutine that was never awaited",
					"await `__main__.later`, or close() it: warm_up() was called",
					SEVERITY_WARNING});
	heap_destroy(heap);
}

/* What the asyncio loop is to call: the callable, its arguments, its context. */
static void test_handle(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL), timers = heap_object(heap, "list");
	uint32_t handle = heap_object(heap, "asyncio.events.TimerHandle");
	uint32_t method = heap_object(heap, "method"), pool = heap_object(heap, "list");
	uint32_t arguments = heap_object(heap, "tuple"), argument = heap_object(heap, "list");

	heap_key(heap, main, "timers", timers);
	heap_refer(heap, timers, index_edge(0), handle);
	heap_member(heap, handle, "_callback", method);
	heap_member(heap, handle, "_args", arguments);
	heap_member(heap, method, "__func__", heap_function(heap, "Pool.check"));
	heap_member(heap, method, "__self__", pool);
	heap_refer(heap, arguments, index_edge(0), argument);
	assert_place(heap, pool,
		     &(struct expected){"timer of the asyncio loop: Pool.check.__self__",
					"a call that the asyncio loop is to make",
					"call_later() or call_soon() gave for `Pool.check`",
					SEVERITY_WARNING});
	assert_place(heap, argument,
		     &(struct expected){"timer of the asyncio loop: args[0] of Pool.check",
					"a call that the asyncio loop is to make", "cancel() the handle",
					SEVERITY_WARNING});
	heap_destroy(heap);
}

/* asyncio's own handles are methods of transports, whose protocols have the tasks of their clients. */
static void test_task_of_handle(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "__main__", NULL), loop = heap_object(heap, "list");
	uint32_t handle = heap_object(heap, "asyncio.events.Handle");
	uint32_t method = heap_object(heap, "method"), transport = heap_object(heap, "list");
	uint32_t task = heap_object(heap, "_asyncio.Task"), dll = heap_object(heap, "list");
	uint32_t coroutine = suspended(heap, "coroutine", "client", 9, false);

	heap_key(heap, main, "ready", loop);
	heap_refer(heap, loop, index_edge(0), handle);
	heap_member(heap, handle, "_callback", method);
	heap_member(heap, method, "__func__", heap_function(heap, "Transport.read"));
	heap_member(heap, method, "__self__", transport);
	heap_member(heap, transport, "_task", task);
	heap_refer(heap, task, HGS_EDGE_UNNAMED, coroutine);
	heap_refer(heap, coroutine, HGS_EDGE_NAME(HGS_EDGE_LOCAL, heap_str(heap, "dll")), dll);
	assert_place(heap, dll,
		     &(struct expected){"local dll in client:9 of the pending task client() in queue of "
					"the asyncio loop: Transport.read.__self__._task",
					"a pending task", "which waits in client:9", SEVERITY_WARNING});
	heap_destroy(heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_task),
		cmocka_unit_test(test_suspended),
		cmocka_unit_test(test_unawaited),
		cmocka_unit_test(test_handle),
		cmocka_unit_test(test_task_of_handle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
