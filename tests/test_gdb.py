"""The gdb command: a live inferior and a core give the answers of heapgraph, and nothing is changed."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import processes
import pytest
import tool
from test_core import BY_NATURE, gcore
from test_unharmed import assert_goes_on

TESTS = Path(__file__).resolve().parent
SCRIPT = TESTS.parent / "python_glue" / "heapgraph-gdb.py"
WORDS = ["gdb", "-nx", "-batch", "-iex", "set auto-load python-scripts off"]
HELD_BY_NATURE = {"capture", "searched", "outputs"}
LOOK = """
struct box { void *object; };
int look(struct box *box, void *op, char letter) { return box->object == op && letter; }
"""
LOOKED_AT = """
import ctypes, sys
class Thing: pass
class Box(ctypes.Structure): _fields_ = [("object", ctypes.py_object)]
thing = Thing()
box = Box(thing)
look = ctypes.PyDLL(sys.argv[1]).look
for i in range(2):
    look(ctypes.byref(box), ctypes.py_object(thing), ctypes.c_char(b"a"))
    more = [Thing() for i in range(500)]
"""


def environment(folder, **more):
    return {**os.environ, "HEAPGRAPH": str(tool.BUILD / "heapgraph"), "DEBUGINFOD_URLS": "",
            "TMPDIR": str(folder), "TERM": "dumb", **more}


@pytest.fixture
def gdb(tmp_path):
    """gdb(arguments, *commands): what it said; heapgraph is loaded by then. Nothing may stay in TMPDIR."""
    if not shutil.which("gdb"):
        pytest.skip("gdb is not installed")
    folder = tmp_path / "tmp"
    folder.mkdir()

    def _gdb(arguments, *commands, source=SCRIPT, **more):
        words = [*WORDS]
        for command in ([f"source {source}"] if source else []) + list(commands):
            words += ["-ex", command]
        done = subprocess.run([*words, *map(str, arguments)], cwd=tmp_path, capture_output=True, text=True,
                              timeout=180, stdin=subprocess.DEVNULL, env=environment(folder, **more))
        assert not list(folder.iterdir())
        return done

    return _gdb


def answers(done):
    """The JSON objects in gdb's output."""
    found, text = [], done.stdout
    while "{\n" in text:
        one, end = json.JSONDecoder().raw_decode(text := text[text.index("{\n"):])
        found.append(one)
        text = text[end:]
    assert found, (done.stdout, done.stderr)
    return found


def less(result, keys):
    return {key: value for key, value in result.items() if key not in keys}


def test_gdb_says_what_attach_says(python, sample, run, gdb, tmp_path):
    target = sample(python, "cycle_pins_library")
    core = gcore(target.pid, tmp_path)
    live = gdb(("-p", target.pid), "heapgraph report --json", "heapgraph snapshot kept.hgs")
    attached = run("attach", target.pid, "--json").json
    held = answers(live)[0]
    assert held["capture"]["method"] == "held" and held["capture"]["consistent"] is True
    for key in ("objects", "references", "bytes", "tracked", "bad_objects", "incomplete"):
        assert held["capture"][key] == attached["capture"][key], key
    assert less(held, HELD_BY_NATURE) == less(attached, HELD_BY_NATURE)
    kept = run("report", tmp_path / "kept.hgs", "--json")
    assert kept.code == 0 and less(kept.json, HELD_BY_NATURE) == less(held, HELD_BY_NATURE)
    assert os.stat(tmp_path / "kept.hgs").st_mode & 0o777 == 0o600
    program = os.readlink(f"/proc/{target.pid}/exe")  # in a root too, as gdb sees it
    dead = gdb((program, core), "heapgraph handles --json")
    expected = run("handles", target.pid, "--json").json
    assert less(answers(dead)[0], BY_NATURE | {"searched"}) == less(expected, BY_NATURE | {"searched"})
    target.assert_unharmed()


