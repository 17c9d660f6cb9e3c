"""The target does not notice: not its data, not its children, not its system calls, and not even
when heapgraph dies at any moment."""

import os
import random
import signal
import subprocess
import time

import pytest
import tool

# The share of captures that must be at a moment when the heap was whole.
CONSISTENT = 0.95


def one_attach_seconds(target, directory):
    begin = time.monotonic()
    assert tool.heapgraph("snapshot", target.pid, "-o", "timing.hgs", "-f", cwd=directory).code == 0
    return time.monotonic() - begin


def assert_sound(target):
    state = target.ask("status")
    assert state["damaged"] == 0, "the target's own data changed"
    assert state["sigchld"] == 0, "the target got SIGCHLD"
    assert state["children"] == 0, "waitpid(-1) in the target found a child"
    return state


def assert_goes_on(target):
    """Its threads and its checks go on counting."""
    before = assert_sound(target)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        time.sleep(0.05)
        now = assert_sound(target)
        if now["loops"] > before["loops"] and now["checks"] > before["checks"]:
            return
    raise AssertionError(f"{target.name} does not go on: {before} then {now}")


@pytest.mark.parametrize("mode", ["fork", "pause"])
def test_many_attaches_to_a_churning_process(python, mode, start, run, thorough):
    count = 300 if thorough else 30
    if mode == "pause":
        count //= 3
    target = start(python, "churn.py")
    consistent = 0
    for _ in range(count):
        result = run("types", target.pid, "--json", "--mode", mode)
        assert result.code in (0, 6), result.err
        capture = result.json["capture"]
        if capture["consistent"]:
            consistent += 1
            assert capture["bad_objects"] == 0
        else:
            assert capture["incomplete"], "a capture that is not consistent says why"
        target.assert_unharmed()
    assert_goes_on(target)
    assert consistent >= CONSISTENT * count, f"{consistent} of {count} were consistent"


def test_system_calls_go_on_as_if_nothing_had_happened(python, start, run, thorough):
    target = start(python, "blocked.py")
    time.sleep(0.5)
    for _ in range(50 if thorough else 15):
        assert run("snapshot", target.pid, "-o", "s.hgs", "-f").code == 0
        time.sleep(random.uniform(0, 0.05))
    target.assert_unharmed()
    time.sleep(1)
    state = target.ask("status")
    assert len(state) == 7
    for name, counts in state.items():
        assert counts["calls"] > 0, f"{name} never returned"
        assert counts["eintr"] == 0, f"{name} returned EINTR: {state}"
        assert counts["short"] == 0, f"{name} was cut short: {state}"


def kill_at_random(target, directory, number, moments, *arguments):
    """Sends the signal to heapgraph at `moments` random points in the time that an attach takes."""
    seconds = one_attach_seconds(target, directory)
    seed = int.from_bytes(os.urandom(4), "little")
    chance = random.Random(seed)
    codes = []
    for _ in range(moments):
        process = subprocess.Popen(
            tool.command("snapshot", target.pid, "-o", "killed.hgs", "-f", *arguments),
            cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0, seconds))
        process.send_signal(number)
        codes.append(process.wait(timeout=30))
        target.assert_unharmed(patience=5)
    assert any(code != 0 for code in codes), f"no attach was hit (seed {seed})"
    assert_goes_on(target)
    return codes


@pytest.mark.parametrize("mode", ["fork", "pause"])
def test_heapgraph_killed_at_any_moment(python, mode, start, thorough, tmp_path):
    target = start(python, "churn.py")
    moments = 200 if thorough else 40 if mode == "fork" else 15
    kill_at_random(target, tmp_path, signal.SIGKILL, moments, "--mode", mode)
    assert tool.heapgraph("snapshot", target.pid, "-o", "after.hgs", cwd=tmp_path).code == 0
    target.assert_unharmed()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_heapgraph_interrupted_at_any_moment(one_python, number, start, thorough, tmp_path):
    target = start(one_python, "churn.py")
    codes = kill_at_random(target, tmp_path, number, 100 if thorough else 20)
    allowed = {0, 128 + number, -number}
    assert set(codes) <= allowed, codes
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".heapgraph")]


@pytest.mark.parametrize("how", ["exit", "exec"])
def test_target_that_leaves_during_the_attach(one_python, how, start, thorough, tmp_path):
    """It exits, or becomes another program, while heapgraph is at it: one line, no crash, no stray."""
    for _ in range(40 if thorough else 12):
        target = start(one_python, "leaves.py", how)
        target.may_end = True
        process = subprocess.Popen(
            tool.command("snapshot", target.pid, "-o", "leaving.hgs", "-f"), cwd=tmp_path,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(random.uniform(0, 0.03))
        os.write(target.process.stdin.fileno(), b"go\n")
        _, errors = process.communicate(timeout=60)
        assert process.returncode in (0, 1, 3, 6), (process.returncode, errors)
        if process.returncode == 1:
            assert errors.startswith("heapgraph: ") and how == "exec" and "execve" in errors, errors
        if process.returncode == 3:  # gone, or another program before anything was looked at
            assert errors.startswith("heapgraph: "), errors
            assert ("ended" if how == "exit" else "not CPython") in errors, errors
        if how == "exec":
            target.assert_unharmed(patience=5)
        else:
            target.process.wait(timeout=10)
            assert target.process.returncode == 0
            assert not target.strays()
        target.close()


def test_a_stopped_process_stays_stopped(one_python, start, run):
    target = start(one_python, "idle.py")
    os.kill(target.pid, signal.SIGSTOP)
    time.sleep(0.1)
    result = run("snapshot", target.pid, "-o", "s.hgs")
    assert result.code == 0, result.err
    with open(f"/proc/{target.pid}/stat", encoding="ascii", errors="replace") as file:
        assert file.read().rsplit(")", 1)[1].split()[0] == "T"
    os.kill(target.pid, signal.SIGCONT)
    assert target.ask("count") > 0
    target.assert_unharmed()
