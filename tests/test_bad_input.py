"""Bad input and its answer: one line, one hint, the exit code promised, and the target untouched."""

import contextlib
import os
import shutil
import struct
import subprocess
import sys
import time

import processes
import pytest
import roots
from tool import assert_error

@contextlib.contextmanager
def running(*arguments, **options):
    process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def switches(pid):
    """How often the process was scheduled: the same before and after says that it was not touched."""
    state = processes.status(pid)
    return state["voluntary_ctxt_switches"], state["nonvoluntary_ctxt_switches"]


@contextlib.contextmanager
def untouched(target):
    deadline = time.monotonic() + 10
    before = None
    while before != switches(target.pid) and time.monotonic() < deadline:  # until it waits for us
        before = switches(target.pid)
        time.sleep(0.1)
    yield
    assert switches(target.pid) == before, "the target was touched"
    target.assert_unharmed()


def free_pid():
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


# --- words ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("arguments", [
    [], ["attach"], ["nonsense", "1"], ["attach", "1", "2"], ["attach", "--nonsense"],
    ["attach", "1", "--mode", "wrong"], ["attach", "1", "--timeout", "soon"],
    ["attach", "1", "--fail-on", "no-such-code"], ["snapshot", "1"], ["why", "1"],
    ["attach", "not-a-pid"], ["attach", "-5"], ["report", "x.hgs", "--limit", "-1"]])
def test_usage(run, arguments):
    result = run(*arguments)
    assert result.code == 2
    assert result.err.startswith("heapgraph: ") and result.out == ""


@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version(run, flag):
    result = run(flag)
    assert result.code == 0 and "heapgraph" in result.out and result.err == ""


# --- no CPython there -----------------------------------------------------------------------------

def test_no_such_process(run):
    assert_error(run("attach", free_pid()), 3, "no process")
    assert_error(run("attach", "99999999999"), 3, "no process")


def test_not_cpython(run):
    with running("sleep", "60") as process:
        time.sleep(0.1)
        assert_error(run("attach", process.pid), 3, "Python")


def test_zombie(run):
    process = subprocess.Popen(["true"])
    time.sleep(0.2)
    try:
        assert_error(run("attach", process.pid), 3, "zombie")
    finally:
        process.wait()


def test_kernel_thread(run):
    if not os.path.exists("/proc/2/status") or processes.status(2)["PPid"] != "0":
        pytest.skip("no kernel thread is visible here")
    if "Kthread" not in processes.status(2) and os.path.exists("/proc/2/exe"):
        pytest.skip("process 2 is no kernel thread here")
    assert run("attach", 2).code in (3, 4)


def test_python_2_is_named(run):
    """Debian 11 still has a CPython 2.7."""
    roots.SUITES["2.7"] = (["bullseye"], ["python2.7-minimal", "libpython2.7-stdlib"])
    try:
        root = roots.python_root("2.7")
    except roots.Unavailable as reason:
        pytest.skip(str(reason))
    if os.geteuid() != 0:
        pytest.skip("chroot needs root")
    code = "import sys; print('ready'); sys.stdout.flush(); sys.stdin.read()"
    with running("chroot", str(root), "/usr/bin/python2.7", "-c", code) as process:
        assert process.stdout.readline() == b"ready\n"
        result = run("attach", process.pid)
        assert_error(result, 5, "2.7")
        assert "3.8" in result.err


def build_32_bit(directory):
    source = directory / "pause32.c"
    source.write_text('void _start(void) { for (;;) __asm__ volatile("int $0x80" :: "a"(29)); }\n')
    program = directory / "pause32"
    done = subprocess.run(["cc", "-m32", "-nostdlib", "-static", "-fno-pie", "-no-pie",
                           "-fno-stack-protector", "-o", program, source], capture_output=True)
    if done.returncode:
        pytest.skip("the compiler makes no 32-bit programs here")
    return program


def test_32_bit_process(run, tmp_path):
    try:
        context = running(str(build_32_bit(tmp_path)))
        with context as process:
            time.sleep(0.1)
            if process.poll() is not None:
                pytest.skip("this kernel runs no 32-bit programs")
            result = run("attach", process.pid)
            assert_error(result, result.code, "32-bit")
            assert result.code in (3, 5)
    except OSError:
        pytest.skip("this kernel runs no 32-bit programs")


# --- files ----------------------------------------------------------------------------------------

@pytest.mark.parametrize("content", [
    b"", b"x", b"\x7fELF" + bytes(60), b"hello\n" * 100, bytes(4096), os.urandom(4096),
    struct.pack("<QIIQQ", 0x0A1A53474850470B, 2, 0, 32, 0)])
def test_not_a_snapshot(run, tmp_path, content):
    (tmp_path / "bad.hgs").write_bytes(content)
    assert_error(run("report", "bad.hgs"), 5, "bad.hgs")


def test_source_is_a_folder_or_absent(run, tmp_path):
    (tmp_path / "folder").mkdir()
    assert_error(run("report", "folder"), 1, "folder: Is a directory", "snapshot")
    assert_error(run("report", "absent.hgs"), 1, "absent.hgs")


def test_object_that_is_not_there(one_python, start, run):
    target = start(one_python, "idle.py")
    assert run("snapshot", target.pid, "-o", "s.hgs").code == 0
    assert_error(run("why", "s.hgs", "0x10"), 1, "0x10", "type:NAME")
    assert_error(run("why", "s.hgs", "type:no.such.Type"), 1, "no.such.Type", "heapgraph types")
    assert_error(run("why", "s.hgs", "lib:nosuch"), 1, "lib:nosuch", "heapgraph handles")
    assert_error(run("why", "s.hgs", "__main__.no_such_name"), 1, "no_such_name", "__main__ is there")
    assert_error(run("why", "s.hgs", "__main__.common['no'].x"), 1, "['no']", "__main__.common is there")
    assert_error(run("why", "s.hgs", "no_such_module.x"), 1, "no_such_module", "begin with a module")
    assert_error(run("why", "s.hgs", "__main__.common["), 2, "__main__.common[")


def test_fail_on(sample, one_python, run):
    target = sample(one_python, "opened_in_a_loop")
    assert run("attach", target.pid, "--fail-on", "leaked-open").code == 7
    assert run("attach", target.pid, "--fail-on", "dangling-handle").code == 0
    target.assert_unharmed()


def test_a_file_where_a_pid_belongs(run, tmp_path):
    (tmp_path / "kept.hgs").write_bytes(b"")
    result = run("attach", "kept.hgs")
    assert_error(result, 2, "not a PID but a file")
    assert "heapgraph report kept.hgs" in result.err
