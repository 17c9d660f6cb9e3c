"""The module in programs that do something else at the same time: nothing of theirs is lost, nothing of
its own is left, wherever it is called from."""

import contextlib
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


def test_nothing_is_left_of_many(inside, count):
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


GATE = """
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
int fallocate(int fd, int mode, off_t offset, off_t size)
{
	char byte;
	const char *gate = getenv("GATE");
	if (gate && read(atoi(gate), &byte, 1) < 0)
		return -1;
	errno = EOPNOTSUPP;
	return -1;
}
int fallocate64(int fd, int mode, off_t offset, off_t size) { return fallocate(fd, mode, offset, size); }
"""


def test_other_threads_run_meanwhile(one_python, packages, tmp_path):
    """Counted, not timed: each long phase is held up until another thread has run a thousand times."""
    library = tmp_path / "gate.so"
    (tmp_path / "gate.c").write_text(GATE)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "gate.c"], check=True)
    code = BEGIN + """
ticks, turns = [0], []
def run():
    for _ in range(1000): ticks[0] += 1
def while_it_prepares():
    run()
    turns.append("prepares")
    os.write(write_end, b"x")
def while_it_walks():
    before = ticks[0]
    copies = []
    while not copies:
        copies = children()
    os.kill(copies[0][0], signal.SIGSTOP)
    run()
    turns.append("walks")
    os.kill(copies[0][0], signal.SIGCONT)

read_end, write_end = os.pipe()
os.environ["GATE"] = str(read_end)
ctypes.CDLL(None).setenv(b"GATE", b"%d" % read_end, 1)
def both():
    while_it_prepares()
    while_it_walks()
other = threading.Thread(target=both)
other.start()
capture(folder + "/gated.hgs")
other.join()
say([turns, ticks[0]])
"""
    done = subprocess.run([one_python.path, "-c", python_module.PRELUDE + code], capture_output=True,
                          text=True, timeout=120, env={
                              **os.environ, "HEAPGRAPH_PACKAGE": str(packages(one_python)),
                              "LD_PRELOAD": str(library)})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [["prepares", "walks"], 2000]


def test_a_copy_that_is_killed(inside):
    """As the kernel kills it where memory is short."""
    code = BEGIN + REFUSED + """
def kill():
    copies = []
    while not copies:
        copies = children()
    os.kill(copies[0][0], signal.SIGKILL)
gc.disable()
kept = [[number] for number in range(300000)]
other = threading.Thread(target=kill)
before = left()
other.start()
refused(folder + "/killed.hgs")
other.join()
say(left() == before)
"""
    said, clean = inside(code)
    assert "the copy was killed" in said[0] and "memory" in said[1] and clean


# Each is one line that says what is in the way; nothing is written, nothing is left.
REFUSED = """
import resource
def refused(path, limit=resource.RLIMIT_CORE, value=0):
    before, said = left(), ["written", ""]
    soft, hard = resource.getrlimit(limit)
    resource.setrlimit(limit, (value, hard))
    try:
        capture(path)
    except heapgraph.Error as error:
        said = [error.message, error.hint or ""]
    resource.setrlimit(limit, (soft, hard))
    say(said + [left() == before])
def at_most(memory): resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
def used():
    with open("/proc/self/statm") as file: return int(file.read().split()[0]) * 4096
def nobody():
    os.setgid(65534); os.setuid(65534)
"""
WAYS = {
    "exists": ("open(folder + '/a.hgs', 'w').close(); refused(folder + '/a.hgs')", "it exists", "force=True"),
    "folder": ("refused(folder + '/none/a.hgs')", "No such file", "mkdir -p"),
    "suffix": ("refused(folder + '/a.txt')", "does not say what", ".hgs"),
    "read-only": ("os.chmod(folder, 0o555); nobody(); refused(folder + '/a.hgs')", "Permission denied",
                  "may write to"),
    "processes": ("nobody(); refused(folder + '/a.hgs', resource.RLIMIT_NPROC, 1)",
                  "cannot copy the process", "ulimit -u"),
    "memory": ("at_most(used() + (6 << 20)); refused(folder + '/a.hgs')",
               "Cannot allocate memory", "ulimit -v"),
    "size": ("refused(folder + '/a.hgs', resource.RLIMIT_FSIZE, 100 << 10)", "File too large", ""),
    "descriptors": ("refused(folder + '/a.hgs', resource.RLIMIT_NOFILE, 4)", "Too many open files", ""),
}


@pytest.mark.parametrize("way", WAYS)
def test_refused_in_one_line(inside, way):
    act, message, hint = WAYS[way]
    if os.geteuid() != 0 and "nobody" in act:
        pytest.skip("becoming another user needs root")
    said, advice, clean = inside(BEGIN + REFUSED + act)[0]
    assert message in said and "\n" not in said
    assert hint in advice
    assert clean, "nothing is left"


@contextlib.contextmanager
def small_disk(folder):
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
            capture_output=True).returncode:
        pytest.skip("mounting a small file system is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_fills_up(inside, python, tmp_path):
    with small_disk(tmp_path / "small") as folder:
        said = inside(BEGIN + REFUSED + "refused(sys.argv[1] + '/a.hgs')", str(folder))[0]
        assert "No space left" in said[0] and said[2]
        assert not os.listdir(folder)


def test_near_the_limit_of_memory(inside):
    """The copy takes what the program might, not what the program has left for itself."""
    code = BEGIN + REFUSED + """
kept = [[number] for number in range(100000)]
resource.setrlimit(resource.RLIMIT_AS, (used() + (24 << 20), -1))
capture(folder + "/near.hgs")
say([resource.getrlimit(resource.RLIMIT_AS)[1], os.stat(folder + "/near.hgs").st_size > 5000000])
"""
    assert inside(code) == [[-1, True]]


def test_a_service_that_gave_up_its_rights(inside):
    """After setuid() a process is not dumpable: nobody may look into it, its own copy included."""
    if os.geteuid() != 0:
        pytest.skip("becoming another user needs root")
    code = BEGIN + """
os.setgid(65534); os.setuid(65534)
dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)  # PR_GET_DUMPABLE
capture(folder + "/own.hgs")
say([dumpable, ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), os.stat(folder + "/own.hgs").st_mode & 0o777,
     os.stat(folder + "/own.hgs").st_size > 100000, children()])
"""
    assert inside(code) == [[0, 0, 0o600, True, []]]


def test_a_worker_forked_meanwhile_writes_its_own(inside):
    code = BEGIN + """
from heapgraph.signals import _Writer
writer = _Writer(folder, 0, False)
with writer.lock:  # as a thread has it that is writing
    pid = os.fork()
    if not pid:
        path = writer.write("forked")
        os._exit(0 if path and "-%d-" % os.getpid() in path.name else 1)
    say([os.WEXITSTATUS(os.waitpid(pid, 0)[1]), writer.write("held")])
"""
    assert inside(code) == [[0, None]]


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
