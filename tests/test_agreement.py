"""One process, looked at from all sides: attach, its snapshot, gdb, cores, and from inside itself.

The program does not know: a sitecustomize installs the module's signal handler before it starts, and
all sides see the program with the module in it.
"""

import concurrent.futures
import json
import os
import signal
import subprocess
import time

import interpreters
import processes
import pytest
import sites
import tool
from agreement import agree, differences, gcore, kernel_core, needs_gcore, without
from test_gdb import SCRIPT
from test_no_false_alarms import HEAVY, free_port

SAMPLES = ("opened_in_a_loop", "two_opens_one_release", "win32_style", "other_namespace",
           "dangling_after_dlclose", "smart_loader", "suspended_generator", "library_cache",
           "handle_reused", "capsule_outlives_library", "cycle_pins_library", "frozen_garbage",
           "finalize_bound_method", "pointer_type_cache", "task_never_done", "module_reload",
           "context_variable", "thread_locals", "cffi_libraries", "pooled_connections",
           "traceback_keeps_pointer", "callback_in_c", "leaking_extension", "resurrected",
           "rightly_released")
NEEDS = {"cffi_libraries": ["cffi"]}
# What is garbage on one side is so on the next: no collection comes by itself in between.
INSTALL = """import gc, os, signal, heapgraph
gc.set_threshold(1000000)
heapgraph.install(signal.SIGUSR2, os.environ["HEAPGRAPH_FOLDER"], seconds=0)
"""
ALL = ("--json", "--limit", "0")


def at_rest(pid, tick):
    """Waits until the program waits for what does not come: it said ready a moment before. `tick`: how
    long, in seconds, it keeps what it last waited for."""
    def switches():
        states = [processes.status(f"{pid}/task/{tid}") for tid in os.listdir(f"/proc/{pid}/task")]
        return [(one["State"][0], one["voluntary_ctxt_switches"]) for one in states if one]

    time.sleep(tick)
    deadline, before = time.monotonic() + 5, None
    while time.monotonic() < deadline:
        now = switches()
        if now == before and all(state == "S" for state, _ in now):
            return
        before = now
        time.sleep(0.05)


class Program:
    """A program that six sides look at; each gives a tool.Result."""

    def __init__(self, target, folder, crash):
        self.target, self.folder, self.crash = target, folder, crash

    def run(self, *arguments):
        return tool.heapgraph(*arguments, *ALL, cwd=self.folder)

    def attach(self, name):
        result = self.run("attach", self.target.pid, "-o", f"{name}.hgs")
        self.target.assert_unharmed()
        return result

    def gdb(self, where, *commands):
        """What `heapgraph report` says in gdb."""
        report = "heapgraph report " + " ".join(ALL) + f" -o {where[-1]}.dot"
        words = ["gdb", "-nx", "-batch", *where, "-ex", f"source {SCRIPT}", "-ex", report]
        for command in commands:
            words += ["-ex", command]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, timeout=180,
                              env={**os.environ, "HEAPGRAPH": str(tool.BUILD / "heapgraph"),
                                   "DEBUGINFOD_URLS": ""})
        assert "{\n" in done.stdout, (done.stdout, done.stderr)
        answer = json.JSONDecoder().raw_decode(done.stdout[done.stdout.index("{\n"):])[0]
        return tool.Result(0, json.dumps(answer), done.stderr)

    def inside(self):
        """The snapshot that the program writes of itself when it is told to."""
        os.kill(self.target.pid, signal.SIGUSR2)
        deadline = time.monotonic() + 60
        while not list(self.folder.glob("*-signal.hgs")):
            assert time.monotonic() < deadline and self.target.alive()
            time.sleep(0.01)
        return next(self.folder.glob("*-signal.hgs"))


@pytest.fixture
def program(packages, heavy_python, start, tmp_path, monkeypatch):
    """program(script, argument...): the running program, with the module in it."""
    needs_gcore()
    package, folder, crash = packages(heavy_python), tmp_path / "looks", tmp_path / "crash"
    for one in (folder, crash, tmp_path / "start"):
        one.mkdir()
    (tmp_path / "start" / "sitecustomize.py").write_text(INSTALL, encoding="utf-8")
    monkeypatch.chdir(crash)

    def _program(script, *arguments, site=(), environment=None):
        path = os.pathsep.join(map(str, [tmp_path / "start", package, *site]))
        return Program(start(heavy_python, str(script), *arguments, environment={
            "HEAPGRAPH_BUILD": str(tool.BUILD), "HEAPGRAPH_FOLDER": str(folder), "PYTHONPATH": path,
            **(environment or {})}), folder, crash)

    return _program


