"""The cycle that ctypes itself makes of every library whose functions are called.

What is wrong: a CDLL object keeps each function that was looked up in it as an attribute, and the
function keeps the CDLL. So scale() leaves a cycle behind at each call, which goes only when gc runs; in a
service that turned gc off, never. (The library stays open in either case: ctypes never calls dlclose().)

The fix: open the library once, at module level.
"""

import ctypes
import gc

import library


def scale(width, height):
    dll = ctypes.CDLL(library.path("thumbnail"))  # the line to move out of the function
    return dll.thumbnail_width(width, height, 128)


gc.disable()
for request in range(4):
    scale(1920, 1080)
library.wait()
