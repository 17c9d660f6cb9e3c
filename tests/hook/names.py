"""A program whose every container, slot, closure, local and generator is known: are the references
between its objects called what they are?"""

import collections
import gc
import json
import sys
import threading

import walked
from walked import (ATTR, ATTR_DICT, CELL, CELL_CONTENTS, DICT_KEY, FRAME, INDEX, KEY, LOCAL, MEMBER,
                    SET_ITEM, EDGE_TYPE)

MINOR = sys.version_info[1]
wrong = []


class Plain:
    def __init__(self):
        self.first, self.second = ["1"], {"k": ["2"]}

    def method(self):
        return self


class Slotted:
    __slots__ = ("left", "right")


class Derived(Slotted):
    __slots__ = ("deeper",)


class Table(dict):
    pass


class Items(list):
    pass


class Number(int):
    pass


class Node:
    pass


def expect(here, source, target, *wanted):
    got = here.names(source, target)
    for one in wanted:
        if one not in got:
            wrong.append("%s -> %s: %r, not %r" % (type(source).__name__, type(target).__name__, got, one))


def closure(value, other):
    def inner():
        return value, other
    return inner


def generate(argument):
    held = ["in generator"]
    yield held, argument


async def work(argument):
    kept = ["in coroutine"]
    await Forever()
    return kept, argument


class Forever:
    def __await__(self):
        yield self


def fail():
    in_frame = ["of traceback"]
    raise ValueError("text", in_frame)


def attribute(here, instance, name, value):
    """An attribute lies inline in the instance, or in its dict: one of both must say its name."""
    if (ATTR, name) in here.names(instance, value):
        return
    i = here.index[id(instance)]
    dicts = [t for t, kind, _ in here.edges(i) if kind == ATTR_DICT]
    found = [here.label(kind, p) for d in dicts for t, kind, p in here.edges(d)
             if t == here.index[id(value)] and kind == KEY]
    if found != [name]:
        wrong.append("%s.%s: %r" % (type(instance).__name__, name, found))


def frame_of(here, function_name):
    """The pseudo or frame objects of running frames of a function."""
    rows = [row for row in here.frames if row[2] != walked.NONE]
    return [row for row in rows if here.string(here.text[row[1]]).split(".")[-1] == function_name]


def waiting(event, ready, in_thread):
    thread_local = ["of a thread"]
    ready.set()
    event.wait()
    return thread_local, in_thread


def main(library):
    here = walked.Walked(library)
    key, value = ("a", 1), ["value"]
    table = {"name": value, key: Plain()}
    plain, dictful, slotted = Plain(), Plain(), Derived()
    dictful.__dict__["late"] = late = ["late"]
    slotted.left, slotted.right, slotted.deeper = ["l"], ["r"], ["d"]
    sub, items, number, node = Table(x=["x"]), Items([["0"], ["1"]]), Number(7), Node()
    sub.extra, items.extra, number.extra = ["es"], ["ei"], ["en"]
    node.self = node
    pair, group, queue = (["p0"], ["p1"]), {("s",)}, collections.deque([["q0"], ["q1"]] * 70)
    function, cell_value, cell_other = None, ["cv"], ["co"]
    function = closure(cell_value, cell_other)
    generator, coroutine = generate(["ga"]), work(["ca"])
    generated = next(generator)
    coroutine.send(None)
    bound = plain.method
    try:
        fail()
    except ValueError as error:
        failure = error
    event, ready = threading.Event(), threading.Event()
    marked = ["marked"]
    thread = threading.Thread(target=waiting, args=(event, ready, marked))
    thread.start()
    ready.wait()
    gc.collect()
    here.read(here.walk())
    expect(here, table, value, (KEY, "name"))
    expect(here, table, key, (DICT_KEY, 0))
    attribute(here, plain, "first", plain.first)
    attribute(here, plain, "second", plain.second)
    attribute(here, dictful, "late", late)
    attribute(here, dictful, "first", dictful.first)
    attribute(here, node, "self", node)
    for name in ("left", "right", "deeper"):
        expect(here, slotted, getattr(slotted, name), (MEMBER, name))
    expect(here, sub, sub["x"], (KEY, "x"))
    expect(here, items, items[1], (INDEX, 1))
    for one, extra in ((sub, sub.extra), (items, items.extra), (number, number.extra)):
        attribute(here, one, "extra", extra)
    expect(here, pair, pair[1], (INDEX, 1))
    expect(here, group, next(iter(group)), (SET_ITEM, 0))
    expect(here, queue, queue[0], (INDEX, 0), (INDEX, 138))
    expect(here, function, function.__closure__, (MEMBER, "__closure__"))
    expect(here, function, function.__code__, (MEMBER, "__code__"))
    expect(here, function.__closure__, function.__closure__[0], (CELL, "other"))
    expect(here, function.__closure__, function.__closure__[1], (CELL, "value"))
    expect(here, function.__closure__[1], cell_value, (CELL_CONTENTS, 0))
    expect(here, bound, plain, (MEMBER, "__self__"))
    frames = {generator: getattr(generator, "gi_frame"), coroutine: getattr(coroutine, "cr_frame")}
    for owner, name, target in ((generator, "held", generated[0]), (generator, "argument", generated[1]),
                                (coroutine, "kept", frames[coroutine].f_locals["kept"])):
        expect(here, owner if MINOR >= 11 else frames[owner], target, (LOCAL, name))
    expect(here, failure, failure.__traceback__, (MEMBER, "__traceback__"))
    expect(here, failure, failure.args, (MEMBER, "args"))
    last = failure.__traceback__.tb_next
    expect(here, failure.__traceback__, last, (MEMBER, "tb_next"))
    expect(here, last, last.tb_frame, (MEMBER, "tb_frame"))
    expect(here, last.tb_frame, failure.args[1], (LOCAL, "in_frame"))
    expect(here, Derived, Slotted, (MEMBER, "__base__"))
    expect(here, Derived, Derived.__mro__, (MEMBER, "__mro__"))
    expect(here, sys.modules["walked"], vars(sys.modules["walked"]), (ATTR_DICT, 0))
    if MINOR >= 9:
        expect(here, slotted, Derived, (EDGE_TYPE, 0))
    for function_name, local, target in (("main", "table", table), ("waiting", "in_thread", marked)):
        rows = frame_of(here, function_name)
        named = [here.label(kind, payload) for row in rows for t, kind, payload in here.edges(row[0])
                 if t == here.index[id(target)] and kind == LOCAL]
        if len(rows) != 1 or local not in named:
            wrong.append("frame of %s: %d rows, %r" % (function_name, len(rows), named))
        elif MINOR >= 11 and not any(kind == FRAME for _, kind, _ in here.edges(rows[0][0])):
            wrong.append("frame of %s: no code, no caller" % function_name)
    suspended = {here.string(here.text[row[1]]) for row in here.frames if row[2] == walked.NONE}
    if not {"generate", "work"} <= suspended:
        wrong.append("suspended: %r" % suspended)
    if here.text_of(Plain) != "__main__.Plain" or not here.flag[here.index[id(plain)]] & walked.USER:
        wrong.append("class of Plain")
    event.set()
    thread.join()
    coroutine.close()
    print(json.dumps({"wrong": wrong}))


main(sys.argv[1])
