"""Compares the hook's walk of this interpreter with gc.get_objects() and gc.get_referents()."""

import collections
import gc
import json
import os
import sys
import time

import walked
from walked import DICT_KEY, TRACKED, FROZEN


def populate():
    class Plain:
        def __init__(self, n):
            self.number, self.peers, self.me = n, [n], self

    class Slotted:
        __slots__ = ("left", "right")

    class Table(dict):
        pass

    class Items(list):
        def __init__(self):
            super().__init__([[1], [2], [3]])
            self.extra = {"a": []}

    def closure(value):
        return lambda: value

    def generate(value):
        held = [value]
        yield held

    kept = []
    for n in range(300):
        table, slotted, generator = Table(a=[n], b=[]), Slotted(), generate([n])
        slotted.left = [table]
        next(generator)
        late = Plain(n)
        if n % 3 == 0:
            late.__dict__["by_dict"] = []
        if n % 5 == 0:
            late.number_2 = (n, [n])
        kept.append([Plain(n), late, slotted, table, Items(), closure([n]), generator,
                     collections.OrderedDict(x=[n]), collections.deque([[n]] * 70), {n, (n, "s")},
                     collections.defaultdict(list, {(n, 2): [3]}), frozenset([(n,)]), {1: [2], "s": 3},
                     os.stat("/"), time.localtime(), sys.version_info])
    return kept


def main(library):
    kept = populate()
    gc.collect()
    gc.disable()
    gc.freeze()
    more = populate()
    here = walked.Walked(library)
    gc.collect()
    objects = gc.get_objects()
    frozen_count = gc.get_freeze_count()
    before = {id(o) for o in objects}
    control = here.walk()
    after = {id(o) for o in gc.get_objects()}
    here.read(control)
    wrong = []
    tracked = {here.addr[i] for i in range(len(here.addr)) if here.flag[i] & TRACKED}
    frozen = {here.addr[i] for i in range(len(here.addr)) if here.flag[i] & FROZEN}
    if (before & after) - tracked:
        wrong.append("%d tracked objects missed" % len((before & after) - tracked))
    if len(tracked - frozen - (before | after)) > 20:
        wrong.append("%d objects too many" % len(tracked - frozen - (before | after)))
    if len(frozen) != frozen_count or here.control.frozen != frozen_count:
        wrong.append("frozen: %d, %d" % (len(frozen), frozen_count))
    if here.control.broken_list or here.control.bad:
        wrong.append("broken %d bad %d" % (here.control.broken_list, here.control.bad))
    moving = {id(objects), id(before), id(globals()), id(locals()), id(sys._getframe()), id(after)}
    unnamed, sizes = collections.Counter(), collections.Counter()
    counted = own_size = 0
    for o in objects:
        i = here.index[id(o)]
        if id(o) in moving or type(o).__name__ in ("Walked", "frame") or o is vars(here):
            continue
        edges = here.edges(i)
        seen = collections.Counter(here.addr[t] for t, kind, _ in edges if kind != DICT_KEY)
        keys = collections.Counter(here.addr[t] for t, kind, _ in edges if kind == DICT_KEY)
        truth = collections.Counter(map(id, gc.get_referents(o)))
        if seen != truth and (seen - truth or (truth - seen) != keys):
            wrong.append("%s %r: %d seen, %d true" % (type(o).__name__, repr(o)[:60],
                                                    sum(seen.values()), sum(truth.values())))
        for t, kind, _ in edges:
            if kind == 0:
                unnamed[type(o).__name__ + " -> " + here.string(here.text[here.type[t]])] += 1
        try:
            size = sys.getsizeof(o)
        except TypeError:
            continue
        counted += 1
        own_size += size == here.size[i]
        if size != here.size[i]:
            sizes["%s %d %d" % (type(o).__name__, size, here.size[i])] += 1
    print(json.dumps({"wrong": wrong[:20], "objects": len(here.addr),
                      "compared": len(objects), "unnamed": unnamed.most_common(25),
                      "sizes": sizes.most_common(12), "references": here.control.references,
                      "same_size": own_size / counted}, indent=1))


main(sys.argv[1])
