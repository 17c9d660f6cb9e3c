"""The Python module inside each interpreter: it sees itself as attach sees it from outside."""

import os
import re
import signal
import subprocess
import time

import python_module
import tool


def test_why_names_the_chain_and_not_who_asks(inside):
    code = """
class Proc: pass
registry = {"a": Proc()}

def ask(obj):
    mine = obj
    return heapgraph.why_alive(mine)

say(repr(ask(registry["a"])))
say(repr(ask(Proc())))
"""
    kept, lost = inside(code)
    assert "kept alive by 1 referrer" in kept and "__main__.registry['a']" in kept
    assert "why_alive" not in kept and "local" not in kept
    assert "nothing keeps it alive but the frame that asks:" in lost
    assert re.search("local (mine|obj) in ask:", lost)


def test_its_own_descriptors_are_none_of_the_program(inside):
    code = """
mine = open("/dev/null")
say([[row["fd"], row["target"]] for row in heapgraph.handles()["descriptors"] if row["fd"] > 2])
say(mine.fileno())
"""
    rows, number = inside(code)
    assert rows == [[number, "/dev/null"]]


def test_references_found_and_counted(inside):
    code = """
import ctypes
class Proc: pass
one = Proc()
pair = [one, one]

def inner():
    mine = Proc()
    return told(mine)

def told(obj):
    answer = heapgraph.refcount(obj)
    return [answer.counted, answer.missing, sorted(row["edge"] for row in answer.found)]

say([heapgraph.refcount(one).counted, sorted(row["edge"] for row in heapgraph.refcount(one).found)])
say(heapgraph.refcount(Proc()).counted)
say(inner())
ctypes.pythonapi.Py_IncRef(ctypes.py_object(one))
say([heapgraph.refcount(one).missing, len(heapgraph.refcount(one).found)])
"""
    counted, alone, local, lost = inside(code)
    assert counted == [3, ["['one']", "[0]", "[1]"]]
    assert alone == 0
    # Local variables of the callers; up to 3.10 the argument lies on the stack of inner() as well.
    assert [edge.split(":")[0] for edge in local[2]] == ["local mine in inner", "local obj in told"]
    assert local[0] == len(local[2]) + local[1] and local[1] <= 1
    assert lost == [1, 3]


def test_the_same_as_from_outside(inside):
    code = """
class Node: pass
nodes = [Node() for _ in range(1000)]
for one in nodes: one.next = nodes[0]
taken = heapgraph.snapshot()
tracked = len(gc.get_objects()) + gc.get_freeze_count()
report = taken.report()
rows = {row["type"]: row["count"] for row in taken.types()["types"]}
say([report["process"]["pid"] == os.getpid(), report["capture"]["method"],
     report["capture"]["consistent"], rows["__main__.Node"],
     abs(report["capture"]["tracked"] - tracked) < 60, report["capture"]["incomplete"]])
"""
    assert inside(code) == [[True, "in-process", True, 1000, True, []]]


def test_nothing_changes(inside):
    code = """
class Plain:
    def __init__(self): self.a = 1
one = Plain()
children = []
def handler(number, frame): children.append(number)
import signal
signal.signal(signal.SIGCHLD, handler)
before = (gc.get_count()[2], gc.isenabled(), [stat["collections"] for stat in gc.get_stats()],
          threading.active_count(), sorted(os.listdir("/proc/self/fd")))
heapgraph._heapgraph = sys.modules["heapgraph._heapgraph"]
folder = __import__("tempfile").mkdtemp()
gc.disable()
for number in range(20):
    sys.modules["heapgraph._heapgraph"].capture(folder + "/%d.hgs" % number)
gc.enable()
after = (gc.get_count()[2], gc.isenabled(), [stat["collections"] for stat in gc.get_stats()],
         threading.active_count(), sorted(os.listdir("/proc/self/fd")))
try:
    left = os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    left = None
say([before[1:2] + before[3:] == after[1:2] + after[3:], before[2] == after[2], children, left])
"""
    assert inside(code) == [[True, True, [], None]]


def test_in_threads_and_in_handlers(inside):
    code = """
import signal
done = []
def work():
    done.append(heapgraph.snapshot().report()["capture"]["consistent"])
threads = [threading.Thread(target=work) for _ in range(3)]
for one in threads: one.start()
for one in threads: one.join()
signal.signal(signal.SIGUSR1, lambda number, frame: work())
os.kill(os.getpid(), signal.SIGUSR1)
while len(done) < 4: time.sleep(0.01)
say(done)
"""
    assert inside(code) == [[True] * 4]


