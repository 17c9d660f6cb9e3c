"""heap.py N: about N container objects of the kinds that programs are made of.
heap.py N wide: N lists of 40 references each instead, for measuring what a reference costs.

Commands: `time` answers how many milliseconds gc.get_objects() takes in this process; `grow` adds a
twentieth to what is there.
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


def wide(count):
    lists = [[] for _ in range(count)]
    for at, one in enumerate(lists):
        one.extend(lists[max(0, at - 20):at + 20])
    return lists


def records(count):
    per_group = -len(gc.get_objects())
    groups = [group(0)]
    per_group += len(gc.get_objects())
    return groups + [group(number) for number in range(1, count // per_group)]


def grow():
    more = len(kept) // 20
    kept.extend(group(len(kept) + number) for number in range(more))
    return more


if __name__ == "__main__":
    gc.disable()
    build = wide if "wide" in sys.argv else records
    kept = build(int(sys.argv[1]))
    common.serve({"time": milliseconds, "grow": grow})
