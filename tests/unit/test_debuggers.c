/* Who only looks: debuggers, their frames, what runs at their prompt, copies of local variables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "places.h"

static const char looking[] = "the debugger that looks at it", lets_go[] = "lets go of it";

struct stack {
	struct heap *heap;
	uint32_t caller; /* of the next frame: the thread, or the frame inside of it */
	enum hgs_frame_edge link;
};

static struct stack stack_create(void)
{
	struct stack ret = {.heap = heap_create(), .link = HGS_FRAME_TOP};

	ret.caller = heap_object(ret.heap, "dict");
	heap_thread(ret.heap, (struct hgs_thread){.tid = 7, .object = ret.caller});
	heap_root(ret.heap, (struct hgs_root){.object = ret.caller, .kind = HGS_ROOT_THREAD});
	return ret;
}

/* From the innermost frame on. */
static uint32_t add_frame(struct stack *stack, const char *name, const char *file)
{
	uint32_t ret = heap_object(stack->heap, "frame");

	heap_frame(stack->heap, (struct hgs_frame){.object = ret,
						   .code = HGS_NONE,
						   .line = 1,
						   .name = heap_string(stack->heap, name),
						   .file = heap_string(stack->heap, file)});
	heap_refer(stack->heap, stack->caller, HGS_EDGE_NAME(HGS_EDGE_FRAME, stack->link), ret);
	stack->caller = ret;
	stack->link = HGS_FRAME_BACK;
	return ret;
}

static void local(struct heap *heap, uint32_t frame, const char *name, uint32_t object)
{
	heap_refer(heap, frame, HGS_EDGE_NAME(HGS_EDGE_LOCAL, heap_str(heap, name)), object);
}

/* An instance of a class derived from pdb.Pdb, which is derived from bdb.Bdb. */
static uint32_t add_debugger(struct heap *heap)
{
	static const char *const bases[] = {"ipdb.Debugger", "pdb.Pdb", "bdb.Bdb"};
	uint32_t ret = heap_object(heap, bases[0]), order = heap_object(heap, "tuple");

	for (uint32_t i = 0; i < 3; i++) {
		heap_refer(heap, order, index_edge(i), heap_type(heap, bases[i]));
		heap_flags(heap, heap_type(heap, bases[i]), HGS_OBJ_TYPE_OBJECT);
	}
	heap_member(heap, heap_type(heap, bases[0]), "__mro__", order);
	return ret;
}

/* Asked at the prompt of a debugger by way of a function that was made there. */
static void test_prompt(void **state)
{
	struct stack stack = stack_create();
	struct heap *heap = stack.heap;
	uint32_t thing = heap_object(heap, "app.Thing"), shown = heap_object(heap, "app.Thing");
	uint32_t asked = heap_object(heap, "app.Thing"), raised = heap_object(heap, "app.Thing");
	uint32_t pdb = add_debugger(heap), namespace = heap_object(heap, "dict"), frame;

	heap_key(heap, heap_dict_of(heap, pdb), "curframe_locals", namespace);
	heap_key(heap, namespace, "mine", thing);
	frame = add_frame(&stack, "why_alive", "snapshots.py");
	heap_flags(heap, frame, HGS_OBJ_OBSERVER);
	local(heap, add_frame(&stack, "ask", "<stdin>"), "o", asked);
	frame = add_frame(&stack, "Pdb.cmdloop", "pdb.py");
	local(heap, frame, "self", pdb);
	local(heap, frame, "o", shown);
	local(heap, add_frame(&stack, "post_mortem", "pdb.py"), "t", raised);
	assert_place(heap, thing,
		     &(struct expected){"the debugger's curframe_locals['mine']", looking, lets_go,
					SEVERITY_WARNING});
	assert_place(heap, shown,
		     &(struct expected){"local o in Pdb.cmdloop:1 of thread 7", looking, lets_go,
					SEVERITY_WARNING});
	assert_place(heap, raised,
		     &(struct expected){"local t in post_mortem:1 of thread 7", looking, lets_go,
					SEVERITY_WARNING});
	frame = add_frame(&stack, "main", "app.py");
	for (uint32_t i = 0; i < 4; i++)
		local(heap, frame, "ours", (uint32_t[]){thing, shown, raised, asked}[i]);
	for (uint32_t i = 0; i < 4; i++)
		assert_place(heap, (uint32_t[]){thing, shown, raised, asked}[i],
			     &(struct expected){"local ours in main:1 of thread 7",
						"a function that is running", "end the call in main:1",
						SEVERITY_NOTE});
	heap_destroy(heap);
}

/* A program under `python -m pdb` that asks by itself: what called it is no prompt. */
static void test_under_debugger(void **state)
{
	struct stack stack = stack_create();
	struct heap *heap = stack.heap;
	uint32_t thing = heap_object(heap, "app.Thing"), pdb = add_debugger(heap), frame;

	frame = add_frame(&stack, "ask", "app.py");
	heap_flags(heap, frame, HGS_OBJ_OBSERVER);
	local(heap, frame, "o", thing);
	local(heap, add_frame(&stack, "main", "app.py"), "thing", thing);
	local(heap, add_frame(&stack, "Bdb.run", "bdb.py"), "self", pdb);
	assert_place(heap, thing,
		     &(struct expected){"local thing in main:1 of thread 7",
					"a function that is running", "main:1", SEVERITY_NOTE});
	heap_destroy(heap);
}