def test_a_collection_is_said(inside):
    code = """
class Late:
    def __del__(self):
        answer = heapgraph.snapshot().report()["capture"]
        say([answer["consistent"], answer["incomplete"]])
one = Late(); one.me = one
del one
gc.collect()
"""
    consistent, incomplete = inside(code)[0]
    assert consistent is False and "garbage collection" in incomplete[0]


def test_findings_diff_and_files(inside, tmp_path):
    code = """
import ctypes
for _ in range(3): ctypes.CDLL(os.environ["HEAPGRAPH_BUILD"] + "/samples/libfilter.so")
kept = []
first = heapgraph.snapshot(sys.argv[1] + "/a.hgs")
kept.append([[n] for n in range(500)])
second = heapgraph.snapshot(sys.argv[1] + "/b.hgs")
try:
    heapgraph.snapshot(sys.argv[1] + "/b.hgs")
except heapgraph.Error as error:
    say([error.message, error.hint, error.code])
say([one["code"] for one in heapgraph.open(sys.argv[1] + "/b.hgs").findings()])
grown = heapgraph.diff(first, second)
say([row["path"] for row in grown["diff"]["growth"]][:1])
say(heapgraph.handles().draw(sys.argv[1] + "/x.svg").read_text()[:5])
say("<svg" in second.cycles()._repr_html_())
"""
    error, codes, grown, drawn, notebook = inside(code, str(tmp_path))
    assert "it exists" in error[0] and error[1] == "force=True overwrites it" and error[2] == 1
    assert "leaked-open" in codes
    assert "kept" in grown[0]
    assert drawn == "<?xml" and notebook is True


def test_a_service_writes_its_own_snapshot(packages, python, tmp_path):
    code = python_module.PRELUDE + """
import signal
heapgraph.install(signal.SIGUSR2, sys.argv[1], seconds=3600)
say("ready")
while True: time.sleep(0.02)
"""
    process = subprocess.Popen(python.among_ours("-c", code, str(tmp_path)), stdout=subprocess.PIPE,
                               env={**os.environ, "HEAPGRAPH_PACKAGE": str(packages(python))})
    try:
        assert process.stdout.readline() == b'"ready"\n'
        for _ in range(3):
            process.send_signal(signal.SIGUSR2)
            time.sleep(0.3)
        for _ in range(200):
            files = list(tmp_path.glob("*.hgs"))
            if files:
                break
            time.sleep(0.05)
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    assert len(files) == 1, "the others came too soon"
    assert re.fullmatch(rf"heapgraph-{process.pid}-\d+T\d+-signal\.hgs", files[0].name)
    assert tool.heapgraph("types", files[0]).code == 0


def test_as_its_help_says(inside):
    """The examples of the docstrings run; what it offers is documented, and there is nothing else in sight."""
    code = """
import doctest, pydoc
say(doctest.testmod(heapgraph)[:2])
say([name for name in heapgraph.__all__ if not getattr(heapgraph, name).__doc__])
say(sorted(set(dir(heapgraph)) - set(heapgraph.__all__)))
say("install(signal" in pydoc.plain(pydoc.render_doc(heapgraph)))
"""
    examples, bare, more, help_has_it = inside(code)
    assert examples[0] == 0 and examples[1] >= 7
    assert bare == [] and more == ["objgraph"] and help_has_it is True


def test_looking_runs_no_code_of_the_program(inside):
    """Objects that answer to everything, and those that nothing tracks."""
    code = """
ran = []
class Hostile:
    def __getattribute__(self, name):
        ran.append(name)
        raise RuntimeError(name)
    __eq__ = __hash__ = __repr__ = __len__ = __bool__ = __iter__ = lambda *arguments: ran.append("special")
    __class__ = property(lambda self: ran.append("class"))
class Plain:
    def __init__(self): self.a = 1
kept = [Hostile(), Plain(), 5, 10**30, "text" * 5, b"bytes", None, True, int, Plain, os, 1.5, (), object(), len,
        range(3), {1: 2}, frozenset([1])]
ran.clear()
for one in kept:
    heapgraph.why_alive(one).text(), heapgraph.retained(one).text(), heapgraph.refcount(one).text()
    assert heapgraph.why_alive(one)[0].object == hex(id(one))
say(ran)
say([heapgraph.refcount(kept[0]).counted, heapgraph.refcount(kept[0]).missing])
"""
    assert inside(code) == [[], [1, 0]]
