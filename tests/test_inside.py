"""The module in programs that do something else at the same time: nothing of theirs is lost, nothing of
its own is left, wherever it is called from."""

import json
import os
import subprocess

import pytest
import python_module

# capture() writes one snapshot; look() says whether it is one of this process.
BEGIN = """
import ctypes, signal, tempfile, traceback
capture = sys.modules["heapgraph._heapgraph"].capture
folder = tempfile.mkdtemp()
os.chmod(folder, 0o777)

def look(path=folder + "/look.hgs"):
    capture(path, force=True)
    answer = heapgraph.open(path).report()
    return [answer["process"]["pid"] == os.getpid(), answer["capture"]["consistent"],
            answer["capture"]["incomplete"]]

def children():
    "Also those without an exit signal, as a copy is one."
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % name) as file:
                state, parent = file.read().rsplit(")", 1)[1].split()[:2]
        except OSError:
            continue
        if int(parent) == os.getpid():
            found.append([int(name), state])
    return found

def left():
    return [len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task")), children(),
            os.listdir(folder)]
"""
WHOLE = [True, True, []]


@pytest.fixture
def count(thorough):
    return 200 if thorough else 16


def test_nothing_is_left_of_many(inside, count, monkeypatch):
    # Else a new mapping may be an arena of pymalloc for the lists that are compared.
    monkeypatch.setenv("PYTHONMALLOC", "malloc")
    code = BEGIN + """
def mappings():
    with open("/proc/self/maps") as file:
        return [line for line in file if "[heap]" not in line]
def dirty():
    with open("/proc/self/smaps_rollup") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Private_Dirty:"))
def many(count):
    for _ in range(count):
        capture(folder + "/one.hgs", force=True)
        try:
            capture(folder + "/none.txt")
        except heapgraph.Error:
            pass
many(5); mappings(); dirty(); left()
before = left(), mappings(), dirty()
many(int(sys.argv[1]))
after = left(), mappings(), dirty()
say([before[0] == after[0], [line for line in after[1] if line not in before[1]], after[2] - before[2]])
"""
    same, mapped, grown = inside(code, str(count))[0]
    assert same and not mapped
    assert grown <= 256, f"{grown} kB more than before"


def test_children_of_the_program_are_its_own(inside, count):
    """From several threads, while others allocate, and the program forks and waits for any child."""
    code = BEGIN + """
import warnings
warnings.simplefilter("ignore")  # of fork() beside threads
signals, trouble, going = [], [], [True]
signal.signal(signal.SIGCHLD, lambda number, frame: signals.append(number))

class Node: pass
def churn():
    while going:
        ring = [Node() for _ in range(100)]
        for one in ring: one.ring = ring
def take(number):
    try:
        for turn in range(int(sys.argv[1]) // 4):
            path = "%s/%d-%d.hgs" % (folder, number, turn)
            capture(path)
            os.unlink(path)
    except BaseException:
        trouble.append(traceback.format_exc())
def children_of_ours():
    pids = set()
    for _ in range(3):
        pid = os.fork()
        if not pid:
            os._exit(7)
        pids.add(pid)
    while pids:
        pid, status = os.waitpid(-1, 0)
        if pid not in pids or os.WEXITSTATUS(status) != 7:
            trouble.append([pid, status])
        pids.discard(pid)
    try:
        trouble.append(os.waitpid(-1, os.WNOHANG))
    except ChildProcessError:
        pass

before = left()
churner = threading.Thread(target=churn)
takers = [threading.Thread(target=take, args=(number,)) for number in range(4)]
for one in takers + [churner]: one.start()
forks = 0
while any(one.is_alive() for one in takers):
    children_of_ours()
    forks += 3
    time.sleep(0.01)
going.clear()
for one in takers + [churner]: one.join()
seen = len(signals)
capture(folder + "/last.hgs"); os.unlink(folder + "/last.hgs")
say([trouble, left() == before, forks > 3, 0 < seen <= forks, len(signals) == seen])
"""
    assert inside(code, str(count)) == [[[], True, True, True, True]]


