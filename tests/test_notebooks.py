"""The module where people experiment: a real IPython on a terminal, a real Jupyter kernel."""

import html
import json
import os
import re
import subprocess
from xml.etree import ElementTree

import interpreters
import pytest
import sites
import terminal

KERNEL = str(interpreters.TESTS / "kernel.py")
IN = r"In \[\d+\]: "  # but not "Out[3]: "
FRAME = "class Frame: pass\nx = Frame()\nalive = __import__('weakref').ref(x)"


@pytest.fixture
def notebook(packages, tmp_path):
    """notebook(interpreter, cell...): the messages that a Jupyter kernel sends for each cell."""
    def _notebook(python, *cells):
        site = sites.site_for(python, "ipykernel")
        missing = python.root and python.import_error("zmq", site)
        if missing:
            pytest.skip(f"jupyter_client: {missing}")
        home = {name: str(tmp_path) for name in
                ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
        done = subprocess.run(
            python.among_ours(KERNEL), input=json.dumps(["%load_ext heapgraph", *cells]),
            capture_output=True, text=True, timeout=200, cwd=tmp_path,
            env={**os.environ, **home, "PYTHONPATH": f"{packages(python)}:{site}"})
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)[1:]

    return _notebook


def plain(messages):
    """The text of the one result that a cell displayed, of nothing else."""
    message, = messages
    assert message["type"] == "execute_result", messages
    return message["data"]["text/plain"]


def ways(text):
    """{path: fix} of an answer to why."""
    blocks = re.split(r"\n\n(?=  \S)", text)[1:]
    fixes = [re.search(r"fix: (.*)", block, re.S) for block in blocks]
    return {block.split("\n")[0].strip(): " ".join(fix[1].split()) if fix else None
            for block, fix in zip(blocks, fixes)}


def test_what_a_notebook_shows(notebook, heavy_python):
    """One result with text, page and picture, which are the same answer."""
    why, handles, types = notebook(heavy_python, FRAME, "%heapgraph why x", "%heapgraph handles",
                                   "%heapgraph types --limit 3")[1:]
    message, = why
    data = message["data"]
    assert set(data) == {"text/plain", "text/html", "image/svg+xml"}
    assert "\n  x\n" in data["text/plain"] and "kept alive by 1 referrer" in data["text/plain"]
    assert re.search(r'<svg[^>]* style="width: \d+px; max-width: max\(100%, \d+px\)">', data["text/html"])
    assert data["text/html"].count("<svg") == 1 and "<?xml" not in data["text/html"]
    assert html.escape(data["text/plain"]) in data["text/html"]
    picture = ElementTree.fromstring(data["image/svg+xml"])
    assert "__main__.Frame" in "".join(picture.itertext())
    assert re.search(r"^ +\d+ +\S", plain(handles), re.M), "descriptors by number"
    assert set(types[0]["data"]) == {"text/plain", "text/html"}
    assert "<svg" not in types[0]["data"]["text/html"]


def test_what_is_advised_forgets(notebook, python):
    """What was displayed, alone and in a list, and the last exception; each is gone at the end."""
    said = notebook(
        python, FRAME, "x", "%heapgraph why x", "%heapgraph why Out[3]", "del x", "1;",
        "%heapgraph why type:__main__.Frame", "%xdel _3", "alive() is None",
        FRAME, "[x]", "box = {'a': x}", "%heapgraph why x", "del x; box.clear()",
        "%heapgraph why type:__main__.Frame", "%xdel _12", "alive() is None",
        "def work(mine):\n    global alive\n    alive = weakref.ref(mine)\n    raise ValueError\n"
        "import gc, weakref\nwork(Frame())", "%heapgraph why type:__main__.Frame", "alive() is None",
        "1/0", "gc.collect();", "alive() is None")
    text = plain(said[2])
    assert list(ways(text)) == ["x", "_3"] and ways(text)["x"] is None, text
    assert ways(text)["_3"].startswith("call `%xdel _3`, which forgets it by all its names")
    assert "IPython's record of what was displayed" in text
    assert "4 more like it" in text, "Out[3], _, and what the shell has of its own"
    assert list(ways(plain(said[3]))) == ["x", "_3"], "by whatever name one asks"
    assert list(ways(plain(said[6]))) == ["_3"] and plain(said[8]) == "True"

    assert list(ways(plain(said[12]))) == ["x", "box['a']", "_12[0]"]
    (path, fix), = ways(plain(said[14])).items()
    assert path == "_12[0]" and fix.startswith("call `%xdel _12`") and plain(said[16]) == "True"

    (path, fix), = ways(plain(said[18])).items()
    assert path.startswith("local mine in work:4 of "), path
    assert fix.startswith("raise another: a cell `1/0` replaces it, after which `gc.collect()` frees")
    assert plain(said[19]) == "False" and plain(said[22]) == "True"


