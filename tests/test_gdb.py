"""The gdb command: a live inferior and a core give the answers of heapgraph, and nothing is changed."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import tool
from agreement import BY_NATURE, gcore

SCRIPT = Path(__file__).resolve().parent.parent / "python_glue" / "heapgraph-gdb.py"


@pytest.fixture
def gdb(tmp_path):
    """gdb(arguments, commands): its output, heapgraph loaded."""
    if not shutil.which("gdb"):
        pytest.skip("gdb is not installed")

    def _gdb(arguments, *commands):
        words = ["gdb", "-nx", "-batch", *map(str, arguments), "-ex", f"source {SCRIPT}"]
        for command in commands:
            words += ["-ex", command]
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=180,
                              env={**os.environ, "HEAPGRAPH": str(tool.BUILD / "heapgraph"),
                                   "DEBUGINFOD_URLS": ""})

    return _gdb


def answer(done):
    """The JSON object in gdb's output."""
    text = done.stdout
    assert "{\n" in text, (text, done.stderr)
    found = json.JSONDecoder().raw_decode(text[text.index("{\n"):])[0]
    return {key: value for key, value in found.items() if key not in BY_NATURE | {"searched"}}


def test_gdb_says_what_attach_says(python, sample, run, gdb, tmp_path):
    if python.root:
        pytest.skip("gdb here sees other paths than the process in its root")
    target = sample(python, "cycle_pins_library")
    core = gcore(target.pid, tmp_path)
    live = gdb(("-p", target.pid), "heapgraph handles --json", "heapgraph snapshot kept.hgs")
    dead = gdb((python.path, core), "heapgraph handles --json")
    expected = run("handles", target.pid, "--json").json
    for key in BY_NATURE | {"searched"}:
        expected.pop(key, None)
    assert answer(live) == expected
    assert answer(dead) == expected
    kept = run("handles", tmp_path / "kept.hgs", "--json")
    assert kept.code == 0 and kept.json["libraries"] == expected["libraries"]
    target.assert_unharmed()


def test_gdb_questions(heavy_python, sample, gdb):
    target = sample(heavy_python, "cycle_pins_library")
    done = gdb(("-p", target.pid), "heapgraph why type:ctypes.CDLL", "heapgraph report -o a.dot",
               "heapgraph nonsense")
    assert "ctypes.CDLL" in done.stdout and "libimageproc.so" in done.stdout
    assert "written" in done.stdout or "picture: a.dot" in done.stdout
    assert "heapgraph report|handles" in done.stderr
    target.assert_unharmed()


def test_gdb_objects(heavy_python, start, gdb, tmp_path):
    """Quotes of an expression stay, flags behind it are flags; gdb's own expressions are addresses."""
    script = tmp_path / "cache.py"
    script.write_text("import ctypes, sys\ncache = {'a key': ctypes.CDLL('libm.so.6')}\n"
                      "print('ready', flush=True)\nsys.stdin.read()\n", encoding="utf-8")
    target = start(heavy_python, str(script))
    done = gdb(("-p", target.pid), "heapgraph why __main__.cache['a key'] --json")
    assert "ctypes.CDLL" in done.stdout and "cache" in done.stdout, done.stderr
    address = answer(done)["objects"][0]["object"]
    done = gdb(("-p", target.pid), f"set $dll = {address}", "heapgraph why $dll")
    assert "ctypes.CDLL" in done.stdout, done.stderr
    assert "nothing to look into" in gdb((), "heapgraph report").stderr
    target.assert_unharmed()
