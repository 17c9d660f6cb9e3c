"""The module in a debugger: a real pdb in a terminal of its own, however it is entered."""

import ast
import os
import re

import dap
import pytest
import sites
import terminal

WORK = """
import sys, weakref
class Frame: pass
kept = {"a": Frame()}
def work(number):
    mine = kept["a"]
    raise ValueError(number)
def outer():
    other = kept["a"]
    work(1)
"""
CAUGHT = WORK + """
try:
    outer()
except ValueError as error:
    sys.last_value, sys.last_traceback = error, error.__traceback__
    if sys.version_info >= (3, 12):
        sys.last_exc = error
alive = weakref.ref(kept["a"])
"""
STOPPED = """
import heapgraph, weakref
class Frame: pass
kept = {"a": Frame()}
def work(number):
    mine = kept["a"]
    breakpoint()
    return mine, number
def outer():
    other = kept["a"]
    work(1)
outer()
"""


@pytest.fixture
def pdb(packages, python):
    """pdb(argument...): Python on a terminal, at the first prompt of its debugger."""
    started = []

    def _pdb(*arguments, path=""):
        environment = {**os.environ, **terminal.PLAIN, "PYTHONPATH": f"{packages(python)}:{path}"}
        started.append(terminal.Terminal(python.among_ours(*arguments), r"\(Pdb\) ",
                                         env=environment))
        started[-1].heading = started[-1].answer()
        return started[-1]

    yield _pdb
    for one in started:
        one.close()


def chains(debugger, asked):
    """[(path, kept through, fix)] of an answer, asked for at the prompt."""
    said = debugger.answer("p [(one['path'], one['kept_through'], one['advice']) "
                           f"for one in ({asked})['objects'][0]['chains']]")
    listed = re.search(r"^\[.*\]$", said, re.M)
    assert listed, said
    return [(re.sub(r"thread \d+", "thread N", path), through, fix)
            for path, through, fix in ast.literal_eval(listed[0])]


def paths(debugger, asked):
    return [re.sub(r":\d+", ":N", path) for path, _, _ in chains(debugger, asked)]


RUNNING = ["local mine in work:N of thread N", "local other in outer:N of thread N"]


def test_at_a_breakpoint(pdb):
    """What the program's frames have, and nothing of what asks."""
    debugger = pdb("-c", STOPPED)
    assert re.search(r"^1$", debugger.answer("p heapgraph.count('Frame')"), re.M)
    assert "  __main__.kept['a']\n" in debugger.answer("p heapgraph.why_alive(kept['a'])")
    debugger.answer("kept.clear()")
    assert paths(debugger, "heapgraph.why_alive(mine)") == RUNNING
    debugger.answer("keep = heapgraph.why_alive(mine)")
    assert paths(debugger, "heapgraph.why_alive(mine)") == RUNNING, "the kept answer"
    assert paths(debugger, "[heapgraph.why_alive(o) for o in [mine]][0]") == RUNNING, "comprehension"
    debugger.answer("def ask(o): return heapgraph.why_alive(o)")
    debugger.answer("")
    assert paths(debugger, "ask(mine)") == RUNNING, "a function made at the prompt"
    assert "mine in work:" in debugger.answer("pp heapgraph.why_alive(mine)")
    assert "FD" in debugger.answer("p heapgraph.handles()").upper()
    debugger.answer("return")
    assert paths(debugger, "heapgraph.why_alive(mine)")[:2] == RUNNING, "what a function gives back"


def test_made_at_the_prompt(pdb):
    """Kept in what the frame has beside the variables of its function; what is advised forgets it."""
    debugger = pdb("-c", STOPPED)
    debugger.answer("new = Frame()")
    (path, _, fix), = chains(debugger, "heapgraph.why_alive(new)")
    assert re.match(r"local new in work:\d+ of thread N$", path)
    assert "type `new = None` in the debugger" in fix
    found = debugger.answer("p heapgraph.refcount(new)")
    assert "referred to 1 times" in found and "  ['new']  of dict" in found
    debugger.answer("alive = weakref.ref(new)")
    debugger.answer("new = None")
    assert re.search("^None$", debugger.answer("p alive()"), re.M)