def compare(program, also_inside=(), tick=0.0, core_in_gdb=True):
    """All sides, one after the other; what ends the process comes last."""
    at_rest(program.target.pid, tick)
    live = program.attach("live")
    assert live.code == 0, live.err
    pid = str(program.target.pid)
    in_gdb = program.gdb(["-p", pid], f"gcore {program.folder}/gcore")
    own = program.inside()
    at_rest(program.target.pid, tick)
    after = program.attach("after")
    core = kernel_core(program.target, program.crash)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        of_file, of_gcore, of_own, of_core = pool.map(
            lambda path: program.run("report", path, "-o", f"{path.name}.dot"),
            [program.folder / "live.hgs", program.folder / "gcore", own, core])
    agree(live, of_file, "hgs")
    agree(live, in_gdb, "gdb")
    agree(live, of_gcore, "core")
    agree(live, of_own, "inside", also_inside)
    agree(live, after, "after")
    agree(after, of_core, "core")
    if core_in_gdb:
        agree(after, program.gdb([program.target.process.args[0], core]), "core")
    assert live.json["capture"]["method"] == "fork"
    assert in_gdb.json["capture"]["method"] == "held"
    assert of_own.json["capture"]["method"] == "in-process"
    assert {one.json["capture"]["method"] for one in (of_gcore, of_core)} == {"core"}
    for path in (program.folder / "gcore", core):
        path.unlink()
    return live


def in_words(result):
    """What is found, without addresses and counts: other modules are loaded, other blocks freed."""
    keys = ("code", "severity", "library", "signature", "pattern")
    return [[found[key] for key in keys] for found in result.json["findings"]]


@pytest.mark.parametrize("name", SAMPLES)
def test_samples(name, heavy_python, program, sample):
    """And the module adds nothing to what is found in a program without it."""
    site = [sites.site_for(heavy_python, *NEEDS[name])] if name in NEEDS else []
    bare = sample(heavy_python, name, *site)
    of_bare = tool.heapgraph("report", bare.pid, *ALL, "-o", "bare.dot")
    live = compare(program(interpreters.TESTS.parent / "samples" / f"{name}.py", site=site),
                   core_in_gdb=name in SAMPLES[::5])
    assert live.json["findings"]
    assert in_words(live) == in_words(of_bare)


def test_idle(program):
    compare(program("idle.py"))


def test_fastapi(heavy_python, program):
    site = sites.site_for(heavy_python, *HEAVY["fastapi"])
    # The signal wakes asyncio's loop, which had not yet returned from select() on the other sides.
    compare(program("ordinary.py", "fastapi", str(free_port()), site=[site]), ["descriptors.path"])


def test_django(heavy_python, program):
    site = sites.site_for(heavy_python, "django")
    # serve_forever() has what select() last gave for as long as it waits: half a second.
    compare(program("web.py", str(site), str(free_port())), tick=0.6)


def test_ipython(heavy_python, program, tmp_path):
    site = sites.site_for(heavy_python, *HEAVY["ipython"])
    compare(program("ordinary.py", "ipython", site=[site], environment={"WORK": str(tmp_path)}))


def grown(result):
    """The answer of diff, less the files, their times, and what a core does not say."""
    assert result.code == 0, result.err
    answer = result.json["diff"]
    for where in ("snapshots.file", "snapshots.time_ms", "intervals.elapsed_ms", "same_process",
                  "descriptors"):
        answer = without(answer, where)
    return answer


