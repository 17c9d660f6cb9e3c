"""./dev bench graph: the graph engine on a synthetic heap, beside igraph on the same graph.

Time and memory of loading, components, transpose, and dominators with retained sizes, on one core.
igraph (C, through its Python package) is installed into a virtual environment of its own; where that
cannot be done, the table says why and has our figures alone. Its dominators are compared with ours,
object for object.

    ./dev bench graph [--objects 1000000] [--no-igraph]
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("HEAPGRAPH_BUILD") or ROOT / "build").resolve()
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heapgraph"

# Runs inside the virtual environment. Prints a line for each step, as bench-graph does.
IGRAPH = """
import array, mmap, resource, sys, time
import igraph
pairs, parents, n = sys.argv[1], sys.argv[2], int(sys.argv[3])

def step(name, begin):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(name, "%.3f %.0f" % (time.monotonic() - begin, peak), flush=True)

begin = time.monotonic()
with open(pairs, "rb") as file:
    view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
edges = memoryview(view).cast("q", [len(view) // 16, 2])
graph = igraph.Graph(n=n + 1, edges=edges, directed=True)
step("load", begin)
begin = time.monotonic()
components = graph.connected_components(mode="strong")
step("components", begin)
print("count", len(components) - 1)
del components
begin = time.monotonic()
dominators = graph.dominator(n, mode="out")
step("dominators", begin)
ours = array.array("q")
with open(parents, "rb") as file:
    ours.fromfile(file, n)
# -2 stands for what the root does not reach, -1 for the root itself.
wrong = sum(1 for mine, theirs in zip(ours, dominators)
            if mine != (-1 if theirs < 0 or theirs != theirs else int(theirs)))
print("differences", wrong)
"""


def lines(*arguments):
    done = subprocess.run([str(one) for one in arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"bench: {Path(arguments[0]).name} {arguments[1]}: exit {done.returncode}")
    return {words[0]: words[1:] for words in map(str.split, done.stdout.splitlines())}


def igraph_python():
    """(interpreter that has igraph, None) or (None, why there is none)."""
    environment = CACHE / "igraph"
    python = environment / "bin" / "python3"
    if not python.exists():
        made = subprocess.run([sys.executable, "-m", "venv", str(environment)], capture_output=True,
                              text=True)
        if made.returncode:
            return None, "no virtual environment could be made"
    if subprocess.run([str(python), "-c", "import igraph"], capture_output=True).returncode:
        got = subprocess.run([str(python), "-m", "pip", "install", "-q", "igraph"],
                             capture_output=True, text=True)
        if got.returncode:
            return None, "pip could not install it: " + (got.stderr.strip().splitlines() or ["?"])[-1]
    return python, None


def measure(objects, with_igraph):
    with tempfile.TemporaryDirectory() as directory:
        snapshot, pairs, parents = (Path(directory, name) for name in ("s.hgs", "pairs", "parents"))
        tool = BUILD / "bench" / "bench-graph"
        made = subprocess.run([str(tool), "make", str(objects), str(snapshot)], check=True,
                              stdout=subprocess.PIPE, text=True).stdout.split()
        ours = lines(tool, "run", snapshot, parents)
        python, why = igraph_python() if with_igraph else (None, "--no-igraph")
        theirs = None
        if python:
            subprocess.run([str(tool), "pairs", str(snapshot), str(pairs)], check=True)
            theirs = lines(python, "-c", IGRAPH, pairs, parents, objects)
    return made, ours, theirs, why


def main():
    parser = argparse.ArgumentParser(prog="./dev bench graph", description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--no-igraph", action="store_true")
    options = parser.parse_args()
    made, ours, theirs, why = measure(options.objects, not options.no_igraph)
    print(f"{int(made[0]):,} objects, {int(made[1]):,} references; peak memory so far, of it "
          "anonymous (the rest is the mapped snapshot)\n")
    print("| step | heapgraph | peak memory | igraph | peak memory |")
    print("|---|---|---|---|---|")
    for name in ("load", "components", "transpose", "dominators"):
        seconds, peak, anonymous = ours[name]
        other = theirs.get(name) if theirs else None
        print(f"| {name} | {seconds} s | {peak} MB ({anonymous} anonymous) "
              f"| {other[0] + ' s' if other else '-'} | {other[1] + ' MB' if other else '-'} |")
    if not theirs:
        print(f"\nigraph was left out: {why}")
        return
    equal = theirs["count"][0] == ours["reached"][2]
    print(f"\nAgainst igraph: components {'equal' if equal else 'DIFFERENT'} in number "
          f"({ours['reached'][2]}), dominators different for {theirs['differences'][0]} objects")
    if not equal or theirs["differences"][0] != "0":
        sys.exit("bench: igraph disagrees")


if __name__ == "__main__":
    main()
