"""A core may come from anywhere: damaged ones are one line and exit 5, and what code one brings along
can do nothing."""

import collections
import concurrent.futures
import os
import random
import resource
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

import processes
import tool
from agreement import gcore, kernel_core
from core_mutation import HEADER, NT_FILE, NT_PRSTATUS, PHDR, Core, Mutator
from test_core import has_gdb  # noqa: F401
from test_damaged import SANITIZER, build  # noqa: F401


@pytest.fixture(scope="module")
def whole(one_python, tmp_path_factory):
    target = processes.Target(one_python, "idle.py")
    try:
        return Core(gcore(target.pid, tmp_path_factory.mktemp("whole")))
    finally:
        target.close()


class Damaged:
    """Copies of a core, one for each that works at it at a time."""

    def __init__(self, whole, build, folder, copies=1):  # noqa: F811
        self.whole, self.build, self.folder = whole, build, folder
        self.free = [folder / f"damaged-{i}.core" for i in range(copies)]
        for path in self.free:
            path.write_bytes(whole.data)

    def report(self, patches=None, length=None, verb="types"):
        """heapgraph with sanitizers on the core, changed at {offset: bytes}, or cut to a length."""
        path = self.free.pop()
        with open(path, "r+b") as file:
            for offset, data in (patches or {}).items():
                file.seek(offset)
                file.write(data)
            if length is not None:
                file.truncate(length)
        try:
            return tool.heapgraph(verb, path.name, "--json", cwd=self.folder, build=self.build,
                                  env=SANITIZER, timeout=100)
        finally:
            with open(path, "r+b") as file:
                for offset, data in (patches or {}).items():
                    file.seek(offset)
                    file.write(self.whole.data[offset:offset + len(data)])
                if length is not None:
                    file.seek(length)
                    file.write(self.whole.data[length:])
                file.truncate(len(self.whole.data))
            self.free.append(path)


@pytest.fixture
def report(build, whole, tmp_path):  # noqa: F811
    return Damaged(whole, build, tmp_path).report


def test_sound_core_is_read(report):
    result = report()
    assert result.code == 0, result.err


def test_truncated(report, whole, thorough):
    chance = random.Random(7)
    lengths = [HEADER, HEADER + 1, HEADER + PHDR, whole.notes[0], sum(whole.notes) - 1]
    lengths += [chance.randrange(HEADER, sum(whole.notes)) for _ in range(100 if thorough else 5)]
    for length in lengths:
        tool.assert_error(report(length=length), 5, "damaged-0.core", "gcore")


def test_lying_tables(report, whole):
    word = struct.Struct("<Q").pack
    first, second = whole.loads[:2]
    files, status = whole.note(NT_FILE), whole.note(NT_PRSTATUS)
    huge = word(2**64 - 4096)
    for what, patches in {
            "overlap": {second + 16: word(whole.field(first, 16))},
            "where no memory": {first + 16: word(2**47)},
            "no memory can be": {first + 40: huge},
            "memory can be": {first + 16: word(0x1001)},
            "truncated": {first + 8: word(len(whole.data))},
            "notes reach": {whole.note_header + 32: huge},
            "list of files": {files: huge},
            "not what it says": {files + 16: word(0x1001)},
            "two files": {files + 16 + 24: bytes(whole.data[files + 16:files + 32])},
            "too short": {status - 20 + 4: struct.pack("<I", 8)},
            "another machine": {18: struct.pack("<H", 183)},
            "no threads": {whole.note_header: struct.pack("<I", 0)},
    }.items():
        tool.assert_error(report(patches), 5, what)


def test_a_missing_stack_is_said(report, whole):
    """As gcore leaves it: zeros, and nothing in the tables that tells."""
    stack_pointer = whole.field(whole.note(NT_PRSTATUS), 112 + 8 * 19)  # struct elf_prstatus
    at = whole.offset_of(stack_pointer)
    result = report({at: bytes(whole.offset_of(whole.end_of(stack_pointer) - 1) - at)})
    assert result.code == 6, result.err
    assert "the stack of 1 thread is not in the core" in result.json["capture"]["incomplete"][0]


