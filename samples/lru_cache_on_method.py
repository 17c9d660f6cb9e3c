"""Objects that a cache of their own method keeps.

What is wrong: @functools.lru_cache stands on a method. One cache serves all objects of the class and
lives as long as the class; its keys hold `self`. So every Proc whose run() was ever called stays, with
the library it opened, long after the last name for it is gone.

The fix: let the object have the cache: `self.run = functools.lru_cache(maxsize=128)(self._run)` in
__init__(), or cache a function that takes what it needs and not `self`.
"""

import ctypes
import functools

import library


class Proc:
    def __init__(self):
        self.dll = ctypes.CDLL(library.path("filter"))

    @functools.lru_cache(maxsize=128)  # the line to change
    def run(self, value):
        return self.dll.filter_clamp(value, 0, 255)


for request in range(5):
    Proc().run(300)
library.wait()
