"""./dev bench inside: what heapgraph.snapshot() costs the program that calls it.

Prints a table in Markdown; sizes are containers (tests/targets/heap.py), 0 is the bare interpreter. A
thread that does nothing but read the clock says how long it stood: its largest gap during a snapshot, and
beside it the largest in as long a time without one. What of a gap it was ready to run and had no processor
(/proc/thread-self/schedstat) is taken off: there are others who want one. The table has as well what the
module says of the stop (stopped_ns), the memory that the program and its copy took more than before, and
two others on the same heap: gc.get_objects() with gc.get_referents() of each, which is what one can do
without heapgraph, and `heapgraph snapshot` from outside. Before each call as much memory as it will use is
touched and freed (see bench/run.py).

    ./dev bench inside [--sizes 0,1000000,5000000] [--calls 10] [--python PATH]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from run import cell, choose, run_measured, touch  # noqa: E402

import hgs  # noqa: E402
import python_module  # noqa: E402

# The program. Answers each word on its standard input with a line of JSON.
INSIDE = '''
import gc, json, os, resource, sys, threading, time
sys.path[:0] = sys.argv[1:3]
import heap, heapgraph
gc.disable()
kept = heap.records(int(sys.argv[3])) if int(sys.argv[3]) else []

def status(field):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(field))

def snapshot():
    """The peak of the copy is that of all children there ever were: the largest so far."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak begins anew (proc_pid_clear_refs(5))
    before = status("VmRSS:")
    begin = time.perf_counter()
    taken = heapgraph.snapshot(sys.argv[4], force=True)
    took = time.perf_counter() - begin
    copy = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"ms": took * 1e3, "program_mb": status("VmHWM:") - before, "copy_mb": copy - before}

def gap(work):
    """Of a thread that ticks meanwhile, the largest time between two ticks."""
    largest, going = [0], [True]
    def tick():
        with open("/proc/thread-self/schedstat", "rb", buffering=0) as file:
            last = None
            while going:
                # For how long it was ready to run and did not (sched-stats.rst in the kernel).
                now = time.perf_counter_ns() - int(os.pread(file.fileno(), 64, 0).split()[1])
                if last and now - last > largest[0]:
                    largest[0] = now - last
                last = now
    ticker = threading.Thread(target=tick)
    ticker.start()
    time.sleep(0.02)
    largest[0] = 0
    work()
    going.clear()
    ticker.join()
    return largest[0] / 1e6

def collector():
    begin = time.perf_counter()
    count = 0
    for one in gc.get_objects():
        count += len(gc.get_referents(one))
    return (time.perf_counter() - begin) * 1e3

def gaps():
    took = snapshot()["ms"] / 1e3
    return {"gap_ms": gap(lambda: heapgraph.snapshot(sys.argv[4], force=True)),
            "idle_gap_ms": gap(lambda: time.sleep(took))}

answers = {"snapshot": snapshot, "gaps": gaps, "collector": collector}
print(json.dumps("ready"), flush=True)
for word in sys.stdin:
    print(json.dumps(answers[word.strip()]()), flush=True)
'''


class Program:
    def __init__(self, python, package, size, path):
        self.process = subprocess.Popen(
            [python.path, "-c", INSIDE, package, str(ROOT / "tests" / "targets"), str(size), path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.said()

    def said(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit("bench: the program ended")
        return json.loads(line)

    def ask(self, word):
        self.process.stdin.write(word + "\n")
        return self.said()

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def measure(python, package, size, calls):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "inside.hgs")
        program = Program(python, package, size, str(path))
        try:
            rows = []
            for _ in range(calls):
                touch(size)
                row = program.ask("snapshot")
                taken = hgs.Snapshot(path)
                row.update(stop_ms=taken.meta["stopped_ns"] / 1e6, walk_ms=taken.meta["walk_ns"] / 1e6,
                           objects=taken.n, references=taken.m, bytes=len(taken.map))
                touch(size)
                row.update(program.ask("gaps"))
                touch(size)
                row["outside_ms"] = 1e3 * run_measured("snapshot", program.process.pid, "-f", "-o",
                                                       "outside.hgs", cwd=folder)[0]
                outside = hgs.Snapshot(Path(folder, "outside.hgs"))
                row.update(outside_stop_ms=outside.meta["stopped_ns"] / 1e6,
                           outside_walk_ms=outside.meta["walk_ns"] / 1e6)
                rows.append(row)
            collector = program.ask("collector")
        finally:
            program.close()
    return size, rows, collector


def median(rows, key, digits=1):
    return cell(statistics.median(row[key] for row in rows), digits)


def worst(rows, key):
    return f"{median(rows, key)} ms ({cell(max(row[key] for row in rows))})"


COLUMNS = ("containers", "objects", "references", "snapshot(), median (worst)", "of it the walk",
           "stop, as the module says", "gap of another thread", "its gap without a snapshot",
           "memory: program + copy", "file", "get_objects(), get_referents()", "from outside", "its walk",
           "its stop")


def print_row(size, rows, collector):
    cells = (f"{size or 'bare'}", f"{rows[-1]['objects']:,}", f"{rows[-1]['references']:,}",
             worst(rows, "ms"), f"{median(rows, 'walk_ms')} ms", worst(rows, "stop_ms"),
             worst(rows, "gap_ms"), worst(rows, "idle_gap_ms"),
             f"{median(rows, 'program_mb', 0)} + {median(rows, 'copy_mb', 0)} MB",
             f"{cell(rows[-1]['bytes'] / 1e6, 0)} MB", f"{cell(collector)} ms",
             worst(rows, "outside_ms"), f"{median(rows, 'outside_walk_ms')} ms",
             worst(rows, "outside_stop_ms"))
    print("| " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench inside", description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="0,1000000,5000000")
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--python", help="a path; otherwise the 3.12 found, or the newest")
    options = parser.parse_args()
    chosen = choose(options.python, python_module.headers)
    with tempfile.TemporaryDirectory() as folder:
        reason = python_module.build(chosen, Path(folder))
        if reason:
            sys.exit(f"bench: {reason}")
        print(f"CPython {chosen.version}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, median of "
              f"{options.calls} calls\n", flush=True)
        print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|", flush=True)
        for size in options.sizes.split(","):
            print_row(*measure(chosen, folder, int(size), options.calls))


if __name__ == "__main__":
    main()
