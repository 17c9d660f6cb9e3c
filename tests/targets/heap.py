"""heap.py N: about N container objects of the kinds that programs are made of.

Commands: `time` answers how many milliseconds gc.get_objects() takes in this process.
"""

import gc
import sys
import time

import common


class Record:
    def __init__(self, number):
        self.number = number
        self.name = "record %d" % number
        self.tags = [number, number + 1]


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left):
        self.left = left
        self.right = None


def closure_over(number):
    kept = [number]
    return lambda: kept


def group(number):
    """Twenty containers or so, some of them in a cycle."""
    row = {"id": number, "name": "row %d" % number, "tags": ["a", "b", number], "at": (number, [number])}
    record = Record(number)
    record.row = row
    slotted = Slotted(record)
    slotted.right = Slotted(slotted)
    ring = [slotted]
    ring.append(ring)
    return [row, record, ring, {number, "x"}, (row, [record]), closure_over(number),
            {"nested": {"deeper": [{}]}}]


def milliseconds():
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        gc.get_objects()
        times.append((time.perf_counter() - begin) * 1e3)
    return sorted(times)[1]


gc.disable()
per_group = -len(gc.get_objects())
groups = [group(0)]
per_group += len(gc.get_objects())
groups += [group(number) for number in range(1, int(sys.argv[1]) // per_group)]
common.serve({"time": milliseconds})