def test_every_verb(heavy_python, sample, run, gdb, tmp_path):
    target = sample(heavy_python, "cycle_pins_library")
    verbs = [["handles"], ["handles", "--unload", "libimageproc.so"], ["cycles"], ["types"], ["retained"],
             ["retained", "type:ctypes.CDLL"], ["why", "type:ctypes.CDLL#1"], ["refs", "type:ctypes.CDLL"],
             ["backrefs", "lib:libimageproc.so"], ["why", "--where", "type=list and size>1k"]]
    core = gcore(target.pid, tmp_path)
    commands = ["heapgraph " + " ".join(["'" + one + "'" if one.startswith("type=") else one
                                          for one in verb]) + " --json" for verb in verbs]
    live, dead = gdb(("-p", target.pid), *commands), gdb((heavy_python.path, core), *commands)
    for verb, held, cored in zip(verbs, answers(live), answers(dead), strict=True):
        expected = run(verb[0], target.pid, *verb[1:], "--json").json
        assert less(held, HELD_BY_NATURE) == less(expected, HELD_BY_NATURE), verb
        ignored = BY_NATURE | {"searched", "unload"}
        assert less(cored, ignored) == less(expected, ignored), verb


def changed(one, other):
    if isinstance(one, dict):
        one, other = ("\n".join(f"{key} {value}" for key, value in each.items()) for each in (one, other))
    return list(zip(*(part for part in zip(str(one).split("\n"), str(other).split("\n"))
                      if part[0] != part[1])))


def test_inferior_is_not_changed(python, start, gdb):
    """Memory, pages, registers, signals, descriptors, threads: all as they were; then it goes on."""
    target = start(python, "churn.py")
    done = gdb(("-p", target.pid), f"source {TESTS / 'gdb_state.py'}", "thread 1", "up", "state", "state",
               "heapgraph report -o a.dot", "heapgraph why type:dict", "state")
    # The first makes gdb read what it reads of the process for itself.
    states = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"memory"')]
    assert len(states) == 3, done.stderr
    _, before, after = states
    assert "picture: a.dot" in done.stdout, done.stderr
    assert before["selected"] == [1, 1] and "rip" in before["registers"]
    for key in before:
        assert before[key] == after[key], (key, changed(before[key], after[key]))
    target.assert_unharmed()
    assert_goes_on(target)


@pytest.fixture(scope="session")
def look(tmp_path_factory):
    """A library with debug symbols."""
    folder = tmp_path_factory.mktemp("look")
    (folder / "look.c").write_text(LOOK, encoding="utf-8")
    subprocess.run(["cc", "-g", "-O0", "-shared", "-fPIC", "-o", folder / "liblook.so", folder / "look.c"],
                   check=True)
    (folder / "looked_at.py").write_text(LOOKED_AT, encoding="utf-8")
    return folder


def test_breakpoint_in_c(python, gdb, look, tmp_path):
    """Started under gdb, stopped in the midst of a call: objects go by the variables of the function."""
    if python.root:
        pytest.skip("gdb here cannot start a program in a root")
    run = f"run {look / 'looked_at.py'} {look / 'liblook.so'}"
    asked = [f"heapgraph why {what} -q" for what in
             ("op", "$rsi", "box->object", "(void *)op", "*(char *)op", "letter", "(Nothing *)op")]
    done = gdb((python.path,), "set breakpoint pending on", "break look", run, *asked,
               "heapgraph snapshot one.hgs", "continue", "heapgraph diff one.hgs", "heapgraph why op",
               "delete", "continue", "heapgraph report")
    assert done.stdout.count("__main__.thing") == 5, (done.stdout, done.stderr)
    assert "a thread held the GIL where the debugger stopped it" in done.stderr
    assert "no object '0x" in done.stderr  # letter
    assert 'cannot evaluate (Nothing *)op: No symbol "Nothing"' in done.stderr
    assert "one.hgs" in done.stdout and "\nnow " in done.stdout and "500" in done.stdout
    assert "exited normally" in done.stdout and "there is nothing to look into" in done.stderr


def test_pages_that_cannot_be_read(heavy_python, start, run, gdb):
    """Guard pages, where the kernel has them: what lies behind one is seen."""
    target = start(heavy_python, "guards.py")
    held = answers(gdb(("-p", target.pid), "heapgraph report --json"))[0]
    attached = run("attach", target.pid, "--json").json
    assert less(held, HELD_BY_NATURE) == less(attached, HELD_BY_NATURE)
    row, = [row for row in held["native_references"] if row["type"] == "__main__.Kept"]
    assert row["surplus"] == 1 and row["found_in"] == ["anonymous memory"]