def test_names_are_only_shown(report, whole):
    """What a core calls its files does nothing to a terminal, and does not end the line."""
    count = whole.field(whole.note(NT_FILE), 0)
    at, patches = whole.note(NT_FILE) + 16 + 24 * count, {}
    for _ in range(count):
        patches[at + 1] = b"\x1b[2J\n"
        at = whole.data.index(b"\0", at) + 1
    result = report(patches)
    tool.assert_error(result, 5, r"the code of /\x1b[2J\n")
    assert "\x1b" not in result.err


@pytest.fixture(scope="module")
def mutator(whole, build, tmp_path_factory):  # noqa: F811
    folder = tmp_path_factory.mktemp("mutator")
    known = tool.heapgraph("report", whole.path, "-o", folder / "whole.hgs", "--json", cwd=folder,
                           build=build)
    assert known.code == 0, known.err
    return Mutator(whole, folder / "whole.hgs", known.json)


def works_in(pid, folder):
    try:
        return os.readlink(f"/proc/{pid}/cwd") == str(folder)
    except OSError:
        return False


def check(seed, kind, result):
    """An answer, or one line and a remedy, whatever the core holds."""
    told = (seed, kind, result.code, result.err[-3000:])
    if result.code in (3, 5):
        tool.assert_error(result, result.code, "", "")
    else:
        assert result.code in (0, 6) and result.err == "", told
        assert result.json["capture"]["method"] == "core", told


def test_mutations(mutator, whole, build, tmp_path, thorough):  # noqa: F811
    """Nothing of ours breaks, nothing takes long or much memory, no process is left."""
    workers = len(os.sched_getaffinity(0))
    damaged = Damaged(whole, build, tmp_path, workers)

    def one(seed):
        kind, patches = mutator.mutation(seed)
        result = damaged.report(patches, verb="handles" if seed % 5 else "types")
        check(seed, kind, result)
        return kind, result.code

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        seen = collections.Counter(pool.map(one, range(2000 if thorough else 300)))
    assert {kind for kind, _ in seen} == set(mutator.kinds)
    assert {code for _, code in seen} == {0, 3, 5, 6}, seen
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2 << 20
    assert not [pid for pid in processes.all_pids() if works_in(pid, tmp_path)]


PLACE = 0x1122334455667788
RUNS_CODE = """
import ctypes, mmap, sys
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex(sys.argv[1]))
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
print(ctypes.CFUNCTYPE(ctypes.c_long)(address)())
"""


def traverse(folder, *definitions):
    """The bytes of hostile_traverse.c."""
    if not shutil.which("gcc"):
        pytest.skip("gcc is not installed")
    flat = folder / "traverse.bin"
    subprocess.run(["gcc", "-O2", "-fPIE", "-ffreestanding", "-fno-stack-protector", "-nostdlib",
                    "-fcf-protection=none", "-fno-asynchronous-unwind-tables", "-static",
                    "-Wl,--oformat=binary,-N,-Ttext=0,-e,traverse,--build-id=none",
                    "-Wall", "-Werror", *(f"-D{one}" for one in definitions),
                    str(Path(__file__).with_name("hostile_traverse.c")), "-o", str(flat)], check=True)
    return flat.read_bytes()


@pytest.fixture(scope="module")
def with_code(one_python, tmp_path_factory):
    """A core that has the code of its libraries in it, and where functions' tp_traverse lies."""
    folder = tmp_path_factory.mktemp("code")
    script = folder / "traverse.py"
    # PyTypeObject.tp_traverse: word 23 in every version
    script.write_text("""
import ctypes, os, sys
os.chdir(os.path.dirname(__file__))
print("ready", flush=True)
print(ctypes.c_void_p.from_address(id(type(lambda: 0)) + 8 * 23).value, flush=True)
sys.stdin.read()
""", encoding="utf-8")
    target = processes.Target(one_python, str(script))
    try:
        address = int(target.line())
        # core(5): all that is mapped, files too
        Path(f"/proc/{target.pid}/coredump_filter").write_text("0x7f", encoding="utf-8")
        core = Core(kernel_core(target, folder))
    finally:
        target.close()
    return core, core.offset_of(address)


@pytest.fixture
def hostile(with_code, tmp_path):
    """hostile(code): the core, with that code for functions' tp_traverse."""
    core, at = with_code
    path = tmp_path / "hostile.core"

    def _hostile(code):
        data = bytearray(core.data)
        data[at:at + len(code)] = code
        path.write_bytes(data)
        return path

    return _hostile