def test_beside_asyncio_subprocesses_and_workers(inside, count):
    code = BEGIN + """
import asyncio, multiprocessing, subprocess, warnings
warnings.simplefilter("ignore")
trouble = []
def take():
    try:
        for turn in range(int(sys.argv[1]) // 2):
            capture(folder + "/beside.hgs", force=True)
    except BaseException:
        trouble.append(traceback.format_exc())
def worker():
    os._exit(6 if look(folder + "/worker.hgs")[:2] == [True, True] else 1)
async def ask():
    process = await asyncio.create_subprocess_exec("/bin/sh", "-c", "exit 5")
    return await process.wait()

before = left()[:3]
taker = threading.Thread(target=take)
taker.start()
said = []
while taker.is_alive() or not said:
    process = multiprocessing.get_context("fork").Process(target=worker)
    process.start()
    said.append(asyncio.run(ask()))
    said.append(subprocess.run(["/bin/sh", "-c", "exit 4"]).returncode)
    process.join()
    said.append(process.exitcode)
taker.join()
say([trouble, said == [5, 4, 6] * (len(said) // 3), left()[2]])
"""
    assert inside(code, str(count)) == [[[], True, []]]


def test_wherever_it_is_called(inside):
    code = BEGIN + """
import atexit, tracemalloc
def exit_code(work):
    pid = os.fork()
    if not pid:
        os._exit(0 if work() == [True, True, []] else 1)
    return os.WEXITSTATUS(os.waitpid(pid, 0)[1])
def in_thread(work):
    said = []
    one = threading.Thread(target=lambda: said.append(work()))
    one.start(); one.join()
    return said[0]

say(["forked", exit_code(look)])
say(["forked in a thread", in_thread(lambda: exit_code(look))])
say(["a thread of a fork", exit_code(lambda: in_thread(look))])
gc.disable()
say(["gc off", look(), gc.isenabled()])
gc.enable()
tracemalloc.start()
say(["tracemalloc", look(), tracemalloc.is_tracing()])
tracemalloc.stop()
traced = []
sys.settrace(lambda frame, event, argument: traced.append(frame.f_code.co_name))
said = look()
sys.settrace(None)
say(["settrace", said, "look" in traced])

said = []
signal.signal(signal.SIGALRM, lambda number, frame: said.append(look()))
signal.setitimer(signal.ITIMER_REAL, 0.02)
kept = []
while not said: kept.append([len(kept)])
say(["in a handler", said[0], len(kept) > 1])

class Late:
    def __del__(self): said.append(look())
late = Late(); del late
say(["in a finalizer", said[1]])
atexit.register(lambda: say(["at exit", look()]))
"""
    assert inside(code) == [
        ["forked", 0], ["forked in a thread", 0], ["a thread of a fork", 0], ["gc off", WHOLE, False],
        ["tracemalloc", WHOLE, True], ["settrace", WHOLE, True], ["in a handler", WHOLE, True],
        ["in a finalizer", WHOLE], ["at exit", WHOLE]]


def test_when_the_interpreter_ends(inside):
    """The last references go when hardly anything is left of the interpreter."""
    code = BEGIN + """
class Last:
    def __init__(self): self.capture, self.write, self.path = capture, os.write, folder + "/last.hgs"
    def __del__(self):
        self.capture(self.path)
        self.write(1, b'"written"\\n')
last = Last()
threading.Thread(target=threading.Event().wait, daemon=True).start()
"""
    assert inside(code) == ["written"]


def test_in_other_interpreters(inside, python):
    """Refused in one line where each has a GIL of its own; one that runs meanwhile is told."""
    code = BEGIN + """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
script = '''
import os, sys
sys.path.insert(0, os.environ["HEAPGRAPH_PACKAGE"])
try:
    import heapgraph
    sys.modules["heapgraph._heapgraph"].capture(%r)
    text = "written"
except ImportError as error:
    text = str(error)
with open(%r, "w") as file: file.write(text)
''' % (folder + "/other.hgs", folder + "/said")
other = interpreters.create()
interpreters.run_string(other, script)
with open(folder + "/said") as file: say(file.read())
say(look())
if sys.version_info >= (3, 12):
    script = "while True: [[] for _ in range(100)]"
    thread = threading.Thread(target=lambda: interpreters.run_string(other, script), daemon=True)
    thread.start()
    time.sleep(0.2)
    say([look()[1:] for _ in range(5)])
    sys.stdout.flush()
    os._exit(0)
"""
    said = inside(code)
    if python.minor < 12:
        assert said == ["written", WHOLE]
        return
    assert "does not support loading in subinterpreters" in said[0] and "\n" not in said[0]
    assert said[1] == WHOLE
    running = [why for consistent, why in said[2] if not consistent]
    assert running and all("another interpreter was running" in why[0] for why in running)


