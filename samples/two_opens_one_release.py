"""One library opened twice and closed once.

What is wrong: check() and use() each open libfilter.so. use() closes its handle; check() only drops its
CDLL object, and ctypes never calls dlclose(). One open is left over, and the library stays mapped.

The fix: dlclose in check() too, or open the library once and hand it to both.
"""

import ctypes
import gc

import library


def check():
    return ctypes.CDLL(library.path("filter")).filter_clamp(300, 0, 255) == 255  # the line to mend


def use(value):
    dll = ctypes.CDLL(library.path("filter"))
    try:
        return dll.filter_clamp(value, 0, 255)
    finally:
        library.dlclose(dll._handle)


if check():
    use(300)
gc.collect()
library.wait()
