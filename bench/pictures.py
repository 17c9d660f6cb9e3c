"""./dev bench pictures: how long drawing takes, and how wide the pictures are.

Draws at the default limit of nodes: every picture of every sample's process, and of objects of
random graphs (printed seeds) in one more process. A picture's time is that of the whole command with
-o FILE.png, less that of the same command with -o FILE.dot, which draws nothing.

    ./dev bench pictures [--graphs 30] [--keep FOLDER]
"""

import argparse
import statistics
import struct
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

import interpreters  # noqa: E402
import processes  # noqa: E402
import tool  # noqa: E402

LIMIT_SECONDS, LIMIT_WIDTH = 1.0, 2400

RANDOM = """
import random, sys

class Node: pass
class Leaf:
    __slots__ = ("first", "second")

def graph(seed):
    chosen = random.Random(seed)
    count = chosen.choice([20, 200, 2000])
    made = [chosen.choice([Node, Leaf, dict, list])() for _ in range(count)]
    for _ in range(chosen.choice([1, 3]) * count):
        one, other = chosen.choice(made), chosen.choice(made)
        if isinstance(one, dict):
            one["key of some length %d" % chosen.randrange(9 ** chosen.randrange(9))] = other
        elif isinstance(one, list):
            one.append(other)
        else:
            setattr(one, chosen.choice(["first", "second"]), other)
    return made

graphs = [graph(seed) for seed in range(int(sys.argv[1]))]
print("ready", flush=True)
sys.stdin.read()
"""

ASKED = [["report"], ["handles"], ["cycles"], ["retained"], ["refs", "__main__"],
         ["backrefs", "type:dict#100"], ["why", "type:function#200"], ["report", "--dark"]]


def snapshots(folder, graphs):
    """(name, path, questions) of each process."""
    python = max((one for one in interpreters.discover(False)[0] if not one.root),
                 key=lambda one: (one.minor, one.version))
    environment = {"HEAPGRAPH_BUILD": str(python.build_directory(tool.BUILD))}
    script = folder / "random_graphs.py"
    script.write_text(RANDOM)
    of_graphs = [[verb, f"__main__.graphs[{seed}][{seed % 7}]", *flags]
                 for seed in range(graphs)
                 for verb, *flags in (["refs"], ["backrefs"], ["why"], ["retained"],
                                      ["refs", "--all-edges"])]
    programs = [(path, [], ASKED) for path in sorted((ROOT / "samples").glob("*.py"))
                if "print(" in path.read_text() or "wait" in path.read_text()]
    for path, arguments, asked in [*programs, (script, [str(graphs)], of_graphs)]:
        try:
            target = processes.Target(python, str(path), *arguments, environment=environment)
        except AssertionError as error:
            print(f"left out: {path.name}: {error}", file=sys.stderr)
            continue
        try:
            kept = folder / f"{path.stem}.hgs"
            done = tool.heapgraph("snapshot", target.pid, "-o", kept)
            if done.code not in (0, 6):
                sys.exit(f"bench: {path.name}: {done.err}")
        finally:
            target.close()
        yield path.stem, kept, asked


def seconds(question, path, output):
    begin = time.monotonic()
    done = tool.heapgraph(question[0], path, *question[1:], "-q", "-f", "-o", output)
    if done.code not in (0, 6):
        return None, done.err
    return time.monotonic() - begin, None


def width(path):
    return struct.unpack(">I", path.read_bytes()[16:20])[0]


def measure(folder, graphs):
    rows = []
    for name, path, asked in snapshots(folder, graphs):
        for question in asked:
            stem = folder / f"{name}-{len(rows)}"
            whole, error = seconds(question, path, stem.with_suffix(".png"))
            if whole is None:
                if "nothing matches" in error or "no such" in error or "has no" in error:
                    continue
                sys.exit(f"bench: {name}: {' '.join(question)}: {error}")
            without, _ = seconds(question, path, stem.with_suffix(".dot"))
            rows.append((whole - without, whole, width(stem.with_suffix(".png")),
                         f"{name}: {' '.join(question)}"))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--graphs", type=int, default=30)
    parser.add_argument("--keep", type=Path, help="leave the pictures here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        rows = measure(folder, options.graphs)
    rows.sort(reverse=True)
    drawing = [row[0] for row in rows]
    print(f"{len(rows)} pictures · drawing: median {statistics.median(drawing):.2f} s, "
          f"slowest {drawing[0]:.2f} s · widest {max(row[2] for row in rows)} pixels · "
          f"over {LIMIT_SECONDS:.0f} s: {sum(one > LIMIT_SECONDS for one in drawing)} · "
          f"over {LIMIT_WIDTH} pixels: {sum(row[2] > LIMIT_WIDTH for row in rows)}")
    for drawn, whole, wide, name in rows[:5]:
        print(f"  {drawn:5.2f} s of {whole:.2f} s, {wide:4} pixels  {name}")


if __name__ == "__main__":
    main()
