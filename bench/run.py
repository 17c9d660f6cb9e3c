"""./dev bench: how long a target stands still, how fast the walk is, and what it costs in memory.

Prints a table in Markdown. Sizes are containers in the target (tests/targets/heap.py); each figure is
the median of as many attaches as the table says. gc.get_objects() is timed by the target itself on
request, in the same process; gcore is run once where it is installed, and its time is how long the
target was in its hands. Before each attach as much memory as it will use is touched and freed: a virtual
machine's host takes microseconds to supply a page for the first time, which is not what is measured.

    ./dev bench [--sizes 1000000,5000000,20000000] [--attaches 20] [--python PATH] [--no-gcore]
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import hgs  # noqa: E402
import interpreters  # noqa: E402
import processes  # noqa: E402
import tool  # noqa: E402


def run_measured(*arguments, cwd):
    """(seconds, peak resident set in MB) of one heapgraph."""
    begin = time.monotonic()
    process = subprocess.Popen(tool.command(*arguments), cwd=cwd, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL)
    _, state, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - begin
    process.returncode = os.waitstatus_to_exitcode(state)
    if process.returncode not in (0, 6):
        sys.exit(f"bench: heapgraph {' '.join(map(str, arguments))}: exit {process.returncode}")
    return seconds, usage.ru_maxrss / 1024


TOUCH = """
import mmap, sys
for size, huge in ((int(sys.argv[1]), False), (int(sys.argv[2]), True)):
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if huge:
        memory.madvise(mmap.MADV_HUGEPAGE)
    for at in range(0, len(memory), mmap.PAGESIZE):
        memory[at] = 1
"""


def touch(size):
    """Makes the host supply the pages that a capture of so many containers will use, small ones and
    the huge ones of the walk, which the kernel takes from elsewhere. In a process of its own: a
    child's peak memory counts from that of the process which starts it."""
    subprocess.run([sys.executable, "-c", TOUCH, str((64 << 20) + 160 * size),
                    str((64 << 20) + 200 * size)], check=True)


def gcore_seconds(target, directory):
    if not shutil.which("gcore"):
        return None
    begin = time.monotonic()
    done = subprocess.run(["gcore", "-o", str(Path(directory, "core")), str(target.pid)],
                          stdin=subprocess.DEVNULL, capture_output=True)
    for core in Path(directory).glob("core.*"):
        core.unlink()
    return time.monotonic() - begin if done.returncode == 0 else None


def measure(python, size, attaches, with_gcore, *shape):
    target = processes.Target(python, "heap.py", str(size), *shape) if size else \
        processes.Target(python, "idle.py")
    row = {"size": size, "attaches": attaches}
    try:
        with tempfile.TemporaryDirectory() as directory:
            touch(size)
            row["attach_s"], row["peak_mb"] = run_measured("attach", target.pid, "--json",
                                                           cwd=directory)
            stops, walks = [], []
            for _ in range(attaches):
                touch(size)
                run_measured("snapshot", target.pid, "-f", "-o", "s.hgs", cwd=directory)
                snapshot = hgs.Snapshot(Path(directory, "s.hgs"))
                stops.append(snapshot.meta["stopped_ns"] / 1e6)
                walks.append(snapshot.meta["walk_ns"] / 1e6)
            row.update(objects=snapshot.n, references=snapshot.m,
                       stop_ms=statistics.median(stops), worst_stop_ms=max(stops),
                       walk_ms=statistics.median(walks), bytes=len(snapshot.map))
            Path(directory, "s.hgs").unlink()
            row["get_objects_ms"] = target.ask("time", 300) if size else None
            row["gcore_s"] = gcore_seconds(target, directory) if with_gcore else None
            target.assert_unharmed()
    finally:
        target.close()
    return row