/* What pdb puts into the globals of the program. */
static void test_variables(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "app", NULL), variables = heap_object(heap, "dict");
	uint32_t thing = heap_object(heap, "app.Thing"), other = heap_object(heap, "list");

	add_debugger(heap);
	heap_key(heap, main, "__pdb_convenience_variables", variables);
	heap_key(heap, variables, "_retval", thing);
	assert_place(heap, thing,
		     &(struct expected){"the debugger's $_retval", looking,
					"drop `app.__pdb_convenience_variables`", SEVERITY_WARNING});
	heap_key(heap, main, "other", other);
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t deeper = heap_object(heap, "list");

		heap_refer(heap, other, index_edge(0), deeper);
		other = deeper;
	}
	heap_refer(heap, other, index_edge(0), thing);
	assert_place(heap, thing, &(struct expected){"app.other[0][0][0][0]", NULL, NULL, SEVERITY_NOTE});
	heap_destroy(heap);
}

/* Up to 3.12: f_locals of a function is a copy, of a class body it is the variables. */
static void test_copies(void **state)
{
	struct stack stack = stack_create();
	struct heap *heap = stack.heap;
	uint32_t thing = heap_object(heap, "app.Thing"), old = heap_object(heap, "app.Thing");
	uint32_t member = heap_object(heap, "app.Thing"), copy = heap_object(heap, "dict");
	uint32_t body = heap_object(heap, "dict"), to_locals, frame;

	to_locals = HGS_EDGE_NAME(HGS_EDGE_FRAME, HGS_FRAME_LOCALS);
	heap_meta(heap)->python_version = 0x030c01f0;
	heap_refer(heap, add_frame(&stack, "Body", "app.py"), to_locals, body);
	heap_key(heap, body, "member", member);
	frame = add_frame(&stack, "work", "app.py");
	heap_refer(heap, frame, to_locals, copy);
	heap_key(heap, copy, "thing", thing);
	heap_key(heap, copy, "old", old);
	local(heap, frame, "number", heap_int(heap, "1"));
	local(heap, add_frame(&stack, "main", "app.py"), "thing", thing);
	assert_place(heap, member,
		     &(struct expected){"local member in Body:1 of thread 7", NULL, NULL, SEVERITY_NOTE});
	assert_place(heap, old,
		     &(struct expected){"local old in work:1 of thread 7", "a copy of the local variables",
					"end the call in work:1, or type `old = None`", SEVERITY_WARNING});
	assert_place(heap, thing,
		     &(struct expected){"local thing in main:1 of thread 7",
					"a function that is running", "main:1", SEVERITY_NOTE});
	heap_destroy(heap);
}

/* A debugger whose session is over, and somebody has it still. */
static void test_left_behind(void **state)
{
	struct heap *heap = heap_create();
	uint32_t main = heap_module(heap, "app", NULL), thing = heap_object(heap, "app.Thing");
	uint32_t pdb = add_debugger(heap);

	heap_key(heap, main, "pdb", pdb);
	heap_key(heap, heap_dict_of(heap, pdb), "shown", thing);
	assert_place(heap, thing,
		     &(struct expected){"the debugger's shown", looking, "drop `app.pdb`, which",
					SEVERITY_WARNING});
	heap_destroy(heap);
}

static void test_last_exception(void **state)
{
	struct heap *heap = heap_create();
	uint32_t sys = heap_object(heap, "dict"), error = heap_object(heap, "ValueError");
	uint32_t traceback = heap_object(heap, "traceback"), frame = heap_object(heap, "frame");
	uint32_t thing = heap_object(heap, "app.Thing");

	heap_root(heap, (struct hgs_root){.object = sys, .kind = HGS_ROOT_SYS, .thread = HGS_NONE});
	heap_key(heap, sys, "last_value", error);
	heap_key(heap, sys, "last_traceback", traceback);
	heap_member(heap, error, "__traceback__", traceback);
	heap_member(heap, traceback, "tb_frame", frame);
	heap_frame(heap, (struct hgs_frame){.object = frame,
					    .code = HGS_NONE,
					    .line = 5,
					    .thread = HGS_NONE,
					    .flags = HGS_FRAME_OVER,
					    .name = heap_string(heap, "work")});
	local(heap, frame, "thing", thing);
	assert_place(heap, thing,
		     &(struct expected){"local thing in work:5 of sys.last_traceback",
					"the last exception", "`del sys.last_value, sys.last_traceback`",
					SEVERITY_WARNING});
	heap_destroy(heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prompt),	  cmocka_unit_test(test_under_debugger),
		cmocka_unit_test(test_variables), cmocka_unit_test(test_copies),
		cmocka_unit_test(test_left_behind), cmocka_unit_test(test_last_exception),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