def says_alone(code):
    """What the code returns where nothing keeps it from what it does."""
    done = subprocess.run([sys.executable, "-c", RUNS_CODE, code.hex()], check=True,
                          capture_output=True, text=True)
    return int(done.stdout)


def assert_no_right(result):
    """Each function was a fault, and nothing else happened."""
    assert result.code == 6, result.err
    assert result.json["capture"]["bad_objects"] > 100
    assert "could not be visited" in " ".join(result.json["capture"]["incomplete"])


def test_code_creates_no_file(hostile, run, tmp_path):
    trace = tmp_path / "was-here"
    act = f'CREATE_FILE="{trace}"'
    says_alone(traverse(tmp_path, act, "ALONE"))
    assert trace.exists(), "the code does what it is to do, where it may"
    trace.unlink()
    assert_no_right(run("types", hostile(traverse(tmp_path, act)), "--json"))
    assert not trace.exists()


@pytest.mark.parametrize("call", (
    "SYS_socket, AF_INET, SOCK_STREAM, 0, 0, 0", "SYS_kill, 0, 0, 0, 0, 0",
    "SYS_ptrace, 0, 0, 0, 0, 0", "SYS_process_vm_writev, 1, 0, 0, 0, 0", "SYS_getpid, 0, 0, 0, 0, 0",
    "SYS_pipe2, -64 + (long)__builtin_frame_address(0), 0, 0, 0, 0", "SYS_brk, 0, 0, 0, 0, 0",
    "SYS_mmap, 0, 4096, 3, MAP_SHARED | MAP_ANONYMOUS, -1", "SYS_mprotect, 0, 0, 0, 0, 0",
    "SYS_mmap, 0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1",
    "SYS_madvise, 0, 0, MADV_DONTNEED, 0, 0"))
def test_code_makes_no_other_call(call, hostile, run, tmp_path):
    act = f"OTHER_CALL={call}"
    assert says_alone(traverse(tmp_path, act, "ALONE")) >= 0
    assert_no_right(run("types", hostile(traverse(tmp_path, act)), "--json"))


@pytest.mark.parametrize("act", ("FORK", "CALL_OF_32_BITS", "MEMORY_OVER_OTHERS"))
def test_code_finds_no_way_around(act, hostile, run, tmp_path):
    assert_no_right(run("types", hostile(traverse(tmp_path, act)), "--json"))


def test_code_forges_no_columns(hostile, run, tmp_path):
    """It can say that the walk is done, and where its results are; not more than a walk can have."""
    code = traverse(tmp_path, f"FORGES_COLUMNS={2**40}")
    tool.assert_error(run("types", hostile(code)), 5, "changed what the walk recorded")
    code = traverse(tmp_path, "FORGES_COLUMNS=64")
    tool.assert_error(run("types", hostile(code)), 5, "hostile.core")


def test_code_scrambles_what_the_walk_recorded(hostile, build, tmp_path, thorough):  # noqa: F811
    """It is read with distrust: an answer or one line, and no sanitizer has anything to say."""
    code = traverse(tmp_path, f"SCRAMBLES={hex(PLACE)}u")
    assert code.count(struct.pack("<Q", PLACE)) == 1
    codes = collections.Counter()
    for seed in range(1, 300 if thorough else 16):
        start = struct.pack("<Q", seed * 0x9e3779b97f4a7c15 % 2**64)
        path = hostile(code.replace(struct.pack("<Q", PLACE), start))
        result = tool.heapgraph("handles" if seed % 2 else "report", path.name, "--json", "-f", "-o",
                                "x.json", cwd=tmp_path, build=build, env=SANITIZER, timeout=100)
        check(seed, "columns", result)
        codes[result.code] += 1
    assert set(codes) <= {0, 5, 6} and codes[5], codes


@pytest.mark.parametrize("act,said", (("FOR_EVER", "stands still at one object"),
                                      ("MEMORY_FOR_EVER", "stands still at one object"),
                                      ("FAULTS_FOR_EVER", "took too long")))
def test_code_does_not_go_on_for_ever(act, said, hostile, run, tmp_path, thorough):
    if act != "MEMORY_FOR_EVER" and not thorough:
        pytest.skip("takes 6 to 12 seconds; --thorough")
    path = hostile(traverse(tmp_path, act))
    begin = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    tool.assert_error(run("types", path), 5, said)
    assert time.monotonic() - begin < 30
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < max(before, 3 << 20)
