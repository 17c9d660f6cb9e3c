"""The module where something is short or forbidden: one line that says what, nothing written, nothing left."""

import os

import pytest
from test_inside import BEGIN
from test_outputs import disk

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


def test_a_disk_that_fills_up(inside, python, tmp_path):
    if python.root:
        pytest.skip("a root does not see what is mounted beside it")
    with disk(tmp_path / "small", "1m") as folder:
        said = inside(BEGIN + REFUSED + "refused(sys.argv[1] + '/a.hgs')", str(folder))[0]
        assert "No space left" in said[0] and said[2]
        assert not os.listdir(folder)


def test_near_the_limit_of_memory(inside):
    """The copy takes what the program might, not what the program has left for itself."""
    code = BEGIN + REFUSED + """
kept = [[number] for number in range(100000)]
resource.setrlimit(resource.RLIMIT_AS, (used() + (24 << 20), resource.RLIM_INFINITY))
capture(folder + "/near.hgs")
say([resource.getrlimit(resource.RLIMIT_AS)[1] == resource.RLIM_INFINITY,
     os.stat(folder + "/near.hgs").st_size > 5000000])
"""
    assert inside(code) == [[True, True]]


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
    assert "the copy of the process was killed" in said[0] and "memory" in said[1] and clean
