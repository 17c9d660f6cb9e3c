"""Plug-ins that enter themselves into a list of their class.

What is wrong: Plugin.__init__() appends every object to `Plugin.loaded`, a list that belongs to the
class and so lives as long as the program. Nothing takes an object out again: unload() forgets only the
name by which the service knew it.

The fix: make the registry a weakref.WeakSet(), or take the object out of it in unload().
"""

import ctypes

import library


class Plugin:
    loaded = []  # the line to change

    def __init__(self, name):
        self.name = name
        self.dll = ctypes.CDLL(library.path(name))
        Plugin.loaded.append(self)


in_service = {name: Plugin(name) for name in ("filter", "codec")}


def unload(name):
    del in_service[name]


unload("filter")
unload("codec")
library.wait()
