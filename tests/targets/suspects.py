"""Memory that grows in known ways: tests/test_suspects.py asks which objects it hangs from.

suspects.py KIND: one of many, shared, chain, one, none.
"""

import collections
import sys

import common


class Entry:
    def __init__(self, number):
        self.key = "entry %d" % number
        self.body = b"%200d" % number


class Link:
    __slots__ = ("older", "body")

    def __init__(self, older, number):
        self.older = older
        self.body = b"%200d" % number


class Service:
    """What grows is two objects below what a module names."""

    def __init__(self):
        self.recent = collections.deque()
        self.by_number = {}
        self.by_key = {}
        self.last = None
        self.blob = None


service = Service()
kind = next(word for word in ("many", "shared", "chain", "one", "none") if word in sys.argv)
for number in range(20000 if kind != "none" else 0):
    if kind == "many":
        service.recent.append(Entry(number))
    elif kind == "shared":
        service.by_number[number] = service.by_key["key %d" % number] = Entry(number)
    elif kind == "chain":
        service.last = Link(service.last, number)
if kind == "one":
    service.blob = b"z" * 20000000
common.serve()
