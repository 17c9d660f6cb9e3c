"""Grows in known ways, a step for each command; tests/test_diff.py compares snapshots of it.

Each answers how often it was asked so far, so that a test reads as a count of steps.
"""

import socket

import common

STEP = 100


class Session:
    def __init__(self, number):
        self.number = number
        self.name = "session %d" % number
        self.data = [number, number + 0.5]


class Service:
    def __init__(self):
        self.sessions = {}
        self.log = []
        self.sockets = []


class Link:
    def __init__(self, before):
        self.before = before


class Item:
    """Larger than pymalloc takes: malloc gives its memory to the next one at once, and to no other."""

    __slots__ = ("number", *("unused_%d" % number for number in range(100)))

    def __init__(self, number):
        self.number = number


class Node:
    pass


service = Service()
steps = {}
newest = Link(None)
pool = [Item(1000)]
scratch = []


def step(name):
    steps[name] = steps.get(name, 0) + 1
    return steps[name]


def sessions():
    """A table that nobody takes entries out of."""
    for _ in range(STEP):
        number = 1000 + len(service.sessions)
        service.sessions["user %d" % number] = Session(number)
    return step("sessions")


def log():
    for _ in range(STEP):
        service.log.append("line %d" % len(service.log))
    return step("log")


def cycles():
    """Garbage that nobody collects: gc is off."""
    for _ in range(STEP):
        node = Node()
        node.me = node
    return step("cycles")


def links():
    """A list that grows at its head."""
    global newest
    for _ in range(STEP):
        newest = Link(newest)
    return step("links")


def sockets():
    for _ in range(3):
        service.sockets.append(socket.socket())
    return step("sockets")


def churn():
    """Made new each time, and as many as before."""
    scratch[:] = [Session(number) for number in range(1000, 1000 + STEP)]
    return step("churn")


def reuse():
    """Replaces the item by another at the very same address. Answers whether that was brought about."""
    address, number = id(pool[0]), pool[0].number + 1
    del pool[0]
    pool.append(Item(number))
    return id(pool[0]) == address


for each in (sessions, log, cycles, links, churn):
    each()
common.serve({one.__name__: one for one in (sessions, log, cycles, links, sockets, churn, reuse)})