def test_diff_takes_cores(heavy_python, start, run, tmp_path):
    """Snapshots and cores of the same moments, mixed at will, and the process itself."""
    needs_gcore()
    target = start(heavy_python, "growing.py")
    sources = []
    for moment in ("old", "new"):
        snapshot = tmp_path / f"{moment}.hgs"
        assert run("snapshot", target.pid, "-o", snapshot).code == 0
        core = tmp_path / f"{moment}.core"
        gcore(target.pid, tmp_path).rename(core)
        sources.append((snapshot, core))
        if moment == "old":
            for command in ("sessions", "log", "cycles", "links", "sockets", "churn"):
                target.ask(command)
    (old, old_core), (new, new_core) = sources
    both = run("diff", old, new, *ALL)
    assert both.json["diff"]["descriptors"] and both.json["diff"]["growth"]
    for pair in ((old, new_core), (old_core, new), (old_core, new_core), (old_core, target.pid)):
        result = run("diff", *pair, *ALL)
        assert result.json["diff"]["same_process"] == "inferred", "a core has no start"
        assert result.json["diff"]["descriptors"] is None
        assert list(differences(grown(both), grown(result))) == []
        assert run("diff", *pair, "--fail-on", "growth").code == 7
        assert run("diff", *pair, "--fail-on", "descriptor-growth").code == 0, "not known"
        said = run("diff", *pair).out
        assert "Descriptors are not compared: a core does not say" in said
    tool.assert_error(run("diff", new_core, old_core), 2, "the wrong way round", "cp -p")
    three = run("diff", old, old_core, new_core, *ALL, "--exe", heavy_python.path)
    assert three.code == 0, three.err
    first, second = three.json["diff"]["intervals"]
    assert first["new"]["objects"] == 0 and second["new"]["objects"] > 500


MODULE = """
import json, os, sys, tempfile
import heapgraph
hgs, core, empty = sys.argv[1:]
found = [heapgraph.open(one) for one in (hgs, core)]
for one in found:
    keys = ("objects", "libraries", "cycles", "findings")
    answers = [one.report(), one.handles(), one.cycles(), one.why("type:ctypes.CDLL"),
               one.retained("type:ctypes.CDLL"), one.refcount("type:ctypes.CDLL"), one.types()]
    print(json.dumps([{key: answer.to_dict().get(key) for key in keys} for answer in answers]
                     + [[row.code for row in one.findings()]]))
print(json.dumps(heapgraph.diff(found[0], core, hgs.replace(".hgs", ".zst"))["diff"]["intervals"]))
try:
    heapgraph.open(core, exe="/bin/sh", sysroot=empty)
except heapgraph.Error as error:
    print(json.dumps([error.code, error.hint]))
temporary = found[1].path
del one, answers, found
print(json.dumps([str(temporary), temporary.exists()]))
"""


def test_the_module_opens_cores(heavy_python, packages, sample, run, tmp_path):
    needs_gcore()
    target = sample(heavy_python, "cycle_pins_library")
    at_rest(target.pid, 0)
    snapshot = tmp_path / "a.hgs"
    assert run("snapshot", target.pid, "-o", snapshot).code == 0
    core = gcore(target.pid, tmp_path)
    subprocess.run(["zstd", "-q", str(core), "-o", str(tmp_path / "a.zst")], check=True)
    (tmp_path / "empty").mkdir()
    done = subprocess.run(
        [heavy_python.path, "-c", MODULE, str(snapshot), str(core), str(tmp_path / "empty")],
        capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(packages(heavy_python)), "TMPDIR": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    of_file, of_core, intervals, error, (path, exists) = map(json.loads, done.stdout.splitlines())
    assert "cycle-pins-handle" in of_file[-1]
    assert list(differences(of_file, of_core)) == []
    assert [(one["new"]["objects"], one["gone"]["objects"]) for one in intervals] == [(0, 0)] * 2
    assert error[0] == 5 and "--sysroot DIR" in error[1]
    assert path.startswith(str(tmp_path)) and not exists


ASKING = """
import os, heapgraph
def open_one(): return os.open("/etc/passwd", os.O_RDONLY)
def found(): return [one.count for one in heapgraph.findings() if one.code == "unowned-descriptor"]
def keeps():
    mine = open_one()
    return found()
print(keeps(), [open_one() and 1, found()][1])
"""


def test_a_variable_of_who_asks_holds_a_descriptor(heavy_python, packages):
    """And those of the module, which may be equal to it, do not."""
    done = subprocess.run([heavy_python.path, "-c", ASKING], capture_output=True, text=True,
                          timeout=60, env={**os.environ, "PYTHONPATH": str(packages(heavy_python))})
    assert done.stdout == "[] [2]\n", (done.stdout, done.stderr)
