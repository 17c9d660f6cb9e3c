/* What asks inside a process only looks: its frames keep nothing, unless nothing else does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../graph/gather.h"
#include "../../graph/retained.h"
#include "../../graph/routes.h"
#include "answers.h"

/* thread -> asking -> (f_back) caller; the frame that asks is a generator's in half of the tests. */
struct scene {
	struct heap *heap;
	struct snapshot *s;
	struct answer *answer;
	uint32_t main, thread, asking, caller, generator;
};

static uint32_t make_frame(struct heap *heap, const char *name, uint32_t flags)
{
	uint32_t frame = heap_object(heap, "frame");

	heap_flags(heap, frame, HGS_OBJ_PSEUDO | flags);
	heap_frame(heap, (struct hgs_frame){
				 .object = frame, .code = HGS_NONE, .line = 7, .name = heap_string(heap, name)});
	return frame;
}

static void frame_edge(struct heap *heap, uint32_t from, enum hgs_frame_edge edge, uint32_t to)
{
	heap_refer(heap, from, HGS_EDGE_NAME(HGS_EDGE_FRAME, edge), to);
}

static void local(struct heap *heap, uint32_t frame, const char *name, uint32_t to)
{
	heap_refer(heap, frame, HGS_EDGE_NAME(HGS_EDGE_LOCAL, heap_str(heap, name)), to);
}

static struct scene begin(void)
{
	struct scene scene = {.heap = heap_create()};
	struct heap *heap = scene.heap;

	scene.main = heap_module(heap, "__main__", NULL);
	scene.thread = heap_object(heap, "thread");
	heap_flags(heap, scene.thread, HGS_OBJ_PSEUDO);
	heap_thread(heap, (struct hgs_thread){.tid = 7, .object = scene.thread});
	heap_root(heap, (struct hgs_root){.object = scene.thread, .kind = HGS_ROOT_THREAD});
	scene.asking = make_frame(heap, "ask", HGS_OBJ_OBSERVER);
	scene.caller = make_frame(heap, "work", 0);
	frame_edge(heap, scene.thread, HGS_FRAME_TOP, scene.asking);
	frame_edge(heap, scene.asking, HGS_FRAME_BACK, scene.caller);
	scene.generator = heap_object(heap, "generator");
	heap_flags(heap, scene.generator, HGS_OBJ_OBSERVER);
	frame_edge(heap, scene.asking, HGS_FRAME_GENERATOR, scene.generator);
	return scene;
}

static void look(struct scene *scene)
{
	scene->answer = answer_of(scene->heap, &scene->s);
}

static void end(struct scene *scene)
{
	done(scene->heap, scene->s, scene->answer);
}

static void assert_kept(const struct scene *scene, uint32_t object, uint64_t referrers, bool observed,
			const char *path)
{
	_cleanup_routes_ struct routes routes = {0};
	_cleanup_free_ char *text = NULL;

	must(routes_create(scene->answer, object, 10, &routes));
	assert_int_equal(routes.total, referrers);
	assert_int_equal(reach_observed(scene->s, scene->answer->reach, object), observed);
	text = path_text(scene->s, &routes.chain[0]);
	assert_string_equal(text, path);
}

/* Locals, what lies behind them, and a generator's locals. */
static void test_named_last(void **state)
{
	struct scene scene = begin();
	struct heap *heap = scene.heap;
	uint32_t kept = heap_object(heap, "app.Proc"), args = heap_object(heap, "tuple");
	uint32_t alone = heap_object(heap, "app.Proc"), held = heap_object(heap, "app.Proc");

	heap_key(heap, scene.main, "registry", kept);
	local(heap, scene.asking, "mine", kept);
	local(heap, scene.generator, "mine", kept);
	local(heap, scene.asking, "args", args);
	heap_refer(heap, args, HGS_EDGE_NAME(HGS_EDGE_INDEX, 0), kept);
	heap_refer(heap, args, HGS_EDGE_NAME(HGS_EDGE_INDEX, 1), alone);
	local(heap, scene.caller, "held", held);
	local(heap, scene.asking, "held", held);
	look(&scene);
	assert_kept(&scene, kept, 1, false, "__main__.registry");
	assert_kept(&scene, alone, 1, true, "local args[1] in ask:7 of thread 7");
	assert_kept(&scene, held, 1, false, "local held in work:7 of thread 7");
	end(&scene);
}

/* A class body or exec() has its variables in a dictionary; to CPython 3.10 a frame is an object
 * whose caller is a member. */
static void test_namespaces_and_frame_objects(void **state)
{
	struct scene scene = begin();
	struct heap *heap = scene.heap;
	uint32_t namespace = heap_object(heap, "dict"), mine = heap_object(heap, "app.Proc");
	uint32_t old = make_frame(heap, "old", HGS_OBJ_OBSERVER), behind = make_frame(heap, "behind", 0);
	uint32_t held = heap_object(heap, "app.Proc");

	frame_edge(heap, scene.asking, HGS_FRAME_LOCALS, namespace);
	heap_key(heap, namespace, "mine", mine);
	frame_edge(heap, scene.caller, HGS_FRAME_BACK, old);
	heap_member(heap, old, "f_back", behind);
	local(heap, behind, "held", held);
	look(&scene);
	assert_kept(&scene, mine, 1, true, "local mine in ask:7 of thread 7");
	assert_kept(&scene, held, 1, false, "local held in behind:7 of thread 7");
	end(&scene);
}

static void test_retained(void **state)
{
	struct scene scene = begin();
	struct heap *heap = scene.heap;
	uint32_t list = heap_object(heap, "list"), item = heap_object(heap, "app.Proc");
	uint32_t alone = heap_object(heap, "app.Proc"), far = heap_object(heap, "app.Proc");
	uint32_t mine = heap_object(heap, "list"), inner = heap_object(heap, "app.Proc");
	_cleanup_dominators_ struct dominators *d = NULL;
	struct together together = {0};

	heap_key(heap, scene.main, "list", list);
	heap_refer(heap, list, HGS_EDGE_NAME(HGS_EDGE_INDEX, 0), item);
	local(heap, scene.asking, "item", item);
	local(heap, scene.asking, "alone", alone);
	local(heap, scene.caller, "far", far);
	local(heap, scene.asking, "mine", mine);
	heap_refer(heap, mine, HGS_EDGE_NAME(HGS_EDGE_INDEX, 0), item);
	heap_refer(heap, mine, HGS_EDGE_NAME(HGS_EDGE_INDEX, 1), inner);
	look(&scene);
	must(retained_dominators(scene.answer, &d));
	assert_int_equal(d->parent[item], list);
	assert_int_equal(d->parent[alone], d->n);
	assert_int_equal(d->parent[inner], mine);
	assert_int_equal(d->parent[far], scene.caller);
	assert_int_equal(d->parent[scene.asking], HGS_NONE);
	assert_int_equal(retained_heap(scene.s, d).garbage, 0);
	must(retained_together(scene.answer, &list, 1, &together));
	assert_true(together.freed[item] && !together.freed[alone] && !together.freed[far]);
	free(together.freed);
	must(retained_together(scene.answer, &mine, 1, &together));
	assert_true(together.freed[inner] && !together.freed[item]);
	free(together.freed);
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_named_last),
		cmocka_unit_test(test_namespaces_and_frame_objects),
		cmocka_unit_test(test_retained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
