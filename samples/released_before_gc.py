"""A library loaded and released as it should be, a moment before gc comes by: there is no leak.

The handle is closed exactly once and every name for the CDLL object is dropped. The object and the
function that was looked up in it refer to each other (ctypes caches the function in the object), so they
stay in memory until gc takes them. Nobody can reach them, and ctypes will not close the handle again.
"""

import ctypes

import library


def clamp(value):
    dll = ctypes.CDLL(library.path("filter"))
    try:
        return dll.filter_clamp(value, 0, 255)
    finally:
        library.dlclose(dll._handle)


clamp(300)
library.wait()
