"""Cycles whose cheapest cut is known: tests/test_cuts.py asks for each. Garbage, and gc is off."""

import ctypes
import functools
import gc

import common


class Owner:
    """What the cycles keep, as a native handle's owner would be kept."""


class Ring:
    """One bound method of its own."""

    def __init__(self):
        self.owner = Owner()
        self.on_done = self.finish

    def finish(self):
        return self.owner


class Child:
    def __init__(self, parent):
        self.parent = parent


class Parent:
    """Many children that refer back: one line makes all those references."""

    def __init__(self):
        self.children = [Child(self) for _ in range(50)]


class Twice:
    """Two cycles through the same object, which two lines make."""

    def __init__(self):
        self.on_done = self.finish
        self.again = lambda: self

    def finish(self):
        pass


class Listener:
    """Its method is in a list of its own."""

    def __init__(self):
        self.handlers = []
        self.handlers.append(self.handle)

    def handle(self):
        pass


class Partial:
    """A weak reference to what the attribute alone holds would be no remedy."""

    def __init__(self):
        self.later = functools.partial(self.handle, 1)

    def handle(self, number):
        pass


class Called:
    """C has the address of the callback: held weakly, it would be gone when it is called."""

    def __init__(self):
        self.callback = ctypes.CFUNCTYPE(None)(self.handle)

    def handle(self):
        pass


class Suspended:
    def __init__(self):
        self.steps = self.run()
        next(self.steps)

    def run(self):
        while True:
            yield self


class Plain:
    """A dict that holds itself by way of a list: no attribute is on the cycle."""

    def __init__(self):
        entry = {}
        entry["all"] = [entry]


gc.collect()  # what imports leave behind: functools has a cycle of its own from 3.14 on
gc.disable()
for one in (Ring, Parent, Twice, Listener, Partial, Called, Suspended, Plain):
    one()
common.serve(still=False)
