"""Structures whose going tracemalloc measures: tests/test_retained.py compares with retained sizes.

Commands: one for each name of `structures` drops that structure and answers how many bytes were freed.
"""

import collections
import gc
import tracemalloc

import common

tracemalloc.start()


class Plain:
    def __init__(self, number):
        self.number = 10 ** 6 + number
        self.name = "plain %d" % number
        self.tags = [self.name + "!"]


class Slots:
    __slots__ = ("left", "right")

    def __init__(self, number):
        self.left = float(number) + 0.5
        self.right = b"bytes %d" % number


class Structures:
    pass


structures = Structures()
structures.dicts = {"key %d" % n: {"number": 10 ** 9 + n, n: (n, "value %d" % n)} for n in range(2000)}
structures.lists = [[[n + 0.25], [str(n) * 3]] for n in range(10 ** 3, 4000)]
structures.plain = [Plain(n) for n in range(2000)]
structures.slots = {n: Slots(n) for n in range(2000)}
structures.sets = [{"item %d" % n, n + 10 ** 8, frozenset(("frozen %d" % n,))} for n in range(2000)]
structures.deques = [collections.deque(["d%d %d" % (n, i) for i in range(n % 100)]) for n in range(300)]
structures.texts = ["\u20ac %d" % n for n in range(3000)] + [bytearray(n) for n in range(1000)]
structures.closures = [lambda at=n, text="at %d" % n: (at, text) for n in range(2000)]


def fill_free_lists():
    """What is freed next is freed, and not kept for the next object of its kind."""
    kinds = [[[n] for n in range(3000)], [{n: n} for n in range(3000)], [n + 0.5 for n in range(3000)],
             [(n,) * size for size in range(1, 21) for n in range(2100)], [{n} for n in range(300)],
             [collections.deque([n]) for n in range(300)]]
    kinds.append([(one.append for one in ()) for _ in range(300)])
    del kinds


def drop(name):
    fill_free_lists()
    before = tracemalloc.get_traced_memory()[0]
    delattr(structures, name)
    return before - tracemalloc.get_traced_memory()[0]


gc.disable()
common.serve({name: lambda name=name: drop(name) for name in vars(structures)})