def test_in_post_mortem(pdb):
    """The locals of the frames that the exception left behind are called so, with what keeps them; when
    that is dropped, only the debugger is left, and then nothing."""
    debugger = pdb("-c", CAUGHT + "import pdb\npdb.pm()\nprint('alive:', alive())\npdb.set_trace()\n1\n")
    debugger.answer("import heapgraph")
    debugger.answer("kept.clear()")
    left = ["local other in outer:N of sys.last_traceback", "local mine in work:N of sys.last_traceback"]
    assert paths(debugger, "heapgraph.why_alive(mine)") == left
    debugger.answer("up")
    debugger.answer("import heapgraph")
    assert paths(debugger, "heapgraph.why_alive(other)") == left
    _, through, fix = chains(debugger, "heapgraph.why_alive(other)")[0]
    assert through == "the last exception" and "sys.last_value, sys.last_traceback`" in fix
    debugger.answer(re.match("`(.*?)`", fix)[1])
    kept = chains(debugger, "heapgraph.why_alive(other)")
    assert {through for _, through, _ in kept} == {"the debugger that looks at it"}, kept
    assert "alive: None" in debugger.answer("q")


def test_program_started_by_pdb(pdb, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(f"import heapgraph{WORK}kept, made = {{}}, kept.pop('a')\n"
                       "def fail(mine):\n    raise ValueError\nfail(made)\n")
    debugger = pdb("-m", "pdb", "-c", "continue", str(program))
    assert "Uncaught exception" in debugger.heading
    assert paths(debugger, "heapgraph.why_alive(mine)")[0] == "__main__.made"
    debugger.answer("import __main__; __main__.made = None")
    (path, through, _), *_ = chains(debugger, "heapgraph.why_alive(mine)")
    assert path.startswith("local mine in fail:") and through == "the debugger that looks at it"


def test_in_pytest_pdb(pdb, python, tmp_path):
    site = sites.site_for(python, "pytest")
    test = tmp_path / "test_it.py"
    test.write_text(WORK + "def test_it():\n    outer()\n")
    debugger = pdb("-m", "pytest", "-q", "--pdb", str(test), path=str(site))
    debugger.answer("import heapgraph")
    assert paths(debugger, "heapgraph.why_alive(mine)")[0] == "test_it.kept['a']"
    debugger.answer("kept.clear()")
    found = chains(debugger, "heapgraph.why_alive(mine)")
    assert any(path.startswith("local mine in work:") for path, _, _ in found), found


def test_in_an_ide(packages, heavy_python, tmp_path):
    """debugpy, which shows the variables of the frame and evaluates in it."""
    if heavy_python.root:
        pytest.skip("the debugged program would not see its root")
    program = tmp_path / "program.py"
    program.write_text(STOPPED.replace("breakpoint()", "kept.clear()"))
    site = sites.site_for(heavy_python, "ipykernel")
    client = dap.Client([heavy_python.path],
                        {**os.environ, "PYTHONPATH": f"{packages(heavy_python)}:{site}"})
    try:
        client.stop_at(str(program), 7, [heavy_python.path])
        client.evaluate("kept.clear()")
        client.evaluate("keep = heapgraph.why_alive(mine)")
        for asked in ("heapgraph.why_alive(mine)", "(lambda o: heapgraph.why_alive(o))(mine)"):
            answer = client.evaluate(f"[one['path'] for one in ({asked})['objects'][0]['chains']]")
            found = [re.sub(r":\d+|\d+$", "N", path) for path in ast.literal_eval(answer)]
            assert found == [path.replace(":N", "N") for path in RUNNING]
    finally:
        client.close()
