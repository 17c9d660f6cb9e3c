"""Not allowed to look: the cause that applies here is named, and the target is untouched."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import processes
import pytest
from test_bad_input import running, untouched
from tool import Result, assert_error, command

NOBODY = 65534
CONFINE = Path(__file__).resolve().parent / "targets" / "confine.py"


def as_nobody(*arguments):
    if os.geteuid() != 0:
        pytest.skip("becoming another user needs root")
    if not shutil.which("setpriv"):
        pytest.skip("setpriv is not here")
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *arguments]


def run_as_nobody(*arguments, cwd):
    os.chmod(cwd, 0o777)
    argv = as_nobody(*command(*arguments))
    if subprocess.run(as_nobody("test", "-x", command()[0])).returncode:
        pytest.skip("the build directory is closed to other users")
    done = subprocess.run(argv, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return Result(done.returncode, done.stdout, done.stderr)


def seize(pid):
    """A process that traces another one, as gdb and strace do."""
    code = ("import ctypes, sys, time; libc = ctypes.CDLL(None, use_errno=True);"
            f"sys.exit(1) if libc.ptrace(0x4206, {pid}, None, None) else print('traced', flush=True);"
            "time.sleep(60)")
    return running(sys.executable, "-c", code)


def test_already_traced(one_python, start, run):
    target = start(one_python, "idle.py")
    with seize(target.pid) as tracer:
        assert tracer.stdout.readline() == b"traced\n"
        result = run("attach", target.pid)
        assert_error(result, 4, str(tracer.pid))
        assert processes.status(tracer.pid)["Name"] in result.err
    time.sleep(0.1)
    target.assert_unharmed()
    assert run("snapshot", target.pid, "-o", "s.hgs").code == 0


def test_process_of_another_user(one_python, start, tmp_path):
    target = start(one_python, "idle.py")
    with untouched(target):
        result = run_as_nobody("attach", target.pid, cwd=tmp_path)
        assert_error(result, 4, str(target.pid), "sudo")


@pytest.fixture
def system_python():
    found = shutil.which("python3", path="/usr/bin")
    if not found:
        pytest.skip("no python3 in /usr/bin that another user can run")
    return found


def test_process_that_is_not_dumpable(system_python, tmp_path):
    code = ("import ctypes, sys; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0);"
            "print('ready', flush=True); sys.stdin.read()")
    with running(*as_nobody(system_python, "-c", code)) as process:
        assert process.stdout.readline() == b"ready\n"
        result = run_as_nobody("attach", process.pid, cwd=tmp_path)
        assert_error(result, 4, "dumpable")


def run_under(*words, cwd):
    """The words of another program, and heapgraph's behind them."""
    if os.geteuid() != 0 or not shutil.which(words[0]):
        pytest.skip(f"needs root and {words[0]}")
    done = subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return Result(done.returncode, done.stdout, done.stderr)


def without_capability(*arguments, cwd):
    return run_under("setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace",
                     *command(*arguments), cwd=cwd)


def test_root_without_the_capability(system_python, tmp_path):
    code = "import sys; print('ready', flush=True); sys.stdin.read()"
    with running(*as_nobody(system_python, "-c", code)) as process:
        assert process.stdout.readline() == b"ready\n"
        result = without_capability("attach", process.pid, cwd=tmp_path)
        assert_error(result, 4, "root lacks CAP_SYS_PTRACE", "SYS_PTRACE")


def test_target_that_holds_more(one_python, start, tmp_path):
    target = start(one_python, "idle.py")
    with untouched(target):
        result = without_capability("attach", target.pid, cwd=tmp_path)
        assert_error(result, 4, "it holds capabilities that you do not")


def test_target_outside_of_our_user_namespace(one_python, start, tmp_path):
    target = start(one_python, "idle.py")
    with untouched(target):
        result = run_under("unshare", "--user", "--map-root-user",
                           *command("attach", target.pid), cwd=tmp_path)
        if "unshare" in result.err:
            pytest.skip(result.err.strip())
        assert_error(result, 4, "outside of the user namespace", "from the host")


def confined(kind, *arguments, cwd):
    done = subprocess.run([sys.executable, str(CONFINE), kind, *command(*arguments)], cwd=cwd,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode == 77:
        pytest.skip(done.stderr.strip())
    return Result(done.returncode, done.stdout, done.stderr)


def test_seccomp_filter_that_forbids_ptrace(one_python, start, tmp_path):
    target = start(one_python, "idle.py")
    with untouched(target):
        result = confined("seccomp", "attach", target.pid, cwd=tmp_path)
        assert_error(result, 4, "a seccomp filter forbids ptrace", "sandbox")


def test_security_module(one_python, start, tmp_path):
    """No module tells that it was the one: those that run are named, and what was ruled out."""
    target = start(one_python, "idle.py")
    with untouched(target):
        result = confined("landlock", "attach", target.pid, cwd=tmp_path)
        assert_error(result, 4, "Landlock")
        assert "user, capabilities, yama and seccomp allow it" in result.err