def test_address_of_an_object(heavy_python, gdb, look):
    """A name of heapgraph's in gdb's expressions: who lets go of a reference?"""
    done = gdb((heavy_python.path,), "set breakpoint pending on", "break look",
               f"run {look / 'looked_at.py'} {look / 'liblook.so'}", "delete",
               'print $heapgraph("__main__.thing") == op', 'print $heapgraph("type:__main__.Thing")',
               'print $heapgraph("type:type")', "print $heapgraph(5)",
               'watch -l *(int *)$heapgraph("__main__.thing")', "continue")
    assert "$1 = 1\n" in done.stdout and "$2 = (void *) 0x" in done.stdout, done.stderr
    assert "objects are type:type\nhint: name one of them, as type:type#1" in done.stderr
    assert "$heapgraph wants an OBJECT in quotes" in done.stderr
    assert "Old value = " in done.stdout and "New value = " in done.stdout


def test_forgets_what_has_changed(heavy_python, start, gdb):
    target = start(heavy_python, "idle.py")
    kept = "python print('kept', HEAPGRAPH.inferior.of is not None)"
    ask = "heapgraph types -q --limit 1"
    done = gdb(("-p", target.pid), ask, kept, "set var $rax = $rax", kept, ask, kept,
               "set var *(char *)$rsp = *(char *)$rsp", kept, ask, kept, "print (int)getpid()", kept, ask,
               "detach", kept)
    told = [line for line in done.stdout.splitlines() if line.startswith("kept")]
    assert told == ["kept True", "kept False", "kept True", "kept False", "kept True", "kept False",
                    "kept False"], done.stderr


def test_breakpoints_in_the_code_that_is_run(python, start, run, gdb):
    """gdb may leave them in memory while the program stands; in the copy they would end the walk."""
    target = start(python, "idle.py")
    # Of functions: the hook itself knows how to go through a dict.
    tp_traverse = "**(long **)((char *)&PyFunction_Type + 184)"  # PyTypeObject, CPython 3.8 to 3.15
    done = gdb(("-p", target.pid), "set breakpoint always-inserted on", f"break {tp_traverse}",
               "heapgraph types --json")
    assert "Breakpoint 1 at" in done.stdout, done.stderr
    held, attached = answers(done)[0], run("types", target.pid, "--json").json
    assert held["capture"]["bad_objects"] == 0
    assert less(held, HELD_BY_NATURE) == less(attached, HELD_BY_NATURE)


def test_in_the_midst_of_a_collection(python, gdb):
    """The gc lists are in motion: that is said, and what can be read is."""
    if python.root:
        pytest.skip("gdb here cannot start a program in a root")
    code = "import gc, os; x = []; os.write(1, b'x'); gc.collect(); print('fine')"
    tp_traverse = "**(long **)((char *)&PyFunction_Type + 184)"
    done = gdb((python.path,), "set breakpoint pending on", "break write",
               f'run -c "{code}"', "delete", f"break {tp_traverse}", "continue", "heapgraph why __main__.x -q",
               "delete", "continue")
    assert "a garbage collection was under way" in done.stderr and "gc lists were in motion" in done.stderr
    assert "__main__.x" in done.stdout and "fine\n" in done.stdout and "exited normally" in done.stdout


def test_error_lines(heavy_python, start, gdb, tmp_path):
    """What, why, and the one remedy; each error ends a script of gdb's as its own errors do."""
    other = subprocess.Popen(["sleep", "100"])
    try:
        done = gdb(("-p", other.pid), "heapgraph report")
    finally:
        other.kill()
        other.wait()
    assert "is not CPython: it runs /usr/bin/sleep" in done.stderr
    target = start(heavy_python, "idle.py")
    (tmp_path / "there.hgs").touch()
    done = gdb(("-p", target.pid), "heapgraph", "heapgraph nonsense", "heapgraph why", "heapgraph why 0x10",
               "heapgraph snapshot", "heapgraph snapshot x", "heapgraph snapshot there.hgs",
               "heapgraph diff", "heapgraph handles --nonsense", "heapgraph types -o a.png")
    expected = ["heapgraph what?", "does not know 'nonsense'", "why wants an OBJECT", "no object '0x10'",
                "snapshot wants a file", "ends in .hgs", "cannot write there.hgs: File exists",
                "diff wants the snapshot to compare with", "no such flag", "types has no picture"]
    for line in expected:
        assert line in done.stderr, line
    assert done.stderr.count("hint: ") == len(expected), done.stderr
    script = tmp_path / "script.gdb"
    script.write_text("heapgraph why 0x10\necho not reached\\n\n", encoding="utf-8")
    assert "not reached" not in gdb(("-p", target.pid, "-x", script)).stdout
    done = gdb(("-p", target.pid), "python import tempfile; tempfile.tempdir = '/proc'", "heapgraph types")
    assert "there is no folder for what is read: " in done.stderr and "hint: start gdb" in done.stderr
    done = gdb(("-p", target.pid), "heapgraph report", HEAPGRAPH=str(tmp_path / "gone"))
    assert f"cannot run {tmp_path / 'gone'}" in done.stderr and "HEAPGRAPH" in done.stderr
    target.assert_unharmed()


