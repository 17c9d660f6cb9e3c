"""What the module gives: answers to go through and to keep, and errors of one line, whatever the process is
like that asks."""

BEGIN = """
import pathlib, signal, tempfile
tempfile.tempdir = tempfile.mkdtemp()
class Proc: pass
kept = [Proc() for _ in range(3)]

def said(call):
    try:
        return repr(call())
    except heapgraph.Error as error:
        assert len(str(error).splitlines()) == 1
        return [error.message, error.hint, error.code]
"""

LEAK = """
import ctypes
for _ in range(3): ctypes.CDLL(os.environ["HEAPGRAPH_BUILD"] + "/samples/libfilter.so")
"""


def test_rows(inside):
    code = BEGIN + """
nothing = heapgraph.findings()
say([bool(nothing), len(nothing), list(nothing), nothing == [], repr(nothing)])
""" + LEAK + """
found = heapgraph.findings()
say([bool(found), found[0].code, [one.code for one in found], found[0]["advice"] == found[0].advice])
say([repr(found).splitlines()[0], len(found) == len(found.to_dict()["findings"])])
why = heapgraph.why_alive(kept[0])
say([len(why), why[0].type, why["objects"][0].chains[0].path, why == why, why == heapgraph.handles()])
say([one.type for one in heapgraph.snapshot().types("type=__main__.Proc")])
say([hasattr(why[0], "nonsense"), "chains" in dir(why[0])])
say(json.loads(json.dumps(why.to_dict())) == why.to_dict())
say(said(lambda: heapgraph.handles().text(verbose=True)).count("libc.so"))
"""
    empty, full, text, why, types, names, plain, verbose = inside(code)
    assert empty == [False, 0, [], True, "nothing found"]
    assert full == [True, "leaked-open", ["leaked-open"], True]
    assert text == ["ERROR    libfilter.so: 3 opens that no Python object owns (leaked-open)", True]
    assert why == [1, "__main__.Proc", "__main__.kept[0]", True, False]
    assert types == ["__main__.Proc"] and names == [False, True] and plain is True and verbose > 0


def test_references_read_well(inside):
    code = BEGIN + """
say(repr(heapgraph.refcount(kept[0])).splitlines())
say(heapgraph.refcount(None).counted if sys.version_info >= (3, 12) else None)
say(heapgraph.snapshot().refcount("__main__.kept[0]").counted)
"""
    text, immortal, counted = inside(code)
    assert text[0] == "__main__.Proc is referred to 1 times, 0 of them by nothing that was found"
    assert text[1].startswith("  [0]  of list 0x") and len(text) == 2
    assert immortal is None and counted == 1


def test_an_answer_is_about_its_snapshot(inside):
    """However the process goes on: objects, working directory, a forked child."""
    code = BEGIN + """
taken = heapgraph.snapshot("here.hgs")
answer = taken.why("__main__.kept[0]")
kept.clear()
os.chdir("/")
say(answer[0].chains[0].path)
mine = heapgraph.snapshot().report()
if os.fork() == 0:
    del mine, taken, answer  # a copy of the objects, not of the file
    sys.exit()
os.wait()
say("Proc" in repr(mine) or "python" in repr(mine))
path = mine._snapshots[0].path
say(os.path.exists(path))
del mine
say([os.path.exists(path), os.listdir(tempfile.tempdir)])
held = heapgraph.snapshot()
"""
    path, _, there, gone = inside("os.chdir(__import__('tempfile').mkdtemp())" + code)
    assert path == "__main__.kept[0]" and there is True and gone == [False, []]