PRELOADED = """
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
/* Waits until somebody writes to the pipe GATE. */
int fallocate(int fd, int mode, off_t offset, off_t size)
{
	const char *gate = getenv("GATE");
	char byte;
	if (gate && read(atoi(gate), &byte, 1) < 0)
		return -1;
	errno = EOPNOTSUPP;
	return -1;
}
int fallocate64(int fd, int mode, off_t offset, off_t size) { return fallocate(fd, mode, offset, size); }
int memfd_create(const char *name, unsigned flags)
{
	errno = ENOSYS;
	return getenv("NO_MEMORY_FILE") ? -1 : (int)syscall(SYS_memfd_create, name, flags);
}
"""


@pytest.fixture
def hindered(one_python, packages, tmp_path):
    """hindered(code): as inside(), where functions of libc do what PRELOADED says."""
    def _hindered(code):
        (tmp_path / "hinder.c").write_text(PRELOADED)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "hinder.so", tmp_path / "hinder.c"],
                       check=True)
        done = subprocess.run([one_python.path, "-c", python_module.PRELUDE + code],
                              capture_output=True, text=True, timeout=120, env={
                                  **os.environ, "HEAPGRAPH_PACKAGE": str(packages(one_python)),
                                  "LD_PRELOAD": str(tmp_path / "hinder.so")})
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return _hindered


def test_other_threads_run_meanwhile(hindered):
    """Counted, not timed: each long phase is held up until another thread has run a thousand times."""
    code = BEGIN + """
ticks, turns = [0], []
def run():
    for _ in range(1000): ticks[0] += 1
def while_it_prepares():
    run()
    turns.append("prepares")
    os.write(write_end, b"x")
def while_it_walks():
    copies = []
    while not copies:
        copies = children()
    os.kill(copies[0][0], signal.SIGSTOP)
    run()
    turns.append("walks")
    os.kill(copies[0][0], signal.SIGCONT)
def both():
    while_it_prepares()
    while_it_walks()

read_end, write_end = os.pipe()
ctypes.CDLL(None).setenv(b"GATE", b"%d" % read_end, 1)
other = threading.Thread(target=both)
other.start()
capture(folder + "/gated.hgs")
other.join()
say([turns, ticks[0]])
"""
    assert hindered(code) == [[["prepares", "walks"], 2000]]


def test_searched_by_the_copy_or_from_here(hindered):
    """Where the copy cannot be asked to search its memory, that is read, and the same is found."""
    code = BEGIN + """
class Kept: pass
kept = [Kept() for _ in range(50)]
for one in kept[:20]: ctypes.pythonapi.Py_IncRef(ctypes.py_object(one))
memory = (ctypes.c_void_p * 50)(*[id(one) for one in kept])
callback = ctypes.CFUNCTYPE(None)(lambda: None)
libc = ctypes.CDLL(None)
answers = []
gc.disable()
for number in range(6):
    libc.setenv(b"NO_MEMORY_FILE", b"1", 1) if number % 2 else libc.unsetenv(b"NO_MEMORY_FILE")
    report = heapgraph.snapshot().report()
    answers.append([report["native_references"], report["findings"]])
say([answers[4] == answers[5], len(answers[5][0]) > 0])
"""
    assert hindered(code) == [[True, True]]


def test_a_worker_forked_meanwhile_writes_its_own(inside):
    code = BEGIN + """
from heapgraph.signals import _Writer
writer = _Writer(folder, 0, False)
with writer.lock:  # as a thread has it that is writing
    pid = os.fork()
    if not pid:
        writer.write("forked")
        os._exit(0)
    os.waitpid(pid, 0)
    writer.write("held")
say([[name.split("-")[1] == str(pid), name.split("-")[-1]] for name in os.listdir(folder)])
"""
    assert inside(code) == [[[True, "forked.hgs"]]]


def test_a_hundred_signals_write_one_file(inside):
    """A service answers all the while; what its handler writes is whole."""
    code = BEGIN + """
import socket
mine, theirs = socket.socketpair()
def serve():
    while True:
        asked = theirs.recv(1)
        if not asked: return
        theirs.send(asked)
server = threading.Thread(target=serve)
server.start()
def ask():
    for number in range(256):
        mine.send(bytes([number]))
        answers.append(mine.recv(1)[0])
answers = []
asker = threading.Thread(target=ask)
uninstall = heapgraph.install(signal.SIGUSR2, folder, seconds=3600)
asker.start()
for _ in range(100):
    os.kill(os.getpid(), signal.SIGUSR2)
    time.sleep(0.002)
asker.join()
mine.close()
server.join()
files = os.listdir(folder)
say([len(files), answers == list(range(256)), children()])
say(heapgraph.open(folder + "/" + files[0]).report()["capture"]["consistent"])
uninstall()
"""
    assert inside(code) == [[1, True, []], True]
