"""A core may come from anywhere: damaged ones are one line and exit 5, and what code one brings along
can do nothing."""

import os
import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import tool
from agreement import gcore, kernel_core
from test_core import has_gdb  # noqa: F401
from test_damaged import SANITIZER, build  # noqa: F401

PT_LOAD, PT_NOTE = 1, 4
HEADER, PHDR = 64, 56
NT_PRSTATUS, NT_FILE, NT_AUXV = 1, 0x46494c45, 6


class Core:
    """The bytes of a core, and where its tables lie."""

    def __init__(self, path):
        self.path = path
        self.data = bytearray(path.read_bytes())
        count, = struct.unpack_from("<H", self.data, 56)
        offset, = struct.unpack_from("<Q", self.data, 32)
        self.headers = [offset + PHDR * i for i in range(count)]
        self.loads = [at for at in self.headers if self.field(at, 0, "I") == PT_LOAD]
        self.note_header, = [at for at in self.headers if self.field(at, 0, "I") == PT_NOTE]
        self.notes = (self.field(self.note_header, 8), self.field(self.note_header, 32))

    def field(self, at, offset, kind="Q"):
        return struct.unpack_from("<" + kind, self.data, at + offset)[0]

    def note(self, wanted):
        """Offset of a note's contents."""
        at, end = self.notes[0], sum(self.notes)
        while at < end:
            name, size, kind = struct.unpack_from("<III", self.data, at)
            contents = at + 12 + (name + 3) // 4 * 4
            if kind == wanted:
                return contents
            at = contents + (size + 3) // 4 * 4
        raise LookupError(wanted)

    def offset_of(self, address):
        """Where the byte at an address of the process lies in the file."""
        for at in self.loads:
            start, stored = self.field(at, 16), self.field(at, 32)
            if start <= address < start + stored:
                return self.field(at, 8) + address - start
        raise LookupError(hex(address))


@pytest.fixture(scope="module")
def whole(one_python, tmp_path_factory):
    import processes
    target = processes.Target(one_python, "idle.py")
    try:
        return Core(gcore(target.pid, tmp_path_factory.mktemp("whole")))
    finally:
        target.close()


@pytest.fixture
def report(build, whole, tmp_path):  # noqa: F811
    """report(patches, length): heapgraph with sanitizers on the core, changed at {offset: bytes}."""
    path = tmp_path / "damaged.core"
    path.write_bytes(whole.data)

    def _report(patches=None, length=None):
        with open(path, "r+b") as file:
            for offset, data in (patches or {}).items():
                file.seek(offset)
                file.write(data)
            if length is not None:
                file.truncate(length)
        try:
            return tool.heapgraph("types", path.name, "--json", cwd=tmp_path, build=build,
                                  env=SANITIZER, timeout=100)
        finally:
            if length is not None:
                path.write_bytes(whole.data)
            else:
                with open(path, "r+b") as file:
                    for offset, data in (patches or {}).items():
                        file.seek(offset)
                        file.write(whole.data[offset:offset + len(data)])

    return _report


def test_sound_core_is_read(report):
    result = report()
    assert result.code == 0, result.err


def test_truncated(report, whole, thorough):
    chance = random.Random(7)
    lengths = [HEADER, HEADER + 1, HEADER + PHDR, whole.notes[0], sum(whole.notes) - 1]
    lengths += [chance.randrange(HEADER, sum(whole.notes)) for _ in range(100 if thorough else 5)]
    for length in lengths:
        tool.assert_error(report(length=length), 5, "damaged.core", "gcore")


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


def mutation(whole, chance):
    """{offset: bytes}: some bits, bytes or words, mostly where the core says what it is."""
    areas = [(0, HEADER), (whole.headers[0], PHDR * len(whole.headers)), whole.notes,
             (HEADER, len(whole.data) - HEADER)]
    start, size = chance.choice(areas)
    patches = {}
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        at = start + chance.randrange(size - 8)
        patches[at] = chance.choice((
            bytes([whole.data[at] ^ 1 << chance.randrange(8)]), bytes(8), b"\xff" * 8,
            bytes([chance.randrange(256)]), chance.randbytes(8),
            struct.pack("<Q", chance.choice(whole.loads)),
            struct.pack("<Q", whole.field(chance.choice(whole.loads), 16))))
    return patches


def test_mutations(report, whole, thorough):
    """Whatever it holds: an answer, or one line and a hint; nothing of ours breaks, nothing is left."""
    codes = {}
    for seed in range(2000 if thorough else 60):
        patches = mutation(whole, random.Random(seed))
        result = report(patches)
        assert result.code in (0, 3, 5, 6), (seed, result.code, result.err[-3000:])
        if result.code in (3, 5):
            tool.assert_error(result, result.code, "")
        else:
            assert result.err == "", (seed, result.err)
        codes[result.code] = codes.get(result.code, 0) + 1
    assert codes.get(5) and codes.get(0), codes


# A tp_traverse of the core's own: open(path, O_CREAT | O_WRONLY, 0600), then it returns 0.
CREATES_FILE = bytes.fromhex(
    "b802000000"          # mov eax, 2 (open)
    "488d3d11000000"      # lea rdi, [rip + 17]
    "be41000000"          # mov esi, O_CREAT | O_WRONLY
    "ba80010000"          # mov edx, 0600
    "0f05"                # syscall
    "31c0" "c3"           # xor eax, eax; ret
    "9090")               # the path follows
FOR_EVER = b"\xeb\xfe"    # jmp to itself
RUNS_CODE = """
import ctypes, mmap, sys
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex(sys.argv[1]))
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
ctypes.CFUNCTYPE(ctypes.c_int)(address)()
"""


@pytest.fixture(scope="module")
def with_code(one_python, tmp_path_factory):
    """A core that has the code of its libraries in it, and where functions' tp_traverse lies."""
    import processes
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


def test_code_of_a_core_has_no_rights(with_code, run, tmp_path):
    core, at = with_code
    trace = tmp_path / "was-here"
    code = CREATES_FILE + os.fsencode(trace) + b"\0"
    subprocess.run([sys.executable, "-c", RUNS_CODE, code.hex()], check=True)
    assert trace.exists(), "the code does what it is to do, where it may"
    trace.unlink()
    hostile = tmp_path / "hostile.core"
    data = bytearray(core.data)
    data[at:at + len(code)] = code
    hostile.write_bytes(data)
    result = run("types", hostile, "--json")
    assert not trace.exists()
    assert result.code == 6, result.err
    assert result.json["capture"]["bad_objects"] > 100, "each function was a fault"
    assert "could not be visited" in " ".join(result.json["capture"]["incomplete"])


def test_code_that_never_returns(with_code, run, tmp_path, thorough):
    if not thorough:
        pytest.skip("takes 30 seconds; --thorough")
    core, at = with_code
    hostile = tmp_path / "hostile.core"
    data = bytearray(core.data)
    data[at:at + len(FOR_EVER)] = FOR_EVER
    hostile.write_bytes(data)
    tool.assert_error(run("types", hostile), 5, "stands still at one object")
