"""heapgraph.install(): a service that writes its own snapshots, and goes on as if nothing had happened."""

BEGIN = """
import glob, signal, stat
folder = sys.argv[1]
class Proc: pass

def files(why="signal"):
    return sorted(glob.glob(folder + "/heapgraph-*-" + why + ".hgs"))

def ring(number=signal.SIGUSR2):
    os.kill(os.getpid(), number)
    for _ in range(1000): pass  # a handler runs between two bytecodes

def refused(call):
    try:
        call()
    except heapgraph.Error as error:
        return [error.message, error.hint]
"""


def test_what_is_interrupted_keeps(inside, tmp_path):
    code = BEGIN + """
os.umask(0)
heapgraph.install(signal.SIGUSR2, folder, seconds=0)
def work():
    mine = Proc()
    ring()
    return mine
work()
why = heapgraph.open(files()[0]).why("type:__main__.Proc")[0]
say([why.only_asker, why.chains[0].path.split(":")[0], stat.S_IMODE(os.stat(files()[0]).st_mode)])
for _ in range(3): ring()
say(len(files()))
"""
    (only, path, mode), count = inside(code, str(tmp_path))
    assert only is False and mode == 0o600
    assert path in ("local mine in work", "local number in ring")
    assert count == 4, "of one second, too"


def test_put_back(inside, tmp_path):
    code = BEGIN + """
heard = []
hooks = [sys.excepthook, threading.excepthook]
first = heapgraph.install(signal.SIGUSR2, folder, seconds=0, on_memory_error=True, at_exit=True)
second = heapgraph.install(signal.SIGUSR2, folder, seconds=0, on_memory_error=True)
first()  # whose place is taken: nothing to take back
ring()
say(len(files()))
second(); second()
say([signal.getsignal(signal.SIGUSR2) == signal.SIG_DFL, hooks == [sys.excepthook, threading.excepthook]])
signal.signal(signal.SIGUSR2, lambda *event: heard.append(1))
say(refused(lambda: heapgraph.install(signal.SIGUSR2, folder)))
ring()
say(heard)
third = heapgraph.install(signal.SIGUSR1, folder)
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
third()
say(signal.getsignal(signal.SIGUSR1) == signal.SIG_IGN)
"""
    count, back, refused, heard, kept = inside(code, str(tmp_path))
    assert count == 1 and back == [True, True] and heard == [1] and kept is True
    assert refused[0].startswith("SIGUSR2 has a handler already: ") and refused[1] == "give another signal"
    assert not list(tmp_path.glob("*-exit.hgs"))


def test_refused_or_said(inside, tmp_path):
    code = BEGIN + """
say(refused(lambda: heapgraph.install(signal.SIGUSR2, "/nonexistent")))
told = []
thread = threading.Thread(target=lambda: told.append(refused(
    lambda: heapgraph.install(signal.SIGUSR2, folder))))
thread.start(); thread.join()
say(told[0])
import io, shutil
heapgraph.install(signal.SIGUSR2, folder, seconds=3600)
shutil.rmtree(folder)
sys.stderr = io.StringIO()
ring()
say(sys.stderr.getvalue())
sys.stderr = None
ring()
os.mkdir(folder)
ring()
say(len(files()))
"""
    (tmp_path / "folder").mkdir()
    missing, thread, gone, count = inside(code, str(tmp_path / "folder"))
    assert missing == ["no such folder: /nonexistent", "mkdir -p /nonexistent"]
    assert thread[1] == "call heapgraph.install() in the main thread"
    assert gone.startswith("heapgraph: no snapshot: cannot write ") and len(gone.splitlines()) == 1
    assert count == 1, "what failed does not count as written"


def test_forked_workers(inside, tmp_path):
    """Installed before the fork, as a server that forks its workers does; each at its exit as well."""
    code = BEGIN + """
heapgraph.install(signal.SIGUSR2, folder, seconds=3600, at_exit=True)
ring()
workers = []
for _ in range(2):
    pid = os.fork()
    if not pid:
        ring()
        sys.exit()
    workers.append(pid)
for pid in workers: os.waitpid(pid, 0)
named = lambda why: sorted(int(os.path.basename(file).split("-")[1]) for file in files(why))
say([named("signal") == sorted([os.getpid(), *workers]), named("exit") == sorted(workers)])
"""
    assert inside(code, str(tmp_path)) == [[True, True]]
    assert len(list(tmp_path.glob("*-exit.hgs"))) == 3


def test_memory_that_is_really_short(inside, tmp_path):
    """Lists of 80 kB until there is no room for one, in the main thread and in another; limits are put back."""
    code = BEGIN + """
import resource
thread = threading.Thread(target=int)
thread.start(); thread.join()  # CPython 3.8 loads libgcc_s where a thread ends
heapgraph.install(folder=folder, on_memory_error=True, seconds=0)
size = int(open("/proc/self/statm").read().split()[0]) * 4096
_, hard = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (size + (64 << 20), hard))
sys.stderr = open(os.devnull, "w")

def work():
    mine = []
    while True: mine.append([0] * 10000)

thread = threading.Thread(target=work)
thread.start(); thread.join()
say([len(files("memory")), resource.getrlimit(resource.RLIMIT_AS)[0] == size + (64 << 20)])
try:
    work()
except MemoryError:
    sys.excepthook(*sys.exc_info())
say(len(files("memory")))
resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
say(heapgraph.open(files("memory")[0]).types("type=list")[0].count > 500)
"""
    assert inside(code, str(tmp_path)) == [[1, True], 2, True]
