"""What a core lacks: pages that are in files are taken from files with the same build id, and what is
not to be had is said."""

import dataclasses
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

import tool
from agreement import agree, kernel_core, needs_gcore, same

SAMPLE = "cycle_pins_library"


@pytest.fixture(scope="session", autouse=True)
def has_gdb():
    needs_gcore()


def asleep(pid):
    """Waits until it does what it does from now on: it said "ready" just before."""
    deadline = time.monotonic() + 30
    while Path(f"/proc/{pid}/syscall").read_text().split()[0] not in ("0", "34"):  # read, pause
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def crash(sample, monkeypatch, tmp_path):
    """crash(python, coredump_filter): (what attach says, the kernel's core); the target runs in
    tmp_path/crash."""
    def _crash(python, bits=None, run=None, **options):
        folder = tmp_path / "crash"
        folder.mkdir()
        monkeypatch.chdir(folder)
        target = sample(python, SAMPLE, **options)
        if bits is not None:  # core(5)
            Path(f"/proc/{target.pid}/coredump_filter").write_text(hex(bits), encoding="utf-8")
        asleep(target.pid)
        live = run("attach", target.pid, "--json") if run else None
        return live, kernel_core(target, folder)

    return _crash


# private memory, shared memory, private and shared files, ELF headers, huge pages of both: core(5)
@pytest.mark.parametrize("bits", (0x33, 0x31, 0x7f, 0x11))
def test_filters(bits, heavy_python, crash, run):
    if heavy_python.root:
        pytest.skip("the kernel writes cores of a root's processes into the root")
    live, core = crash(heavy_python, bits, run)
    result = run("report", core, "--json")
    assert result.code == 0, (result.err, result.out[:500])
    same(live, result)


def test_filter_without_elf_headers(heavy_python, crash, run):
    """Then the core has no build ids: files are taken by name, and that is said."""
    if heavy_python.root:
        pytest.skip("the kernel writes cores of a root's processes into the root")
    live, core = crash(heavy_python, 0x21, run)
    result = run("report", core, "--json")
    assert result.code == 6
    assert "taken by name alone" in result.json["capture"]["incomplete"][0]
    result.code = live.code
    agree(live, result, "core", ("capture.incomplete",))


@pytest.mark.parametrize("bits", (0x30, 0))
def test_filter_without_memory(bits, one_python, crash, run):
    _, core = crash(one_python, bits)
    tool.assert_error(run("report", core), 5, "memory is not in it", "coredump_filter")


def build_id(path):
    done = subprocess.run(["readelf", "-n", str(path)], capture_output=True, text=True, check=True)
    return next((line.split()[-1] for line in done.stdout.splitlines() if "Build ID" in line), None)


@pytest.fixture
def own_python(heavy_python, tmp_path):
    """An interpreter that a test may change, the file that its code is in, and what it needs to start."""
    if heavy_python.root:
        pytest.skip("the kernel writes cores of a root's processes into the root")
    folder = tmp_path / "own"
    (folder / "bin").mkdir(parents=True)
    executable = Path(os.path.realpath(heavy_python.path))
    copy = folder / "bin" / executable.name
    shutil.copy(executable, copy)
    prefix = executable.parent.parent
    environment = {"PYTHONHOME": str(prefix), "LD_LIBRARY_PATH": str(folder / "lib")}
    libraries = list((prefix / "lib").glob("libpython*.so.1.0"))
    code = copy
    if libraries:
        (folder / "lib").mkdir()
        code = folder / "lib" / libraries[0].name
        shutil.copy(libraries[0], code)
    if not build_id(code):
        pytest.skip(f"{code} has no build id")
    return dataclasses.replace(heavy_python, path=str(copy)), code, environment


@pytest.fixture
def own_core(own_python, monkeypatch, start, tmp_path):
    """(its core by the kernel, the executable, the file that its code is in)"""
    python, code, environment = own_python
    folder = tmp_path / "crash"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return kernel_core(start(python, "idle.py", environment=environment), folder), python.path, code


def assert_answers(result):
    assert result.code == 0, (result.err, result.out[:500])
    assert result.json["capture"]["objects"] > 5000 and result.json["capture"]["bad_objects"] == 0


def test_stripped_since(own_core, run):
    """strip(1) leaves the build id and what is loaded."""
    core, _, code = own_core
    subprocess.run(["strip", str(code)], check=True)
    assert_answers(run("report", core, "--json"))


