"""Output files: refused, numbered, private, whole or absent, and checked before the target is touched."""

import contextlib
import os
import stat
import subprocess

import pytest
from test_bad_input import untouched
from tool import assert_error, command

SUFFIXES = {".png": b"\x89PNG\r\n", ".svg": b"<?xml", ".pdf": b"%PDF", ".dot": b"", ".json": b"{",
            ".hgs": b"\x0b\x47\x50\x48"}


@pytest.fixture
def target(one_python, start):
    return start(one_python, "idle.py")


def test_every_suffix(target, run, tmp_path):
    names = [f"out{suffix}" for suffix in SUFFIXES]
    result = run("attach", target.pid, *[word for name in names for word in ("-o", name)])
    assert result.code == 0, result.err
    for name, (suffix, magic) in zip(names, SUFFIXES.items()):
        data = (tmp_path / name).read_bytes()
        assert data.startswith(magic) and len(data) > 100, name
    assert "digraph" in (tmp_path / "out.dot").read_text()
    assert sorted(os.listdir(tmp_path)) == sorted(names), "nothing else is left in the folder"


def test_default_name_takes_the_next_number(target, run, tmp_path):
    for expected in (f"heapgraph-{target.pid}.png", f"heapgraph-{target.pid}-2.png",
                     f"heapgraph-{target.pid}-3.png"):
        result = run("attach", target.pid, "--json")
        assert result.json["outputs"] == [expected]
        assert (tmp_path / expected).exists()


def test_snapshot_is_private(target, run, tmp_path):
    assert run("snapshot", target.pid, "-o", "s.hgs").code == 0
    assert stat.S_IMODE(os.stat(tmp_path / "s.hgs").st_mode) == 0o600


def test_an_output_that_exists_is_refused(target, run, tmp_path):
    (tmp_path / "mine.png").write_text("mine")
    with untouched(target):
        assert_error(run("attach", target.pid, "-o", "mine.png"), 1, "mine.png", "-f")
    assert (tmp_path / "mine.png").read_text() == "mine"
    assert run("attach", target.pid, "-o", "mine.png", "-f").code == 0
    assert (tmp_path / "mine.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("arguments,code,what,hint", [
    (["-o", "absent/out.png"], 1, "absent/out.png", "mkdir -p absent"),
    (["-o", "out.txt"], 2, "out.txt", "name it .png"), (["-o", "out"], 2, "'out'", "name it .png"),
    (["-o", ""], 2, "''", "name it .png"), (["-o", "a.png", "-o", "a.png"], 2, "a.png", None),
    (["-o", "/proc/out.png"], 1, "/proc/out.png", "a folder that you may write to")])
def test_bad_output_is_found_before_the_target_is_touched(target, run, arguments, code, what, hint,
                                                          tmp_path):
    with untouched(target):
        result = run("attach", target.pid, *arguments)
    assert_error(result, code, what, hint)
    assert os.listdir(tmp_path) == []


def test_folder_that_is_not_writable(target, run, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o555)
    with untouched(target):
        assert_error(run("attach", target.pid), 1, "heapgraph-")


@contextlib.contextmanager
def disk(folder, size):
    """A file system of its own, of this size."""
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
            capture_output=True).returncode:
        pytest.skip("mounting a small file system is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("name,size", [("s.hgs", "64k"), ("p.png", "4k"), ("r.json", "4k")])
def test_full_disk_is_found_before_the_target_is_touched(target, run, tmp_path, name, size):
    with disk(tmp_path / "full", size) as folder:
        if size == "4k":
            (folder / "all").write_bytes(bytes(4096))
        before = os.listdir(folder)
        with untouched(target):
            result = run("attach", target.pid, "-o", folder / name)
        assert_error(result, 1, "No space left", "room")
        assert os.listdir(folder) == before


def test_disk_that_fills_up(target, run, tmp_path):
    """Room for the least snapshot, not for this one."""
    with disk(tmp_path / "small", "512k") as folder:
        result = run("attach", target.pid, "-o", folder / "s.hgs")
        assert_error(result, 1, "No space left", "room")
        assert os.listdir(folder) == []
    target.assert_unharmed()


@pytest.mark.parametrize("flag", [[], ["--json"]])
def test_reader_of_standard_output_that_goes_away(target, tmp_path, flag):
    """As with `| head -1`: no noise, the status of a tool that SIGPIPE ends, and the file is there."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(command("attach", target.pid, *flag, "-o", "p.png"), cwd=tmp_path,
                          stdout=writer, stderr=subprocess.PIPE, timeout=60)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    target.assert_unharmed()


def test_standard_output_that_is_full(target, tmp_path):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run(command("types", target.pid), cwd=tmp_path, stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.startswith("heapgraph: "), done.stderr
    target.assert_unharmed()


def test_standard_output_that_is_closed(target, tmp_path):
    """No file that heapgraph opens may get the number of standard output: the report would go
    into it."""
    done = subprocess.run(command("attach", target.pid, "-o", "s.hgs"), cwd=tmp_path,
                          stderr=subprocess.PIPE, text=True, timeout=60,
                          preexec_fn=lambda: os.close(1))
    assert done.returncode == 1 and "cannot write" in done.stderr, done.stderr
    target.assert_unharmed()


def test_json_is_alone_on_standard_output(target, run):
    result = run("attach", target.pid, "--json")
    assert result.err == ""
    assert result.json["process"]["pid"] == target.pid


def test_a_snapshot_gives_the_same_report_as_the_process(sample, one_python, run):
    """What `attach` says and what `report` says of the snapshot it kept are the same words."""
    program = sample(one_python, "cycle_pins_library")
    live = run("attach", program.pid, "--json", "-o", "kept.hgs").json
    later = run("report", "kept.hgs", "--json", "-o", "picture.svg").json
    live.pop("outputs"), later.pop("outputs")
    assert live == later


def test_redacted_snapshot_has_no_values(one_python, start, run, tmp_path):
    program = start(one_python, "secret.py")
    assert run("snapshot", program.pid, "-o", "open.hgs").code == 0
    assert run("snapshot", program.pid, "-o", "closed.hgs", "--redact").code == 0
    assert b"correct horse battery staple" in (tmp_path / "open.hgs").read_bytes()
    closed = (tmp_path / "closed.hgs").read_bytes()
    for value in (b"correct horse", b"31415926535", b"s3cr3t-bytes"):
        assert value not in closed
    assert b"PasswordKeeper" in closed