def test_remote_target_is_refused(heavy_python, gdb, tmp_path):
    if not shutil.which("gdbserver"):
        pytest.skip("gdbserver is not installed")
    done = gdb(("-ex", f"target remote | gdbserver - {heavy_python.path} -V", "-ex", "heapgraph report",
                "-ex", "kill"))
    assert "is on another machine (target remote)" in done.stderr, done.stderr


def test_running_threads_are_refused(heavy_python, start, run, gdb, tmp_path):
    """By gdb before it asks, and by heapgraph for any debugger: what is running cannot be read."""
    target = start(heavy_python, "idle.py")
    done = gdb(("-ex", "set non-stop on", "-ex", f"attach {target.pid}", "-ex", "continue &",
                "-ex", "heapgraph report"))
    assert f"process {target.pid} is running\nhint: stop all its threads first" in done.stderr
    registers = tmp_path / "registers"
    registers.write_text("1 " + "0 " * 18, encoding="utf-8")
    with open(f"/proc/{target.pid}/mem", "rb", 0) as memory, open(registers, "rb") as lines:
        result = run("types", target.pid, "--held", memory.fileno(), pass_fds=[memory.fileno()],
                     stdin=lines)
        tool.assert_error(result, 1, "its thread", "interrupt -a")
        registers.write_text("1 " + "0 " * 18 + "\n2 " + "0 " * 5, encoding="utf-8")
        with open(registers, "rb") as lines:
            result = run("types", target.pid, "--held", memory.fileno(), pass_fds=[memory.fileno()],
                         stdin=lines)
        tool.assert_error(result, 2, "no registers of threads", "in gdb")
    tool.assert_error(run("types", target.pid, "--held", "-1"), 2, "--held takes a number", "--help")
    target.assert_unharmed()


def test_attach_says_how_to_ask_in_gdb(heavy_python, start, gdb):
    target = start(heavy_python, "idle.py")
    done = gdb(("-p", target.pid), f"shell {tool.BUILD / 'heapgraph'} attach {target.pid}")
    assert "traces it already" in done.stderr
    assert f"source {SCRIPT}, then heapgraph report" in done.stderr


def children(pid):
    return map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def name_of(pid):
    return (processes.status(pid) or {}).get("Name")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_interrupted(number, heavy_python, start, tmp_path):
    """Ctrl-C comes to all of the terminal's group; SIGKILL to gdb alone. No file stays behind, and no process."""
    if not shutil.which("gdb"):
        pytest.skip("gdb is not installed")
    folder = tmp_path / "tmp"
    folder.mkdir()
    target = start(heavy_python, "heap.py", "400000")
    words = [*WORDS, "-p", str(target.pid), "-ex", f"source {SCRIPT}", "-ex", "echo begin\\n",
             "-ex", "heapgraph report", "-ex", "echo end\\n", "-ex", "heapgraph handles -q"]
    gdb = subprocess.Popen(words, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, start_new_session=True,
                           env=environment(folder))
    try:
        while "begin" not in gdb.stdout.readline():
            assert gdb.poll() is None
        while not any(name_of(pid) == "heapgraph" for pid in children(gdb.pid)):
            time.sleep(0.001)
        time.sleep(0.05)
        if number == signal.SIGINT:
            os.killpg(gdb.pid, number)
        else:
            gdb.kill()
        said = gdb.communicate(timeout=60)[0]
    finally:
        gdb.kill()
        gdb.wait()
    if number == signal.SIGINT:
        assert "picture" not in said
    target.assert_unharmed(patience=5)
    left = [one for one in folder.rglob("*") if one.is_file()]
    assert left == [], left
    assert not list(tmp_path.glob("*.png"))