def test_upgraded_since(own_core, run, tmp_path):
    """Another file at the same path; the one that ran is found under --sysroot."""
    core, executable, code = own_core
    old = tmp_path / "old"
    for path in Path(executable), code:
        kept = old / path.relative_to("/")
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, kept)
    data = code.read_bytes()
    code.unlink()
    code.write_bytes(data.replace(bytes.fromhex(build_id(old / code.relative_to("/"))), bytes(20)))
    tool.assert_error(run("report", core), 5, f"{code.name} is not in it: another build",
                      "--sysroot DIR")
    for path in tmp_path / "old", os.path.relpath(old, tmp_path):
        for library in Path(executable), code:
            assert (old / library.relative_to("/")).exists()
        result = run("report", core, "--sysroot", path, "--json")  # the system's libraries are not there
        assert result.code == 6
        assert "not found" in " ".join(result.json["capture"]["incomplete"])
        assert result.json["capture"]["objects"] > 5000


def test_program_elsewhere(own_core, run, tmp_path):
    core, executable, _ = own_core
    moved = tmp_path / "moved"
    shutil.move(executable, moved)
    result = run("report", core, "--json")
    if result.code == 5:  # CPython itself is in the program
        tool.assert_error(result, 5, "not found", "--exe FILE")
    else:
        assert "not found" in result.json["capture"]["incomplete"][0]
    for path in moved, "moved", "./moved":
        assert_answers(run("report", core, "--exe", path, "--json"))
    assert "not found" in str(run("report", core, "--exe", "nowhere", "--json"))


@pytest.mark.parametrize("what", ("symbols", "half"))
def test_file_without_its_code(what, own_core, run, tmp_path):
    """Debug symbols that were split off have the build id, too."""
    core, _, code = own_core
    if what == "symbols":
        other = tmp_path / "symbols"
        subprocess.run(["objcopy", "--only-keep-debug", str(code), str(other)], check=True)
        assert build_id(other) == build_id(code)
        shutil.move(other, code)
    else:
        os.truncate(code, 1 << 20)
    tool.assert_error(run("report", core), 5, "no code in it", "--sysroot DIR")


def test_library_deleted_since(heavy_python, start, run, tmp_path, monkeypatch):
    """Deleted while it was mapped, and put back: its name in the core ends in (deleted)."""
    if heavy_python.root:
        pytest.skip("the kernel writes cores of a root's processes into the root")
    folder = tmp_path / "crash"
    folder.mkdir()
    monkeypatch.chdir(folder)
    library = folder / "libfilter.so"
    shutil.copy(next((tool.BUILD / "samples").glob("libfilter.so")), library)
    script = tmp_path / "script.py"
    script.write_text("import ctypes, sys\n"
                      f"dll = ctypes.CDLL({str(library)!r})\n"
                      "print('ready', flush=True)\nsys.stdin.read()\n", encoding="utf-8")
    target = start(heavy_python, str(script))
    library.rename(tmp_path / "kept.so")
    (tmp_path / "kept.so").unlink()
    assert f"{library.name} (deleted)" in Path(f"/proc/{target.pid}/maps").read_text() \
        or "kept.so (deleted)" in Path(f"/proc/{target.pid}/maps").read_text()
    asleep(target.pid)
    live = run("attach", target.pid, "--json")
    core = kernel_core(target, folder)
    result = run("report", core, "--json")
    assert result.code == 6
    said = result.json["capture"]["incomplete"]
    assert len(said) == 1 and "(deleted) (not found)" in said[0], said
    assert result.json["capture"]["objects"] == live.json["capture"]["objects"]
    assert result.library("libfilter.so") == live.library("libfilter.so")


def test_opening_waits_for_nothing(one_python, sample, run, tmp_path, monkeypatch):
    """A path in a core may have become a pipe: it is not opened."""
    folder = tmp_path / "crash"
    folder.mkdir()
    monkeypatch.chdir(folder)
    target = sample(one_python, SAMPLE)
    core = kernel_core(target, folder)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    begin = time.monotonic()
    result = run("report", core, "--exe", pipe, "--json")
    assert time.monotonic() - begin < 20
    assert result.code in (5, 6) and "not found" in result.err + result.out