def walk_rates(python, rows, attaches):
    """(ns per object, ns per reference) for each size, from two heaps of different shape.

    The walk's time is taken as objects * a + references * b. A heap of records has few references an
    object, one of wide lists has many; the two equations give a and b.
    """
    rates = {}
    for row in rows:
        if row["size"] < 1_000_000:
            continue
        wide = measure(python, row["size"] // 5, attaches, False, "wide")
        determinant = row["objects"] * wide["references"] - wide["objects"] * row["references"]
        per_object = (row["walk_ms"] * wide["references"] - wide["walk_ms"] * row["references"])
        per_reference = (wide["walk_ms"] * row["objects"] - row["walk_ms"] * wide["objects"])
        rates[row["size"]] = (per_object / determinant * 1e6, per_reference / determinant * 1e6)
    return rates


def cell(value, digits=1):
    return "-" if value is None else f"{value:,.{digits}f}"


def table(rows, rates):
    print("| containers | objects | references | target stopped, median (worst) | gc.get_objects() "
          "there | gcore | walk | per object | per reference | attach with PNG | peak memory "
          "| snapshot per object |")
    print("|" + "---|" * 12)
    for row in rows:
        per_object, per_reference = rates.get(row["size"], (None, None))
        print(f"| {row['size'] or 'bare'} | {row['objects']:,} | {row['references']:,} "
              f"| {cell(row['stop_ms'], 2)} ms ({cell(row['worst_stop_ms'], 2)}) "
              f"| {cell(row['get_objects_ms'])} ms | {cell(row['gcore_s'])} s "
              f"| {cell(row['walk_ms'])} ms | {cell(per_object)} ns | {cell(per_reference)} ns "
              f"| {cell(row['attach_s'], 2)} s | {cell(row['peak_mb'], 0)} MB "
              f"| {cell(row['bytes'] / row['objects'])} bytes |")


ALLOWED_NS = (100, 40)  # an object, a reference: what the walk may cost


def against_allowed(rows, rates):
    """The walk beside what it may cost: as a sum over the heap, and each figure by itself."""
    print(f"\nThe walk may cost {ALLOWED_NS[0]} ns an object and {ALLOWED_NS[1]} ns a reference:")
    for row in rows:
        if row["size"] not in rates:
            continue
        allowed = (row["objects"] * ALLOWED_NS[0] + row["references"] * ALLOWED_NS[1]) / 1e6
        print(f"- {row['size']:,} containers: {cell(row['walk_ms'])} ms of {cell(allowed)} ms "
              f"(x {row['walk_ms'] / allowed:.2f}); "
              + ", ".join(f"{rate:.1f} of {may} ns {of}" for rate, may, of in
                          zip(rates[row["size"]], ALLOWED_NS, ("an object", "a reference"))))


def choose(path=None, usable=lambda one: True):
    """The interpreter at a path; without one the 3.12 of those that are usable, or the newest."""
    found = [one for one in interpreters.discover()[0]
             if not one.root and usable(one) and path in (None, one.path)]
    if not found:
        sys.exit("bench: no such interpreter was found")
    return next((one for one in found if one.minor == 12), found[-1])


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="0,1000000,5000000,20000000")
    parser.add_argument("--attaches", type=int, default=20)
    parser.add_argument("--python", help="a path; otherwise the 3.12 found, or the newest")
    parser.add_argument("--no-gcore", action="store_true")
    options = parser.parse_args()
    chosen = choose(options.python)
    print(f"CPython {chosen.version}, {os.cpu_count()} cores, median of {options.attaches} attaches\n")
    rows = [measure(chosen, int(size), options.attaches, not options.no_gcore)
            for size in options.sizes.split(",")]
    rates = walk_rates(chosen, rows, max(3, options.attaches // 4))
    table(rows, rates)
    against_allowed(rows, rates)
    large = [row for row in rows if row["size"] >= 1_000_000]
    if len(large) > 1:
        each = [row["walk_ms"] / row["objects"] for row in large]
        print(f"\nTime per object from {large[0]['size']:,} to {large[-1]['size']:,} containers: "
              f"x {each[-1] / each[0]:.2f} (1 is linear)")


if __name__ == "__main__":
    main()
