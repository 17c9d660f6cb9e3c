"""Comparing what heapgraph says of one process from different sides, and the cores that it reads."""

import os
import resource
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

# What a core does not have: open descriptors, the whole command line; and how the heap was had.
BY_NATURE = {"capture", "process", "descriptors", "outputs"}
SAME_PROCESS = ("pid", "exe", "python", "build", "threads", "gc_enabled", "gc_frozen")


def needs_gcore():
    if not shutil.which("gcore"):
        pytest.skip("gdb is not installed")


def gcore(pid, folder):
    done = subprocess.run(["gcore", "-o", str(folder / "core"), str(pid)], capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder / f"core.{pid}"


def kernel_core(target, folder):
    """Ends the target by SIGABRT; the core that the kernel writes of it. It runs in `folder`."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if "/" in pattern or pattern.startswith("|"):
        pytest.skip(f"the kernel gives cores to {pattern}")
    resource.prlimit(target.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
    target.may_end = True
    os.kill(target.pid, signal.SIGABRT)
    assert target.process.wait(60) == -signal.SIGABRT
    core, = folder.glob("core*")
    return core


def same(live, core):
    """Asserts that both say the same but for what differs by nature."""
    def rest(result):
        return {key: value for key, value in result.json.items() if key not in BY_NATURE}

    one, other = live.json, core.json
    assert other["capture"]["method"] == "core"
    for key in SAME_PROCESS:
        assert one["process"][key] == other["process"][key], key
    for key in ("objects", "references", "bytes", "tracked", "bad_objects"):
        assert one["capture"][key] == other["capture"][key], key
    assert other["descriptors"] is None
    said, expected = rest(core), rest(live)
    # Which descriptors are open a core does not say, so that none can be without an owner.
    expected["findings"] = [found for found in expected["findings"]
                            if found["code"] != "unowned-descriptor"]
    # Of data that a program does not relocate, pages that it has not changed are in the core, too.
    more = said["searched"].pop("bytes") - expected["searched"].pop("bytes")
    assert 0 <= more <= 1 << 19, more
    for key in expected:
        assert said[key] == expected[key], key