def test_completion(heavy_python, start, gdb):
    """Types are those of the snapshot, where one was taken; libraries those that gdb knows."""
    target = start(heavy_python, "idle.py")
    done = gdb(("-p", target.pid), "complete heapgraph re", "complete heapgraph why ty",
               "complete heapgraph why type:method_", "echo then\\n", "heapgraph types --json -o a.json",
               "complete heapgraph why type:method_", "complete heapgraph retained lib:libc.so",
               "complete heapgraph handles ty", "help heapgraph")
    before, _, then = done.stdout.partition("then\n")
    for one in ("refs", "report", "retained", "why type:dict"):
        assert f"heapgraph {one}\n" in before, one
    assert "heapgraph why type:method_descriptor\n" not in before
    for one in ("why type:method_descriptor", "retained lib:libc.so.6",
                "why|refs|backrefs OBJECT"):
        assert f"heapgraph {one}\n" in then, one
    assert "heapgraph handles type" not in then


def test_log_and_width(heavy_python, start, gdb, tmp_path):
    """`set logging` has the answer; it is as wide as gdb's lines."""
    target = start(heavy_python, "idle.py")
    done = gdb(("-p", target.pid), "set width 60", "set logging file log.txt", "set logging enabled on",
               "heapgraph handles", "set logging enabled off")
    log = (tmp_path / "log.txt").read_text(encoding="utf-8")
    assert "held by a debugger" in log and "\033" not in log, done.stderr
    assert max(map(len, log.splitlines())) <= 60


def test_sourced_twice_and_by_itself(heavy_python, start, gdb, tmp_path):
    """By a file for the interpreter among gdb's own; the names that people give are not in its way."""
    target = start(heavy_python, "idle.py")
    exe = os.readlink(f"/proc/{target.pid}/exe")
    auto = tmp_path / "auto" / (exe.lstrip("/") + "-gdb.gdb")
    auto.parent.mkdir(parents=True)
    auto.write_text(f"source {SCRIPT}\n", encoding="utf-8")
    folder = tmp_path / "auto"
    done = gdb(("-iex", f"set auto-load scripts-directory {folder}", "-iex",
                f"add-auto-load-safe-path {folder}", "-p", target.pid, "-ex", "heapgraph handles -q",
                "-ex", f"source {SCRIPT}", "-ex", "python run = tool = Taken = None",
                "-ex", "heapgraph why type:module#1"), source=None)
    assert "held by a debugger" in done.stdout or "LIBRARY" in done.stdout or "Other" in done.stdout
    assert "kept alive" in done.stdout and "rror" not in done.stderr, done.stderr


def test_installed_beside_its_command(heavy_python, start, gdb, tmp_path):
    """As ./dev install puts it; HEAPGRAPH is not set, and another heapgraph is in the PATH."""
    prefix, other = tmp_path / "prefix", tmp_path / "other"
    prefix.mkdir()
    other.mkdir()
    (other / "heapgraph").write_text("#!/bin/sh\necho the other\n", encoding="utf-8")
    (other / "heapgraph").chmod(0o755)
    subprocess.run([TESTS.parent / "dev", "install", prefix], check=True, capture_output=True,
                   env={**os.environ, "HEAPGRAPH_BUILD": str(tool.BUILD)})
    target = start(heavy_python, "idle.py")
    places = {"HEAPGRAPH": "", "PATH": f"{other}:{os.environ['PATH']}"}
    installed = prefix / "share/heapgraph/heapgraph-gdb.py"
    said = "python print(HEAPGRAPH.tool.program())"
    done = gdb(("-p", target.pid), said, "heapgraph handles", source=installed, **places)
    assert f"{prefix / 'bin/heapgraph'}\n" in done.stdout and "held by a debugger" in done.stdout, done.stderr
    alone = tmp_path / "alone" / "here" / "heapgraph-gdb.py"
    alone.parent.mkdir(parents=True)
    shutil.copy(SCRIPT, alone)
    assert gdb((), said, source=alone, **places).stdout == f"{other / 'heapgraph'}\n"
