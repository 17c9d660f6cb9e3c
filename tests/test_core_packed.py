"""Compressed cores, as systemd-coredump keeps them: read, refused in one line, and nothing left behind."""

import os
import shutil
import signal
import subprocess
import time

import pytest

import processes
import systemd_coredump
import tool
from agreement import gcore, needs_gcore, same

PACKERS = ("zstd", "lz4")
GIGABYTE = 1 << 30


@pytest.fixture(scope="session", autouse=True)
def has_gdb():
    needs_gcore()


def pack(packer, path):
    if not shutil.which(packer):
        pytest.skip(f"{packer} is not installed")
    packed = path.with_suffix(".packed")
    subprocess.run([packer, "-q", "-f", str(path), "-o" if packer == "zstd" else "-z", str(packed)],
                   check=True)
    return packed


@pytest.fixture(scope="module")
def core(one_python, tmp_path_factory):
    target = processes.Target(one_python, "idle.py")
    try:
        return gcore(target.pid, tmp_path_factory.mktemp("packed"))
    finally:
        target.close()


@pytest.fixture(scope="module")
def bomb(core, tmp_path_factory):
    """bomb(byte, gigabytes): a core behind whose end, compressed, so much of that byte follows."""
    folder = tmp_path_factory.mktemp("bomb")
    made = pack("zstd", core).read_bytes()

    def _bomb(byte, gigabytes):
        one = folder / "one"
        with open(one, "wb") as file:
            writer = subprocess.Popen(["zstd", "-q", "-c"], stdin=subprocess.PIPE, stdout=file)
            for _ in range(64):
                writer.stdin.write(byte * (GIGABYTE // 64))
            writer.stdin.close()
            assert writer.wait() == 0
        path = folder / f"bomb-{byte.hex()}.zst"
        path.write_bytes(made + one.read_bytes() * gigabytes)
        return path

    return _bomb


@pytest.mark.parametrize("packer", PACKERS)
def test_compressed_cores(packer, heavy_python, sample, run, tmp_path):
    target = sample(heavy_python, "cycle_pins_library")
    result = run("report", pack(packer, gcore(target.pid, tmp_path)), "--json")
    assert result.code == 0, result.err
    same(run("attach", target.pid, "--json"), result)


@pytest.mark.parametrize("packer", PACKERS)
def test_damaged(packer, core, run, tmp_path):
    packed = tmp_path / "core.packed"
    data = pack(packer, core).read_bytes()
    packed.write_bytes(data[:len(data) // 2])
    tool.assert_error(run("report", packed), 5, "it is truncated", "lz4 -d")
    packed.write_bytes(data[:100] + b"\xff" * 64 + data[164:])
    tool.assert_error(run("report", packed), 5, "damaged", "lz4 -d")
    page = tmp_path / "page"
    page.write_text("no core", encoding="utf-8")
    tool.assert_error(run("report", pack(packer, page)), 5, "is no core", "only cores")


def in_a_small_folder(folder, *arguments, size="64m"):
    """heapgraph where TMPDIR is a file system of that size."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("a file system of its own needs root and unshare(1)")
    folder.mkdir()
    script = 'mount -t tmpfs -o "size=$1" none "$2" && shift 2 && TMPDIR=$PWD/small exec "$@"'
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", size, str(folder),
                           *tool.command(*arguments)], capture_output=True, text=True,
                          cwd=folder.parent, timeout=120)
    return tool.Result(done.returncode, done.stdout, done.stderr)


def test_zeros_take_no_room(bomb, tmp_path):
    """Gigabytes of zeros are a hole in the file, and as good as not there for the process."""
    result = in_a_small_folder(tmp_path / "small", "types", bomb(b"\0", 2), "--json")
    assert result.code == 0, result.err


def test_the_disk_is_not_filled(bomb, tmp_path):
    result = in_a_small_folder(tmp_path / "small", "types", bomb(b"A", 2))
    tool.assert_error(result, 1, "no room in", "TMPDIR")


def test_no_room_at_all(core, tmp_path):
    packed = pack("zstd", core)
    result = in_a_small_folder(tmp_path / "small", "types", packed, size="1m")
    tool.assert_error(result, 1, "small: ", "TMPDIR")


@pytest.mark.parametrize("number", (signal.SIGINT, signal.SIGTERM, signal.SIGKILL))
def test_nothing_is_left(number, bomb, tmp_path):
    """Ended while it unpacks: the file has no name from the beginning."""
    path = bomb(b"\0", 64)
    process = subprocess.Popen(tool.command("types", path), env={**os.environ, "TMPDIR": str(tmp_path)},
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not any(str(tmp_path) in link for link in open_files(process.pid)):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    begin = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - begin < 5
    assert process.returncode in (-number, 128 + number, 1) and out == ""
    assert len(err.splitlines()) <= 2
    assert os.listdir(tmp_path) == []


def open_files(pid):
    try:
        return [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    except OSError:
        return []


def test_file_of_systemd_coredump(one_python, sample, run, tmp_path):
    """By Debian's systemd-coredump itself, in a mount namespace."""
    target = sample(one_python, "cycle_pins_library")
    folder = tmp_path / "var"
    folder.mkdir()
    try:
        packed = systemd_coredump.file_of(target.pid, gcore(target.pid, tmp_path), folder)
    except systemd_coredump.Unavailable as reason:
        pytest.skip(str(reason))
    assert packed.name.startswith("core.python") and packed.suffix in (".zst", ".lz4")
    assert f".{target.pid}." in packed.name
    result = run("report", packed, "--json")
    assert result.code == 0, result.err
    same(run("attach", target.pid, "--json"), result)
