"""Who asks, in whatever way, keeps nothing: neither the frame that calls, nor what it got as an answer."""

import re

FIRST = """
import asyncio, functools
class Proc: pass
registry = {}

def told(answer):
    why = answer["objects"][0]
    say([[chain["path"] for chain in why["chains"]], why["only_asker"]])
"""

# Ways to ask about an object that a registry keeps, and which a local variable of the same call has.
WAYS = {
    "function": """
def ask():
    mine = registry["a"]
    told(heapgraph.why_alive(mine))
ask()
""",
    "generator": """
def ask(mine):
    yield heapgraph.why_alive(mine)
told(next(ask(registry["a"])))
""",
    "coroutine": """
async def ask(mine):
    return heapgraph.why_alive(mine)
async def main(): told(await ask(registry["a"]))
asyncio.run(main())
""",
    "lambda": 'told((lambda *args, mine: heapgraph.why_alive(mine))(mine=registry["a"]))',
    "comprehension": 'for answer in [heapgraph.why_alive(x) for x in [registry["a"]]]: told(answer)',
    "arguments": """
def ask(*args): return heapgraph.why_alive(*args)
told(ask(registry["a"]))
""",
    "class body": """
def ask():
    class Body:
        mine = registry["a"]
        answer = heapgraph.why_alive(mine)
    told(Body.answer)
ask()
""",
    "exec": """
space = dict(registry=registry, heapgraph=heapgraph)
exec("def ask():\\n mine = registry['a']\\n return heapgraph.why_alive(mine)\\nanswer = ask()", space)
told(space["answer"])
""",
    "eval": "told(eval('heapgraph.why_alive(registry[\"a\"])'))",
    "thread": """
def ask():
    mine = registry["a"]
    answers.append(heapgraph.why_alive(mine))
answers = []
thread = threading.Thread(target=ask); thread.start(); thread.join()
told(answers[0])
""",
    "profiled": """
def ask():
    mine = registry["a"]
    sys.setprofile(lambda *event: None)
    answer = heapgraph.why_alive(mine)
    sys.setprofile(None)
    told(answer)
ask()
""",
    "answers kept": """
kept = []
def ask():
    mine = registry["a"]
    kept.append(heapgraph.why_alive(mine))
    kept.append(heapgraph.refcount(mine).missing)
    repr(kept)
    told(heapgraph.why_alive(mine))
ask()
""",
}


def test_who_asks_is_not_told(inside):
    code = FIRST + 'registry["a"] = Proc()\n' + "\n".join(WAYS.values())
    told = dict(zip(WAYS, inside(code)))
    assert told == {way: [["__main__.registry['a']"], False] for way in WAYS}


def test_what_only_the_caller_keeps(inside):
    code = FIRST + """
def local():
    mine = Proc()
    told(heapgraph.why_alive(mine))
def behind():
    mine = [Proc()]
    told(heapgraph.why_alive(mine[0]))
def body():
    class Body:
        mine = Proc()
        answer = heapgraph.why_alive(mine)
    told(Body.answer)
def temporary():
    told(heapgraph.why_alive(Proc()))
local(); behind(); body(); temporary()
"""
    for (paths, only), path in zip(inside(code), ["local mine in local:", "local mine[0] in behind:",
                                                  "local mine in ", "local obj in why_alive:"]):
        assert only is True
        assert len(paths) == 1 and paths[0].startswith(path)


def test_callers_of_the_caller_keep(inside):
    """A generator or coroutine that runs shows its variables even while C code that it called runs."""
    code = FIRST + """
def ask(address):
    told(heapgraph.snapshot().why(address))
def plain():
    mine = Proc()
    ask(hex(id(mine)))
def generator():
    mine = Proc()
    yield list(map(ask, [hex(id(mine))]))
async def coroutine():
    mine = Proc()
    list(map(ask, [hex(id(mine))]))
plain()
list(generator())
asyncio.run(coroutine())
"""
    for (paths, only), name in zip(inside(code), ["plain", "generator", "coroutine"]):
        assert only is False
        # Since 3.14 the generator that runs has them, beside its frame.
        assert len(paths) == 1 and re.match(rf"local mine in {name}(:\d| of thread )", paths[0])


def test_what_the_caller_looks_at_is_retained_elsewhere(inside):
    code = FIRST + """
registry["a"] = [Proc() for _ in range(1000)]
def ask():
    mine, one = registry["a"], registry["a"][0]
    say([row["retained_objects"] for row in heapgraph.retained(registry)["retained"]][0])
ask()
"""
    assert inside(code)[0] > 1000


def test_a_coroutine_that_asks_is_no_debugger(inside):
    code = FIRST + """
async def main():
    mine = Proc()
    why = heapgraph.why_alive(mine)[0]
    say([why.only_asker, "debugger" in str(why.chains[0].kept_through)])
asyncio.run(main())
"""
    assert inside(code) == [[True, False]]
