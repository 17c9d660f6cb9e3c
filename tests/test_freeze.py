"""The freezer by itself, through tests/freeze/probe.c: safe points, signals, reaping, and every step
that can fail. What a whole attach does to a target is in test_unharmed.py."""

import os
import random
import resource
import signal
import subprocess
import time

import processes
import pytest
import tool

FAULTS = ["seize", "stop", "safe-point", "gadgets", "frame", "clone", "copy", "reap", "restore"]
PROBE = tool.BUILD / "tests" / "freeze" / "freeze-probe"


class Frozen:
    """One line of the probe."""

    def __init__(self, line):
        consistent, stopped, total, self.why = (line + " ").split(" ", 3)
        self.consistent = consistent == "1"
        self.stopped_us, self.total_us = int(stopped), int(total)


def arguments(pid, count=1, mode="fork", keep_us=0):
    prefix = ["sudo", "-n"] if tool.needs_root_to_attach() else []
    return [*prefix, str(PROBE), str(pid), str(count), mode, str(keep_us)]


def freeze(pid, count=1, mode="fork", environment=None, preexec=None):
    done = subprocess.run(arguments(pid, count, mode), capture_output=True, text=True, timeout=300,
                          env={**os.environ, **(environment or {})}, preexec_fn=preexec)
    assert done.returncode == 0, done.stderr
    return [Frozen(line) for line in done.stdout.splitlines()]


@pytest.fixture(autouse=True)
def probe_is_built():
    if not PROBE.exists():
        pytest.skip("freeze-probe is not built (meson option tests)")


@pytest.mark.parametrize("where", ["main", "worker"])
def test_a_thread_that_never_releases_the_gil(python, where, start, thorough):
    """It is caught between two bytecodes. Up to 3.11 only the main thread makes pending calls, so a
    lone worker cannot be: it is copied all the same, and this is said."""
    target = start(python, "compute.py", where)
    expected = where == "main" or python.minor >= 12
    frozen = freeze(target.pid, (100 if thorough else 20) if expected else 2)
    assert all(one.consistent for one in frozen) if expected else True
    assert all(one.consistent or one.why.strip() == "a thread kept the GIL" for one in frozen)
    target.assert_unharmed()


@pytest.mark.parametrize("mode", ["fork", "pause"])
def test_signals_threads_and_children_of_the_target(one_python, mode, start, thorough):
    target = start(one_python, "signals.py")
    probe = subprocess.Popen(arguments(target.pid, 400 if thorough else 60, mode),
                             stdout=subprocess.DEVNULL)
    sent = 0
    while probe.poll() is None:
        os.kill(target.pid, signal.SIGUSR1)
        sent += 1
        deadline = time.monotonic() + 10
        while target.ask("status")["signals"] < sent:
            assert time.monotonic() < deadline, "a signal was lost"
            time.sleep(0.001)
    assert probe.returncode == 0
    before = target.ask("status")
    assert before["signals"] == sent and before["failed"] == 0
    assert not before["foreign"], "SIGCHLD of a process that it did not make"
    time.sleep(0.3)
    after = target.ask("status")
    assert after["threads"] > before["threads"] and after["children"] > before["children"]


def children(pid):
    return {child for child in processes.all_pids()
            if (processes.status(child) or {"PPid": "0"})["PPid"] == str(pid)}


@pytest.mark.parametrize("mode", ["fork", "pause"])
def test_a_subreaper_keeps_no_zombie(one_python, mode, start):
    target = start(one_python, "signals.py", "subreaper")
    freeze(target.pid, 10, mode)
    some = children(target.pid)
    time.sleep(0.5)
    assert not some & children(target.pid)
    assert not target.ask("status")["foreign"]


@pytest.mark.parametrize("mode", ["fork", "pause"])
@pytest.mark.parametrize("step", FAULTS)
def test_each_step_fails(one_python, step, mode, start):
    if mode == "pause" and step == "copy":
        pytest.skip("there is no such step")
    target = start(one_python, "churn.py")
    done = subprocess.run(arguments(target.pid, 1, mode), capture_output=True, text=True,
                          timeout=60, env={**os.environ, "HEAPGRAPH_FAULT": step})
    if step in ("reap", "restore") and mode == "pause":  # when nothing can fail any more
        assert done.returncode == 0
    else:
        assert (done.returncode, done.stderr.splitlines()[0]) == \
            (1, f"freeze-probe: step {step}: made to fail")
    target.assert_unharmed(patience=1)
    freeze(target.pid)
    before = target.ask("status")
    time.sleep(0.2)
    after = target.ask("status")
    assert after["loops"] > before["loops"] and after["sigchld"] == after["children"] == 0


@pytest.mark.parametrize("mode", ["fork", "pause"])
def test_the_freezer_killed_at_any_moment(python, mode, start, thorough):
    """Closer to the freeze than a whole attach: the probe does nothing else, again and again."""
    target = start(python, "churn.py")
    chance = random.Random()
    for _ in range(200 if thorough else 25):
        probe = subprocess.Popen(arguments(target.pid, 1000, mode, 100), stdout=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.001, 0.03))
        probe.kill()
        probe.wait()
        target.assert_unharmed(patience=2)
    before = target.ask("status")
    time.sleep(0.3)
    after = target.ask("status")
    assert after["loops"] > before["loops"] and after["checks"] > before["checks"]
    assert after["sigchld"] == after["children"] == after["damaged"] == 0


def test_pause_leaves_no_mapping(one_python, start):
    target = start(one_python, "idle.py")
    freeze(target.pid, 1, "pause")
    with open(f"/proc/{target.pid}/maps", encoding="utf-8") as file:
        before = file.read()
    freeze(target.pid, 5, "pause")
    with open(f"/proc/{target.pid}/maps", encoding="utf-8") as file:
        assert file.read() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root is not limited by RLIMIT_NPROC")
def test_no_process_left_to_make(one_python, start):
    target = start(one_python, "idle.py")
    resource.prlimit(target.pid, resource.RLIMIT_NPROC, (1, 1))  # a soft limit alone gives way
    done = subprocess.run(arguments(target.pid), capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "cannot copy process" in done.stderr
    assert "may have no more processes" in done.stderr
    target.assert_unharmed()
