"""A closure that wraps a function of a library, and outlives it.

What is wrong: make_clamp() opens libfilter.so for as long as it runs, and returns a closure around a
function of it. When the closure is called, the library is gone and the function's address is a hole.

The fix: let the closure own the library: keep it open, and close it when the closure goes
(`weakref.finalize(clamp, library.dlclose, dll._handle)`).
"""

import ctypes

import library


def make_clamp(low, high):
    dll = ctypes.CDLL(library.path("filter"))
    try:
        native = dll.filter_clamp

        def clamp(value):
            return native(value, low, high)

        clamp(300)
        return clamp
    finally:
        library.dlclose(dll._handle)  # the line to take out


to_byte = make_clamp(0, 255)
library.wait()
