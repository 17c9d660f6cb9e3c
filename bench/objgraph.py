"""./dev bench objgraph: objgraph's functions here and in objgraph itself, on one heap in one process.

Prints a table in Markdown; each figure is the median of as many calls as the table says, made in turn.
It is processor time, since nothing waits here and what else the machine does counts less in it. The answers
are compared as well. The heap is that of a service: sessions with a dictionary of attributes, a list and a
parent, in caches of a module; the object asked about is one session's list.

    ./dev bench objgraph [--objects 1000000] [--calls 5] [--python PATH]
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from run import choose  # noqa: E402

import objgraph_release  # noqa: E402
import python_module  # noqa: E402

INSIDE = '''
import gc, io, statistics, sys, time
sys.path[:0] = sys.argv[1:3]
import heapgraph, objgraph
objects, calls = int(sys.argv[3]), int(sys.argv[4])

class Session:
    def __init__(self, number, user):
        self.number, self.user, self.items = number, user, [[number], {"n": [number]}]

class User:
    def __init__(self, number):
        self.name, self.sessions = "user%d" % number, {}

users, by_number, recent = {}, {}, []
while len(by_number) % 1000 or len(gc.get_objects()) < objects:
    number = len(by_number)
    user = users.setdefault(number // 20, User(number // 20))
    session = by_number[number] = user.sessions[number] = Session(number, user)
    if number % 100 == 0:
        recent.append(session)
class Alone: pass
alone = [[Alone()]]
del session, user

def picture(module, what, **keywords):
    out = io.StringIO()
    module.show_backrefs(what, output=out, **keywords)
    return out.getvalue().count("label=")

def chain(module, what):
    return len(module.find_backref_chain(what, module.is_proper_module))

middle = by_number[len(by_number) // 2]
tasks = [("most_common_types()", lambda module: module.most_common_types(3)),
         ("typestats(shortnames=False)", lambda module: len(module.typestats(shortnames=False))),
         ("find_backref_chain, a session's list", lambda module: chain(module, middle.items[1]["n"])),
         ("find_backref_chain, a session", lambda module: chain(module, middle)),
         ("find_backref_chain, held by one list", lambda module: chain(module, alone[0][0])),
         ("show_backrefs, a session", lambda module: picture(module, [middle])),
         ("show_backrefs, a session's list, max_depth=5",
          lambda module: picture(module, [middle.items[1]], max_depth=5))]
print("| %s tracked objects | objgraph | heapgraph | times as fast | answers |" %
      format(len(gc.get_objects()), ","))
print("|---|---|---|---|---|")
for name, task in tasks:
    # Of what is counted nothing is made while it is counted: answers are kept as text.
    took = {module: [0.0] * calls for module in (heapgraph, objgraph)}
    said = {module: str(task(module)) for module in took}
    gc.collect()
    for number in range(calls):
        for module in took:
            begin = time.process_time()
            said[module] = str(task(module))
            took[module][number] = (time.process_time() - begin) * 1e3
    took = {module: statistics.median(times) for module, times in took.items()}
    same = "the same" if said[heapgraph] == said[objgraph] else "%s, %s" % tuple(said.values())
    print("| %s | %.1f ms | %.1f ms | %.1f | %s |" %
          (name, took[objgraph], took[heapgraph], took[objgraph] / took[heapgraph], same))
'''


def main():
    parser = argparse.ArgumentParser(prog="./dev bench objgraph", description=__doc__.splitlines()[0])
    parser.add_argument("--objects", type=int, default=1000000)
    parser.add_argument("--calls", type=int, default=5)
    parser.add_argument("--python", help="a path; otherwise the 3.12 found, or the newest")
    options = parser.parse_args()
    chosen = choose(options.python)
    with tempfile.TemporaryDirectory() as folder:
        reason = python_module.build(chosen, Path(folder))
        if reason:
            sys.exit(f"bench: {reason}")
        print(f"CPython {chosen.version}, {os.cpu_count()} cores, median of {options.calls} calls\n",
              flush=True)
        done = subprocess.run([chosen.path, "-c", INSIDE, folder, str(objgraph_release.source()),
                               str(options.objects), str(options.calls)])
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