def test_answers_and_cells(notebook, heavy_python):
    """Answers that are kept keep nothing; what a cell left behind; completion and help."""
    said = notebook(
        heavy_python, FRAME, "import heapgraph\nkept = heapgraph.why_alive(x)", "heapgraph.why_alive(x)",
        "def ask(o):\n    return heapgraph.why_alive(o)\nask(x)",  # up to 3.11 a comprehension is a caller
        "%heapgraph why x", "%%heapgraph diff\nmore = [Frame() for _ in range(50)]\nprint('done')",
        "%heapgraph w\t", "%heapgraph why aliv\t", "%%heapgraph d\t",
        "print(get_ipython().find_magic('heapgraph').__doc__)")
    for answer in said[2:5]:
        assert list(ways(plain(answer))) == ["x"], plain(answer)
    printed, grown = said[5]
    assert printed["text"] == "done\n"
    assert re.search(r"\+50 .*__main__\.Frame", grown["data"]["text/plain"])
    assert re.search(r"module __main__\n +\.more → list\n +fix: drop `more` when it is done with",
                     grown["data"]["text/plain"])
    assert said[6] == ["why"] and said[7] == ["alive"] and "diff" in said[8]
    assert "%heapgraph why EXPRESSION" in said[9][0]["text"]


COMPLAINTS = {"nonsense": "%heapgraph report | handles", "why": "why | retained",
              "why y": "y: NameError: name 'y' is not defined", "why 1/0": "ZeroDivisionError",
              "why type:Nowhere": "no object 'type:Nowhere'", "types --bogus": "--bogus",
              "handles 'open": "No closing quotation"}


@pytest.fixture
def shell(packages, python, tmp_path):
    """A real IPython, at its prompt."""
    environment = {**os.environ, **terminal.PLAIN, "IPYTHONDIR": str(tmp_path),
                   "PYTHONPATH": f"{packages(python)}:{sites.site_for(python, 'ipython')}"}
    started = terminal.Terminal(python.among_ours("-m", "IPython", "--simple-prompt", "--no-banner",
                                                  "--no-confirm-exit", "--colors=NoColor"),
                                IN, env=environment, cwd=tmp_path)
    try:
        started.answer()
        started.answer("%load_ext heapgraph")
        yield started
    finally:
        started.close()


def test_on_a_terminal(shell):
    """Without a notebook the text alone; what cannot be done is one line, and no traceback."""
    shell.answer("x = [type('Frame', (), {})()]")
    shell.answer("x[0]")
    why = shell.answer("%heapgraph why x[0]")
    assert "\n  x[0]\n" in why and "\n  _3\n" in why and "<svg" not in why, why
    for line, complaint in COMPLAINTS.items():
        said = shell.answer(f"%heapgraph {line}")
        found = re.search(r"^UsageError: .*", said, re.M)
        assert found and complaint in found[0] and "Traceback" not in said, said
    assert "%%heapgraph diff" in shell.answer("%heapgraph?")


def test_debugger_of_ipython(shell):
    """`%debug`: the frames by what keeps them; and its debugger, which stays behind."""
    shell.answer("import gc, heapgraph, weakref")
    shell.answer("exec('def work(mine): raise ValueError')")
    shell.answer("work(type('Frame', (), {})())")
    shell.prompt = "ipdb> "
    shell.answer("%debug")
    text = shell.answer("p heapgraph.why_alive(mine)")
    (path, fix), = ways(text).items()
    assert re.match(r"local mine in work:\d+ of sys\.last_", path) and "1/0" in fix, text
    shell.answer("alive = weakref.ref(mine)")
    shell.answer("import __main__; __main__.alive = alive")
    shell.prompt = IN
    shell.answer("q")
    shell.answer("1/0")
    shell.answer("gc.collect();")
    text = shell.answer("%heapgraph why type:__main__.Frame")
    fix, = ways(text).values()
    assert "kept through the debugger that looks at it" in text
    assert "drop `get_ipython().InteractiveTB.pdb`, which the debugger left behind" in fix
    shell.answer("get_ipython().InteractiveTB.pdb = None")
    shell.answer("gc.collect();")
    assert "True" in shell.answer("alive() is None")