def test_nothing_is_left_at_exit(inside, tmp_path):
    inside("import tempfile; tempfile.tempdir = sys.argv[1]\nheld = heapgraph.snapshot()\n"
           "answer = heapgraph.report(); repr(answer); answer._repr_html_()", str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_errors_are_one_line(inside, tmp_path):
    code = BEGIN + """
from heapgraph import command
import resource
taken = heapgraph.snapshot()
why = lambda: heapgraph.why_alive(kept)
say(said(lambda: taken.why("no such")))
say(said(lambda: taken.why("--help")))
say(said(lambda: heapgraph.open("/nonexistent.hgs")))
say(said(lambda: heapgraph.snapshot("x.txt")))
tempfile.tempdir = "/nonexistent"
say(said(why))
tempfile.tempdir = "/tmp"
program, command.PROGRAM = command.PROGRAM, pathlib.Path("/nonexistent/heapgraph")
say(said(why))
command.PROGRAM = pathlib.Path(sys.argv[1])
say(said(why))
command.PROGRAM = program
limit = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) - 1, limit[1]))
say(said(lambda: taken.why("__main__.kept").text()))
resource.setrlimit(resource.RLIMIT_NOFILE, limit)
say(said(why)[:4])
"""
    told = inside(code, command_that(tmp_path, "kill -SEGV $$"))
    assert told[0][0] == "no object 'no such' in the snapshot"
    assert told[1][0] == "'--help' selects no object"
    assert told[2][0] == "cannot open /nonexistent.hgs: No such file or directory"
    assert told[3] == ["cannot write x.txt: a snapshot's name ends in .hgs", "name it FILE.hgs", 2]
    assert told[4][1] == "set TMPDIR, or give the snapshot a path"
    assert told[5][0] == "cannot run /nonexistent/heapgraph: No such file or directory"
    assert told[6] == ["the heapgraph command was ended by SIGSEGV", None, 1]
    assert "Too many open files" in told[7][0] and "ulimit -n" in told[7][1]
    assert told[8] == "list"


def command_that(folder, line):
    path = folder / "heapgraph"
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)
    return str(path)


def test_the_program_does_not_notice(inside):
    """No SIGCHLD, nothing for who waits for any child, no descriptor, no process left."""
    code = BEGIN + """
seen, stop = [], []
signal.signal(signal.SIGCHLD, lambda *event: seen.append(event))

def reap():
    while not stop:
        try:
            seen.append(os.waitpid(-1, os.WNOHANG))
        except ChildProcessError:
            pass

before = sorted(os.listdir("/proc/self/fd"))
thread = threading.Thread(target=reap); thread.start()
told = [repr(heapgraph.why_alive(kept)).splitlines()[0] for _ in range(3)]
error = said(lambda: heapgraph.snapshot().why("no such"))
after = sorted(os.listdir("/proc/self/fd"))
stop.append(1); thread.join()
say([told, error[0], seen, before == after])
say(pathlib.Path("/proc/self/task/%d/children" % os.getpid()).read_text())
"""
    (told, error, seen, same), children = inside(code)
    assert told == ["list"] * 3 and error == "no object 'no such' in the snapshot"
    assert seen == [] and same is True and children == ""


def test_in_a_daemon(inside):
    """Standard descriptors closed, SIGCHLD ignored, all signals blocked, no environment, no folder."""
    code = BEGIN + """
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
out = os.dup(1)
for fd in 0, 1, 2: os.close(fd)
os.environ.clear()
folder = tempfile.mkdtemp(); os.chdir(folder); os.rmdir(folder)
line = repr(heapgraph.why_alive(kept)).splitlines()[0]
os.write(out, json.dumps(line).encode())
os._exit(0)
"""
    assert inside(code) == ["list"]


def test_a_pipe_ends_and_a_signal_ends_it(inside, tmp_path):
    """While the command runs, nothing else holds the program's pipes; what a handler raises ends it."""
    code = BEGIN + """
from heapgraph import command
command.PROGRAM = pathlib.Path(sys.argv[1])
taken = heapgraph.snapshot()
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a script runs with &
read, write = os.pipe()
os.set_inheritable(write, True)
def end():
    time.sleep(0.5); os.close(write)
    os.read(read, 1)  # b"": the end, and no earlier than the command
    ended.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)
ended = []
threading.Thread(target=end).start()
try:
    taken.report().text()
except KeyboardInterrupt:
    say(time.monotonic() - ended[0] < 10)
"""
    assert inside(code, command_that(tmp_path, "sleep 60")) == [True]
