"""A library opened once per request and never closed.

What is wrong: make_thumbnail() opens libthumbnail.so on every call. The CDLL object dies soon after,
but ctypes never calls dlclose(): the dynamic linker still counts every open, and the library can
never be unloaded.

The fix: open the library once, at module level, and use it from there.
"""

import ctypes
import gc

import library


def make_thumbnail(width, height):
    dll = ctypes.CDLL(library.path("thumbnail"))  # the line to move out of the function
    return dll.thumbnail_width(width, height, 128)


for request in range(10):
    make_thumbnail(1920 + request, 1080)
gc.collect()  # a looked-up function and its CDLL refer to each other: gc frees them, not the count
library.wait()
