"""What every target shares: it says ready, then answers commands from standard input.

While it waits it sits in os.read() with nothing of its own in motion, and it counts gc's objects
from the very frame that waits, so that the count still holds when somebody looks: heapgraph must
find exactly as many.
"""

import gc
import json
import os
import sys
import threading
import time


def serve(commands=None, still=True):
    """Answers lines on standard input, one line of JSON each, until it closes.

    Built in: `count` (objects that gc tracks, frozen ones included), `referents PATH N`. Others come
    from `commands`, a dict of functions without arguments. `still`: gc is off, so that no collection
    untracks tuples and dicts between the count and the look.
    """
    commands = commands or {}
    if still:
        gc.collect()
        gc.disable()
    answer = json.dumps("primed")
    os.write(1, b"ready\n")
    while True:
        line = os.read(0, 4096)
        if not line:
            return
        line = line.decode().split()
        if line[0] == "count":
            line = None
            answer = None
            # Called here and not in a function: a frame counts as an object up to 3.10.
            answer = b"%d\n" % (len(gc.get_objects()) + gc.get_freeze_count())
            os.write(1, answer)
            continue
        if line[0] == "referents":
            referents(line[1], 10)  # what a first call makes and keeps is there before the second
            answer = referents(line[1], int(line[2]))
        else:
            answer = commands[line[0]]()
        os.write(1, json.dumps(answer).encode() + b"\n")


def serve_from_a_thread(commands=None, still=True):
    """serve() beside the main thread, once that had time to reach the place where it waits."""
    def run():
        time.sleep(0.3)
        serve(commands, still)

    threading.Thread(target=run, daemon=True).start()


def referents(path, wanted):
    """Writes [id, type, [ids of gc.get_referents()]] of about `wanted` objects, evenly chosen.

    Left out: what this very function changes while it runs (frames, its module's dict, the lists of
    its own).
    """
    objects = gc.get_objects()
    here = sys._getframe()
    own = {id(objects), id(here), id(here.f_back), id(globals()), id(here.f_back.f_globals)}
    step = max(1, len(objects) // wanted)
    rows = []
    own.add(id(rows))
    for index in range(0, len(objects), step):
        found = objects[index]
        if id(found) in own or type(found).__name__ == "frame":
            continue
        if getattr(found, "__name__", None) == "_asyncio":
            continue  # 3.12: get_referents() would revive what lies in its freelist (runaway.py)
        rows.append((id(found), type(found).__name__, [id(one) for one in gc.get_referents(found)]))
    objects = found = None
    kept = []
    for row in rows:  # no comprehension: to 3.11 it would make cells of this frame's variables
        kept.append((row[0], row[1], row[2]))
    with open(path, "w") as file:
        json.dump(kept, file)
    return len(kept)
