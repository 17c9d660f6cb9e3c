"""./dev bench graph: the graph engine on a synthetic heap, beside igraph on the same graph, and the
verbs on a snapshot of a real process.

Time and memory of loading, components, transpose, and dominators with retained sizes, on one core.
igraph (C, through its Python package) is installed into a virtual environment of its own; where that
cannot be done, the table says why and has our figures alone. Its dominators are compared with ours,
object for object. Then the shapes that break what recurses or is quadratic: a list, a star, a
complete graph. Then types, cycles, retained and why on a process with as many containers as
--containers says, and diff once it has grown; the best of three each, snapshots in the page cache.

    ./dev bench graph [--objects 1000000] [--no-igraph] [--nodes 20000000] [--containers 5000000]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("HEAPGRAPH_BUILD") or ROOT / "build").resolve()
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "heapgraph"
TOOL = BUILD / "bench" / "bench-graph"
STEPS = ("load", "components", "transpose", "dominators")

sys.path.insert(0, str(ROOT / "tests"))

import interpreters  # noqa: E402
import processes  # noqa: E402
import tool  # noqa: E402

# Runs inside the virtual environment. Prints a line for each step, as bench-graph does.
IGRAPH = """
import array, resource, sys, time
import igraph
pairs, parents, n = sys.argv[1], sys.argv[2], int(sys.argv[3])

def step(name, begin):
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(name, "%.3f %.0f" % (time.monotonic() - begin, peak), flush=True)

begin = time.monotonic()
graph = igraph.Graph.Read_Edgelist(pairs)  # of the ways in, the one that takes the least memory
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


def make(shape, objects, path):
    """[objects, references] of a new snapshot."""
    return subprocess.run([str(TOOL), "make", shape, str(objects), str(path)], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.split()


def measure(objects, with_igraph):
    with tempfile.TemporaryDirectory() as directory:
        snapshot, pairs, parents = (Path(directory, name) for name in ("s.hgs", "pairs", "parents"))
        made = make("heap", objects, snapshot)
        ours = lines(TOOL, "run", snapshot, parents)
        python, why = igraph_python() if with_igraph else (None, "--no-igraph")
        theirs = None
        if python:
            subprocess.run([str(TOOL), "pairs", str(snapshot), str(pairs)], check=True)
            theirs = lines(python, "-c", IGRAPH, pairs, parents, objects)
    return made, ours, theirs, why


def measure_shapes(nodes):
    print("\n| shape | objects | references | load | components | transpose | dominators | peak memory |")
    print("|" + "---|" * 8)
    for shape, count in (("list", nodes), ("star", nodes), ("complete", min(nodes, 5000))):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "s.hgs")
            made = make(shape, count, path)
            ours = lines(TOOL, "run", path)
        cells = " | ".join(f"{ours[name][0]} s" for name in STEPS)
        print(f"| {shape} | {int(made[0]):,} | {int(made[1]):,} | {cells} | {ours[STEPS[-1]][1]} MB |")


def timed(*arguments):
    """(seconds, of them on a processor, peak resident set in MB) of the quickest of three."""
    runs = []
    for _ in range(3):
        begin = time.monotonic()
        process = subprocess.Popen(tool.command(*arguments), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL)
        _, state, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(state)
        if process.returncode not in (0, 6):
            sys.exit(f"bench: heapgraph {' '.join(map(str, arguments))}: exit {process.returncode}")
        runs.append((seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024))
    return min(runs)


def measure_verbs(containers):
    found = [one for one in interpreters.discover()[0] if not one.root]
    chosen = next((one for one in found if one.minor == 12), found[-1])
    with tempfile.TemporaryDirectory() as directory:
        path, later = Path(directory, "real.hgs"), Path(directory, "later.hgs")
        target = processes.Target(chosen, "heap.py", str(containers))
        try:
            subprocess.run(tool.command("snapshot", target.pid, "-q", "-o", path), check=True)
            target.ask("grow", 300)
            subprocess.run(tool.command("snapshot", target.pid, "-q", "-o", later), check=True)
            target.assert_unharmed()
        finally:
            target.close()
        print(f"\nCPython {chosen.version}, {containers:,} containers, snapshot of "
              f"{path.stat().st_size / 1e6:,.0f} MB\n\n| verb | time | processor | peak memory |"
              "\n|---|---|---|---|")
        some = "type:__main__.Record#1000"
        for verb in (("types",), ("cycles",), ("retained",), ("retained", some), ("why", some),
                     ("diff", later)):
            seconds, busy, peak = timed(verb[0], path, *verb[1:])
            name = "diff, a twentieth more" if verb[0] == "diff" else " ".join(verb)
            print(f"| {name} | {seconds:.2f} s | {busy:.2f} s | {peak:,.0f} MB |")


def compare(options):
    made, ours, theirs, why = measure(options.objects, not options.no_igraph)
    print(f"{int(made[0]):,} objects, {int(made[1]):,} references; peak memory so far, of it "
          "anonymous (the rest is the mapped snapshot)\n")
    print("| step | heapgraph | peak memory | igraph | peak memory |")
    print("|---|---|---|---|---|")
    for name in STEPS:
        seconds, peak, anonymous = ours[name]
        other = theirs.get(name) if theirs else None
        print(f"| {name} | {seconds} s | {peak} MB ({anonymous} anonymous) "
              f"| {other[0] + ' s' if other else '-'} | {other[1] + ' MB' if other else '-'} |")
    if not theirs:
        print(f"\nigraph was left out: {why}")
        return
    times = {name: float(theirs[name][0]) / float(ours[name][0]) for name in ("components", "dominators")}
    memory = float(theirs["dominators"][1]) / float(ours["dominators"][1])
    print(f"\nigraph takes {times['components']:.1f} times as long for components, "
          f"{times['dominators']:.1f} times for dominators, and {memory:.1f} times the memory")
    equal = theirs["count"][0] == ours["reached"][2]
    print(f"\nAgainst igraph: components {'equal' if equal else 'DIFFERENT'} in number "
          f"({ours['reached'][2]}), dominators different for {theirs['differences'][0]} objects")
    if not equal or theirs["differences"][0] != "0":
        sys.exit("bench: igraph disagrees")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench graph", description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--no-igraph", action="store_true")
    parser.add_argument("--nodes", type=int, default=20_000_000, help="of the list and the star; 0: none")
    parser.add_argument("--containers", type=int, default=5_000_000, help="of a real process; 0: none")
    options = parser.parse_args()
    compare(options)
    if options.nodes:
        measure_shapes(options.nodes)
    if options.containers:
        measure_verbs(options.containers)


if __name__ == "__main__":
    main()
