"""A program whose every container is known: tests/test_names.py names each edge of it.

Each leaf is an instance of a class of its own, so that `type:__main__.NAME` selects it. No leaf is
reachable in two ways.
"""

import gc
import threading

import common


class InDict: pass
class InList: pass
class InTuple: pass
class InAttribute: pass
class InSlot: pass
class InClosure: pass
class InLocal: pass
class InGenerator: pass
class InCoroutine: pass
class InSet: pass
class InClass: pass
class InDefault: pass
class InInteger: pass
class InDeep: pass
class InCycle: pass
class InFrozen: pass
class InManyAttributes: pass
class InSubclassedDict: pass
class InMethod: pass
class InException: pass
class InGarbage: pass


class Holder:
    pass


class Slots:
    __slots__ = ("first", "second")


class MyDict(dict):
    pass


class WithMethod:
    def __init__(self):
        self.payload = InMethod()

    def method(self):
        return self.payload


class Class:
    constant = InClass()


cache = {"a": InDict(), 7: InInteger()}
numbers = [0, 1, InList()]
pair = (0, InTuple())
holder = Holder()
holder.value = InAttribute()
slots = Slots()
slots.first = 1
slots.second = InSlot()
collection = {InSet()}
subclassed = MyDict(key=InSubclassedDict())
deep = {"x": [{"y": (0, InDeep())}]}

many = Holder()
for number in range(40):  # more attributes than inline values hold: a dict of its own
    setattr(many, "a%d" % number, number)
many.last = InManyAttributes()
bound = WithMethod().method


def make_closure():
    captured = InClosure()

    def wrapped():
        return captured
    return wrapped


closure = make_closure()


def with_default(argument=InDefault()):
    return argument


def generate():
    suspended = InGenerator()
    yield 1
    return suspended


async def coroutine():
    awaited = InCoroutine()
    await Forever()
    return awaited


class Forever:
    def __await__(self):
        yield


generator = generate()
next(generator)
running_coroutine = coroutine()
running_coroutine.send(None)


def fail():
    unlucky = InException()
    raise ValueError(unlucky is None)


try:
    fail()
except ValueError as error:
    last_error = error


class Ring:
    def __init__(self, payload):
        self.me = self
        self.payload = payload


ring = Ring(InCycle())
garbage = Ring(InGarbage())


def wait_in_a_function():
    mine = InLocal()
    thread_is_ready.set()
    forever.wait()
    return mine


thread_is_ready, forever = threading.Event(), threading.Event()
threading.Thread(target=wait_in_a_function, daemon=True).start()
thread_is_ready.wait()
gc.collect()
gc.disable()
del garbage
common.serve(still=False)
