"""Comparing what heapgraph says of one process from different sides, and the cores that it reads."""

import os
import resource
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

# What the sides say differently by nature: (where in the JSON, which sides, why). Nothing else may
# differ. list[x] are the rows whose "code" or "type" is x.
SIDES = ("hgs", "gdb", "core", "inside", "after")
DIFFERENT = (
    ("outputs", SIDES, "the files that this very run has written"),
    ("capture.method", ("gdb", "core", "inside"), "how the heap was had"),
    ("capture.time_ms", SIDES[1:], "each looks at a moment of its own"),
    ("capture.stopped_ms", SIDES[1:], "a measured time"),
    ("capture.walk_ms", SIDES[1:], "a measured time"),
    ("process.cmdline", ("core",), "a core has its first 80 bytes (elf_prpsinfo.pr_psargs)"),
    ("descriptors", ("core",), "a core does not say which descriptors are open"),
    ("findings[unowned-descriptor]", ("core",), "nor, so, which of them nobody owns"),
    # A snapshot from inside is taken by Python code, in frames of the main thread. What that code
    # keeps (when it last wrote) is there afterwards.
    ("capture.objects", ("inside", "after"), "frames and values of the code that took it"),
    ("capture.references", ("inside", "after"), "theirs"),
    ("capture.bytes", ("inside", "after"), "theirs"),
    ("capture.tracked", ("inside",), "the frames and their containers"),
    ("searched.bytes", ("inside", "after"), "the pages that those values lie in"),
    ("native_references[heapgraph.signals._Writer]", ("inside",),
     "its own object, on a running frame's stack, which up to 3.10 cannot be read"),
)
# Rows of one rank stand in the order of gc's lists, and of rings equally short the first met is shown. A
# collection changes that order, and the code that takes a snapshot from inside may set one off.
UNORDERED = ("holders", "stale", "capsules", "native_references", "objects")
BY_NATURE = {"capture", "process", "descriptors", "outputs"}


def without(value, where):
    """The JSON value less what `where` names, in each row of a list."""
    if isinstance(value, list):
        return [without(row, where) for row in value]
    where, _, code = where.partition("[")
    key, _, rest = where.partition(".")
    if key not in value or ((code or rest) and value[key] is None):
        return value
    if code:
        kept = [row for row in value[key] if code.rstrip("]") not in (row.get("code"), row.get("type"))]
        return {**value, key: kept}
    if rest:
        return {**value, key: without(value[key], rest)}
    return {name: one for name, one in value.items() if name != key}


def ordered(value, key=""):
    """The JSON value, rows of UNORDERED by their objects' addresses, of rings the length."""
    if isinstance(value, dict):
        return {name: ordered(one, name) if name != "ring" else len(one)
                for name, one in value.items()}
    if not isinstance(value, list):
        return value
    rows = [ordered(one) for one in value]
    if key not in UNORDERED:
        return rows
    return sorted(rows, key=lambda row: (row["object"], str(row)) if isinstance(row, dict) else row)


def differences(one, other, at=""):
    """Where two JSON values differ, as lines to read."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            if key not in one or key not in other:
                yield f"{at}.{key} is on one side only"
            else:
                yield from differences(one[key], other[key], f"{at}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other)):
            yield from differences(*pair, f"{at}[{number}]")
    elif one != other:
        yield f"{at}: {str(one)[:300]} and {str(other)[:300]}"


def agree(live, other, side, also=()):
    """Asserts that what `side` says is what attach says, less what differs by nature, and less `also`."""
    assert other.code == live.code, (side, other.err)
    expected, said = live.json, other.json
    for where, sides, _ in DIFFERENT:
        if side in sides:
            expected, said = without(expected, where), without(said, where)
    for where in also:
        expected, said = without(expected, where), without(said, where)
    if side in ("inside", "after"):
        expected, said = ordered(expected), ordered(said)
    found = list(differences(expected, said))
    assert not found, f"attach and {side}: " + "\n".join(found[:20])


def same(live, core):
    """What report says of a core is what attach says of its process."""
    assert core.json["capture"]["method"] == "core"
    assert core.json["descriptors"] is None
    agree(live, core, "core")


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
