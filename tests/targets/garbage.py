"""Random garbage, to be told from what is alive: tests/test_garbage.py compares object for object.

garbage.py SEED [freeze]: small clusters of objects of many kinds that refer to each other at random;
some have finalizers; weak references with and without callbacks point at some; of some clusters an
object is kept. With an even SEED there are suspended generators, whose closing makes gc clear what
they held; with an odd one finalizers that revive their object, and what it reaches. With `freeze` half
of it all is in the permanent generation.

Commands: `collect` answers what gc.collect() would free, and what its finalizers revived; `thaw`
the same after gc.unfreeze().
"""

import functools
import gc
import random
import sys
import weakref

import common

gc.disable()
chance = random.Random(int(sys.argv[1]))
kept, revived, calls = [], [], []


class Plain:
    pass


class Slots:
    __slots__ = ("one", "two", "__weakref__")


class Finalized:
    def __del__(self):
        pass


class Reviving:
    def __del__(self):
        revived.append(self)


class Mapping(dict):
    pass


class Callable:
    def method(self):
        return self


def generator(value):
    held = [value]
    yield held
    yield value


def suspended():
    made = generator(None)
    next(made)
    return made


def function():
    cell = []
    return lambda: cell


MAKERS = [list, dict, set, Plain, Plain, Slots, Finalized, Mapping, Callable, list, dict, function]
if int(sys.argv[1]) % 2 == 0:
    MAKERS += [suspended]


def refer(source, target):
    """Makes one refer to the other, in a way that its kind has."""
    if isinstance(source, list):
        source.append(target)
    elif isinstance(source, Mapping) and chance.random() < 0.5:
        source.attribute = target
    elif isinstance(source, dict):
        source[len(source) if chance.random() < 0.5 else "key %d" % len(source)] = target
    elif isinstance(source, set):
        source.add(Wrapped(target))
    elif isinstance(source, Slots):
        setattr(source, chance.choice(("one", "two")), target)
    elif type(source).__name__ == "generator":
        if not source.gi_running and source.gi_frame is not None:
            source.gi_frame.f_locals["held"].append(target)
    elif type(source).__name__ == "function":
        source.__closure__[0].cell_contents.append(target)
    elif isinstance(source, Callable) and isinstance(target, Callable):
        source.bound = target.method
    else:
        setattr(source, "a%d" % chance.randrange(5), target)


class Wrapped:
    def __init__(self, inner):
        self.inner = (inner, functools.partial(calls.append, inner))


def make_cluster(others):
    objects = [chance.choice(MAKERS)() for _ in range(chance.randrange(2, 10))]
    if suspended not in MAKERS and chance.random() < 0.15:
        objects.append(Reviving())
    for _ in range(chance.randrange(1, 2 * len(objects))):
        refer(chance.choice(objects), chance.choice(objects))
    if others and chance.random() < 0.2:
        refer(chance.choice(objects), chance.choice(others))
    for one in objects:
        if chance.random() < 0.1 and isinstance(one, (Plain, Slots, Finalized, Callable, set)):
            callback = chance.choice((None, calls.append, lambda reference, at=one: None))
            reference = weakref.ref(one, callback)
            if chance.random() < 0.5:
                kept.append(reference)
            else:
                refer(chance.choice(objects), reference)
    if chance.random() < 0.3:
        kept.append(chance.choice(objects))
    others.extend(objects)


def make(clusters):
    objects = []
    for _ in range(clusters):
        make_cluster(objects)


def collect():
    """Addresses of what gc.collect() would free, but puts into gc.garbage instead; of what finalizers
    revived meanwhile; of all that gc still tracks then. Twice, because 3.8 frees nothing where one
    was revived."""
    alive, before = [], len(revived)
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    gc.collect()
    gc.set_debug(0)
    objects = gc.get_objects()  # itself not among them: nothing new takes the place of what is gone
    alive.extend(map(id, objects))
    objects = None
    answer = [[id(one) for one in gc.garbage], [id(one) for one in revived[before:]], alive]
    gc.garbage.clear()
    gc.collect()
    return answer


def thaw():
    gc.unfreeze()
    return collect()


if "freeze" in sys.argv:
    make(60)
    gc.freeze()
make(120)
common.serve({"collect": collect, "thaw": thaw}, still=False)
